"""What the PostgreSQL engine promises beyond the common part."""

# leaving `async with transaction()` by an error is the very thing under test

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import pytest
from piccolo.engine.postgres import PostgresEngine

from gateway.domain.errors import StorageUnavailable
from gateway.storage.engine import SafePostgresEngine
from gateway.storage.errors import COMMIT_UNKNOWN
from tests.integration.storage import tables
from tests.integration.storage.tables import Note, eventually, hit, hits, texts
from tests.postgres import PostgresServer, running_server


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[SafePostgresEngine]:
    engine = SafePostgresEngine(postgres_url, max_size=3, acquire_timeout=0.2)
    await engine.open()
    await tables.create(engine)
    yield engine
    await engine.close()


async def test_it_connects_by_tcp_and_by_unix_socket(postgres_server: PostgresServer) -> None:
    for url in (postgres_server.url(), postgres_server.tcp_url(), postgres_server.tcp_url().replace("ql", "", 1)):
        engine = SafePostgresEngine(url)
        await engine.open()
        await engine.ping()
        await engine.close()


async def test_the_parameters_of_an_older_deployment_s_url_are_understood(engine: SafePostgresEngine) -> None:
    await engine.run_ddl("CREATE SCHEMA old")
    url = f"{engine.config['dsn']}&schema=old&connection_limit=5&pgbouncer=true"
    other = SafePostgresEngine(url)
    await other.open()
    (row,) = await other.run_ddl("SELECT current_schema() AS here")
    assert row["here"] == "old"
    await other.close()


async def test_an_exhausted_pool_is_unavailable_within_its_timeout(engine: SafePostgresEngine) -> None:
    release = asyncio.Event()
    inside = asyncio.Semaphore(0)

    async def hold() -> None:
        async with engine.transaction():
            inside.release()
            await release.wait()

    holders = [asyncio.create_task(hold()) for _ in range(3)]
    for _ in holders:
        await inside.acquire()
    async with asyncio.timeout(10):  # far above the engine's own 0.2 s; stock Piccolo waits without limit
        with pytest.raises(StorageUnavailable, match="busy"):
            await texts()
        with pytest.raises(StorageUnavailable, match="busy"):
            await hit(engine)
        with pytest.raises(StorageUnavailable, match="busy"):
            async with await Note.select().batch():
                pass
        with pytest.raises(StorageUnavailable, match="busy"):
            await engine.ping()
    release.set()
    await asyncio.gather(*holders)
    await engine.ping()


@pytest.mark.parametrize("kind", ["stock", "safe"])
async def test_a_cancelled_begin_costs_the_stock_pool_a_connection_and_ours_none(postgres_url: str, kind: str) -> None:
    engine: PostgresEngine = (
        PostgresEngine({"dsn": postgres_url})
        if kind == "stock"
        else SafePostgresEngine(postgres_url, min_size=3, max_size=3)
    )
    await engine.start_connection_pool(min_size=3, max_size=3)  # ours has its sizes already
    pool = engine.pool
    assert pool is not None

    async def begin() -> None:
        async with engine.transaction():
            pass

    for free in (3, 2) if kind == "stock" else (3, 3):
        task = asyncio.create_task(begin())
        while pool.get_idle_size() == free:  # noqa: ASYNC110  # until it has its connection and waits for BEGIN
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert pool.get_idle_size() == (1 if kind == "stock" else 3)
    pool.terminate()


async def test_a_read_only_server_is_unavailable_for_writes(engine: SafePostgresEngine) -> None:
    (row,) = await engine.run_ddl("SELECT current_database() AS name")
    await engine.run_ddl(f"ALTER DATABASE {row['name']} SET default_transaction_read_only = on")
    await engine.close()
    await engine.open()
    assert await texts() == []
    with pytest.raises(StorageUnavailable, match="no writes"):
        await Note(text="x").save()
    with pytest.raises(StorageUnavailable, match="no writes"):
        await engine.ping()
    async with engine.transaction() as transaction:
        await transaction.fetch("SET TRANSACTION READ WRITE")
        await transaction.fetch(f"ALTER DATABASE {row['name']} RESET default_transaction_read_only")
    await eventually(_works(engine))
    await Note(text="x").save()


async def test_wrong_credentials_or_database_are_a_sentence_about_the_url(postgres_server: PostgresServer) -> None:
    for url in (postgres_server.url("no_such_database"), postgres_server.tcp_url().replace("postgres@", "nobody@")):
        engine = SafePostgresEngine(url)
        with pytest.raises(StorageUnavailable, match="DATABASE_URL"):
            await engine.open()
        await engine.close()


async def test_a_connection_cut_during_a_commit_leaves_its_outcome_unknown(engine: SafePostgresEngine) -> None:
    # A deferred constraint trigger runs inside COMMIT; this one cuts the connection that is committing.
    await engine.run_ddl(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$"
    )
    await engine.run_ddl(
        "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON test_note DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION cut()"
    )
    with pytest.raises(StorageUnavailable) as refusal:
        async with engine.transaction():
            await Note(text="x").save()
    assert refusal.value.code == COMMIT_UNKNOWN
    await engine.ping()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_was_away_is_used_again_and_no_acknowledged_write_is_lost(
    mode: Literal["fast", "immediate"],
) -> None:
    with running_server() as server:
        engine = SafePostgresEngine(server.url(), max_size=4)
        await engine.open()
        await tables.create(engine)
        acknowledged: list[str] = []
        refusals: list[StorageUnavailable] = []
        stop = asyncio.Event()

        async def write(lane: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    async with engine.transaction():
                        await Note(text=f"{lane} {number}").save()
                except StorageUnavailable as refusal:  # anything else ends the lane and fails the test
                    refusals.append(refusal)
                    await asyncio.sleep(0.005)
                else:
                    acknowledged.append(f"{lane} {number}")

        lanes = [asyncio.create_task(write(lane), context=contextvars.Context()) for lane in range(4)]
        await eventually(_more_than(acknowledged, 100))
        await asyncio.to_thread(server.stop, mode)
        await eventually(_more_than(refusals, 20))
        with pytest.raises(StorageUnavailable):
            await engine.ping()
        before = len(acknowledged)
        await asyncio.to_thread(server.start)
        await eventually(_more_than(acknowledged, before + 100))
        stop.set()
        await asyncio.gather(*lanes)

        assert set(acknowledged) <= set(await texts())
        assert await hits() == 0
        await engine.close()


def _works(engine: SafePostgresEngine) -> Callable[[], Awaitable[bool]]:
    async def works() -> bool:
        try:
            await engine.ping()
        except StorageUnavailable:
            return False
        return True

    return works


def _more_than(items: list[str] | list[StorageUnavailable], count: int) -> Callable[[], Awaitable[bool]]:
    async def more() -> bool:
        return len(items) > count

    return more
