"""What the SQLite engine promises beyond the common part."""

# ruff: noqa: PT012  # leaving `async with transaction()` by an error is the very thing under test

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.engine.sqlite import SQLiteEngine

from gateway.domain.errors import StorageFull, StorageUnavailable
from gateway.storage.engine import SafeSqliteEngine
from tests.integration.storage import tables
from tests.integration.storage.tables import Counter, Note, hit, hits, texts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "gateway.db"


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[SafeSqliteEngine]:
    engine = SafeSqliteEngine(path)
    await engine.open()
    await tables.create(engine)
    yield engine
    await engine.close()


async def test_the_file_and_its_journals_are_private(engine: SafeSqliteEngine, path: Path) -> None:
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"gateway.db": 0o600, "gateway.db-wal": 0o600, "gateway.db-shm": 0o600}


async def test_a_commit_survives_a_power_cut_and_foreign_keys_hold(engine: SafeSqliteEngine) -> None:
    async with engine.transaction() as transaction:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "temp_store": 2}.items():
            assert list(await transaction.fetch(f"PRAGMA {pragma}")) == [{pragma: value}]


async def test_a_thousand_writers_at_once_all_get_through(engine: SafeSqliteEngine) -> None:
    await asyncio.gather(*(hit(engine) for _ in range(1000)))
    assert await hits() == 1000


async def test_control_the_stock_engine_refuses_writers_that_read_first(engine: SafeSqliteEngine, path: Path) -> None:
    stock = SQLiteEngine(str(path))

    async def stock_hit() -> None:
        async with stock.transaction():
            value = (await Counter.select(Counter.value))[0]["value"]
            await Counter.update({Counter.value: value + 1}, force=True)

    Counter._meta._db = stock
    outcomes = await asyncio.gather(*(stock_hit() for _ in range(50)), return_exceptions=True)
    locked = [outcome for outcome in outcomes if isinstance(outcome, sqlite3.OperationalError)]
    assert len(locked) > 10


async def test_reading_does_not_wait_for_a_writer(engine: SafeSqliteEngine) -> None:
    async with engine.transaction():
        await Note(text="unseen").save()
        seen = await asyncio.create_task(tables.texts(), context=_alone())
        assert seen == []


async def test_a_writer_that_waits_too_long_is_told(path: Path) -> None:
    engine = SafeSqliteEngine(path, acquire_timeout=0.05)
    await tables.create(engine)
    async with engine.transaction():
        with pytest.raises(StorageUnavailable, match="busy"):
            await asyncio.create_task(Note(text="x").save().run(), context=_alone())
    await Note(text="y").save()
    await engine.close()


async def test_another_program_s_lock_is_unavailable_and_passes(path: Path) -> None:
    engine = SafeSqliteEngine(path, busy_timeout=0.05)
    await tables.create(engine)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable):
        await Note(text="x").save()
    with pytest.raises(StorageUnavailable):
        await hit(engine)
    other.execute("ROLLBACK")
    other.close()
    await hit(engine)
    assert await hits() == 1
    await engine.close()


async def test_a_full_disk_refuses_writes_whole_lets_reads_go_on_and_heals(engine: SafeSqliteEngine) -> None:
    await Note(text="before").save()
    (row,) = await engine.run_ddl("PRAGMA page_count")
    await engine.run_ddl(f"PRAGMA max_page_count={row['page_count'] + 4}")
    stored = 0
    with pytest.raises(StorageFull) as refusal:
        for number in range(1000):
            async with engine.transaction():
                await Note(text=f"{number:03} a {'x' * 100}").save()
                await Note(text=f"{number:03} b {'x' * 100}").save()
            stored += 1
    assert "disk" in refusal.value.sentence
    assert stored > 0, "validity: there was room at first"
    assert len(await texts()) == 1 + 2 * stored
    await engine.run_ddl("PRAGMA max_page_count=1000000")
    await Note(text="after").save()
    assert await engine.run_ddl("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


async def test_going_on_after_the_disk_filled_up_writes_nothing_outside_the_transaction(
    engine: SafeSqliteEngine,
) -> None:
    (row,) = await engine.run_ddl("PRAGMA page_count")
    await engine.run_ddl(f"PRAGMA max_page_count={row['page_count']}")
    with pytest.raises(RuntimeError, match="failed before"):
        async with engine.transaction():
            with pytest.raises(StorageFull):
                await engine.run_many("INSERT INTO test_note (text) VALUES ({})", [("x" * 9000,), ("y" * 9000,)])
            await Note(text="small").save()
    assert await texts() == []


async def test_a_raw_begin_cannot_take_the_writer_hostage(engine: SafeSqliteEngine) -> None:
    with pytest.raises(RuntimeError, match="raw BEGIN"):
        await engine.run_ddl("BEGIN IMMEDIATE")
    await hit(engine)


async def test_a_reader_cannot_write(engine: SafeSqliteEngine) -> None:
    async with engine._reader() as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.run(lambda raw: raw.execute("DELETE FROM test_note"))


async def test_a_cancelled_read_gives_its_reader_back_at_once(path: Path) -> None:
    engine = SafeSqliteEngine(path, readers=1)
    await tables.create(engine)
    endless = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)"
    task = asyncio.create_task(engine.run_ddl(endless))
    while not engine._idle.empty():  # noqa: ASYNC110  # until the read has the only reader
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20):
        assert await texts() == []
    await engine.close()


@pytest.fixture
def not_a_database(path: Path) -> Path:
    path.parent.mkdir()
    path.write_bytes(b"not a database, " * 100)
    return path


async def test_a_file_that_is_no_database_is_a_sentence(not_a_database: Path) -> None:
    engine = SafeSqliteEngine(not_a_database)
    with pytest.raises(StorageUnavailable, match="damaged"):
        await engine.open()
    await engine.close()


def _alone() -> contextvars.Context:
    return contextvars.Context()
