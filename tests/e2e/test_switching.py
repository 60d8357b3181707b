"""`POST /api/db/switch`: on to the other database, under traffic; when something fails, nothing has changed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import httpx
import pytest

from gateway.database_choice import FILE
from gateway.storage.process_lock import ADVISORY_KEY
from tests.e2e.killing import busy_street
from tests.e2e.shop import Shop, Until, answer, nothing_owed, open_shop
from tests.postgres import PostgresServer, fresh_database
from tests.process import GatewayProcess, gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OTHER = {"sqlite": "postgres", "postgres": "sqlite"}


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    async with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An endpoint that remembers every request of the whole run."""
    async with Receiver(keep=1_000_000) as simulator:
        yield simulator


async def switch(shop: Shop, provider: str) -> dict[str, Any]:
    done: dict[str, Any] = await answer(shop.api.post("/api/db/switch", json={"provider": provider}))
    return done


async def in_use(shop: Shop) -> str:
    """Which database is in use, by both routes that say so."""
    provider: str = (await answer(shop.api.get("/api/db/status")))["provider"]
    assert (await answer(shop.api.get("/health")))["dbProvider"] == provider
    return provider


async def is_answered(shop: Shop, text: str, until: Until) -> None:
    """Somebody writes and the endpoint hears it once; somebody is written to and reads it."""
    shop.writes(text)
    await until(lambda: text in shop.heard())
    await answer(shop.send(f"{text}, too"))
    assert shop.said[-1] == f"{text}, too"


async def stored(shop: Shop) -> list[str]:
    """Every kept text of Ann's chat, sorted; repeats show."""
    found: list[str] = []
    while page := await shop.messages(skip=len(found)):
        found += [each["content"] for each in page]
    return sorted(found)


async def test_both_ways_under_traffic_nothing_is_lost_or_doubled_and_no_session_ends(
    tmp_path: Path,
    sqlite_url: str,
    postgres_url: str,
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
) -> None:
    env = {"DATABASE_URL": postgres_url, "DATABASE_PROVIDER": "sqlite", "TELEGRAM_API_BASE": telegram.base_url}
    async with (
        gateway_process(tmp_path, sqlite_url, **env) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
        busy_street(gateway, shop, until) as street,
    ):
        for provider in ("postgres", "sqlite", "postgres"):
            read, sent = street.read, len(street.answered)
            await until(lambda read=read: street.read >= read + 40)  # type: ignore[misc]  # bound where it is made
            await until(lambda sent=sent: len(street.answered) >= sent + 10)  # type: ignore[misc]  # the same
            done = await switch(shop, provider)
            assert done == {
                "success": True,
                "message": f"Database provider switched to {provider}",
                "provider": provider,
            }
            assert await in_use(shop) == provider
        read = street.read
        await until(lambda: street.read >= read + 40)
        verdict = await street.evening()
        assert street.unexpected == []
        # Traffic did meet the switches, or this proves little.
        assert verdict.read >= 160
        assert verdict.answered >= 30
        assert verdict.lost == set()
        assert verdict.told_as_two == set()
        assert verdict.without_a_kill == 0
        texts = await stored(shop)
        assert len(texts) == len(set(texts))
        # A program that went home before its answer came may have sent one more.
        unheard = set(texts) - {*street.written, *street.answered}
        assert len(unheard) <= 2
        assert len(texts) == len(street.written) + len(street.answered) + len(unheard)
        assert shop.deliveries("connection_closed") == []
        assert len(shop.deliveries("connection_opened")) == 1
        assert (await switch(shop, "postgresql"))["message"] == "Database provider is already set to postgres"

        # The choice outlives a restart, whatever DATABASE_PROVIDER says, and commands follow it.
        await gateway.stop()
        await gateway.start()
        await until(lambda: shop.is_in("connected"))
        assert await in_use(shop) == "postgres"
        assert await stored(shop) == texts
        status, out = await gateway.command("db", "backup", "x.backup", GATEWAY_EXPORT_PASSPHRASE="w" * 20)
        assert status == 0, out
        assert f"messages  {len(texts)}" in " ".join(out.split()).replace("messages ", "messages  ")


# ---------------------------------------------------------------- a failure at each step


@dataclass(frozen=True)
class Place:
    """The two databases and the folder where the choice is kept."""

    sqlite: Path
    postgres: str
    data: Path

    async def run(self, provider: str, script: str) -> None:
        """SQL on the database that is not in use."""
        if provider == "sqlite":
            with closing(sqlite3.connect(self.sqlite, timeout=30)) as raw:
                raw.create_function("gateway_lower", 1, str.lower)
                raw.executescript(script)
        else:
            connection = await asyncpg.connect(self.postgres)
            try:
                await connection.execute(script)
            finally:
                await connection.close()


Fault = Callable[[Place, str], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def nobody_listens(place: Place, provider: str) -> AsyncIterator[None]:
    """The database does not open: the file is none, or the database takes no connections."""
    if provider == "sqlite":
        aside = place.sqlite.with_name("aside.db")
        place.sqlite.rename(aside)
        place.sqlite.write_bytes(b"this is no database" * 500)
        try:
            yield
        finally:
            for left in place.sqlite.parent.glob(place.sqlite.name + "-*"):
                left.unlink()
            aside.rename(place.sqlite)
    else:
        name = place.postgres.partition("?")[0].rpartition("/")[2]
        admin = place.postgres.replace(f"/{name}", "/postgres")
        elsewhere = Place(place.sqlite, admin, place.data)
        await elsewhere.run(provider, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            yield
        finally:
            await elsewhere.run(provider, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@asynccontextmanager
async def another_gateway(place: Place, provider: str) -> AsyncIterator[None]:
    """Somebody holds the process lock of the database."""
    if provider == "sqlite":
        path = place.sqlite.with_name(place.sqlite.name + ".lock")
        program = f"import fcntl,sys;f=open({str(path)!r},'a');fcntl.flock(f,2);print(1,flush=True);sys.stdin.read()"
        holder = await asyncio.create_subprocess_exec(
            "python3", "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert holder.stdout is not None
        await holder.stdout.readline()
        try:
            yield
        finally:
            await holder.communicate(b"")
    else:
        connection = await asyncpg.connect(place.postgres)
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_KEY)
        try:
            yield
        finally:
            await connection.close()


def sql(do: str, undo: str) -> Callable[[str], Fault]:
    """A fault made by SQL in the other database."""

    def of(provider: str) -> Fault:
        @asynccontextmanager
        async def fault(place: Place, there: str) -> AsyncIterator[None]:
            assert there == provider
            await place.run(there, do)
            try:
                yield
            finally:
                await place.run(there, undo)

        return fault

    return of


FOREIGN_ROW = sql(
    "INSERT INTO tenants (id, name, created_at) SELECT 'somebody', 'else', created_at FROM tenants LIMIT 1",
    "DELETE FROM tenants WHERE id = 'somebody'",
)
"""It holds something that is not ours."""
UNFINISHED = sql(
    "ALTER TABLE migration RENAME TO elsewhere", "DROP TABLE migration; ALTER TABLE elsewhere RENAME TO migration"
)
"""Its tables are there, and nothing says which migrations made them: these run again, and fail."""

_PG_TRIGGER = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {deed} END $$;
CREATE {kind} TRIGGER spoil {when} INSERT ON messages {how} FOR EACH ROW EXECUTE FUNCTION spoil();
"""
_PG_UNDO = "DROP TRIGGER spoil ON messages; DROP FUNCTION spoil"
_REFUSED = "RAISE EXCEPTION 'not this one' USING ERRCODE = '23514';"
BY_SQL: dict[str, dict[str, Fault]] = {
    "postgres": {
        "target_not_empty": FOREIGN_ROW("postgres"),
        "migration_failed": UNFINISHED("postgres"),
        "row_refused": sql(_PG_TRIGGER.format(deed=_REFUSED, kind="", when="BEFORE", how=""), _PG_UNDO)("postgres"),
        "copy_mismatch": sql(
            _PG_TRIGGER.format(deed="NEW.text := 'forged'; RETURN NEW;", kind="", when="BEFORE", how=""), _PG_UNDO
        )("postgres"),
        "in_use": sql(  # the commit itself fails
            _PG_TRIGGER.format(
                deed="RAISE EXCEPTION 'too late' USING ERRCODE = '23503';",
                kind="CONSTRAINT",
                when="AFTER",
                how="DEFERRABLE INITIALLY DEFERRED",
            ),
            _PG_UNDO,
        )("postgres"),
    },
    "sqlite": {
        "target_not_empty": FOREIGN_ROW("sqlite"),
        "migration_failed": UNFINISHED("sqlite"),
        "row_refused": sql(
            "CREATE TRIGGER spoil BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'not this one'); END",
            "DROP TRIGGER spoil",
        )("sqlite"),
        "copy_mismatch": sql(
            "CREATE TRIGGER spoil AFTER INSERT ON messages BEGIN"
            " UPDATE messages SET text = 'forged' WHERE id = NEW.id; END",
            "DROP TRIGGER spoil",
        )("sqlite"),
        "in_use": sql(  # the commit itself fails
            "CREATE TABLE late (message REFERENCES tenants (id) DEFERRABLE INITIALLY DEFERRED);"
            "CREATE TRIGGER spoil AFTER INSERT ON messages BEGIN INSERT INTO late VALUES ('nobody'); END",
            "DROP TRIGGER spoil; DROP TABLE late",
        )("sqlite"),
    },
}


@asynccontextmanager
async def choice_cannot_be_kept(place: Place, provider: str) -> AsyncIterator[None]:
    """The draft of the file cannot be made: everything up to the commit works."""
    assert provider
    kept = place.data / FILE
    before = kept.read_bytes()
    kept.unlink()
    (kept / "in the way").mkdir(parents=True)
    try:
        yield
    finally:
        (kept / "in the way").rmdir()
        kept.rmdir()
        kept.write_bytes(before)


_HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$;
CREATE {kind} TRIGGER hold {when} INSERT ON users {how} FOR EACH ROW EXECUTE FUNCTION hold();
"""


@asynccontextmanager
async def held(place: Place, *, at_commit: bool) -> AsyncIterator[asyncpg.Connection]:
    """The other database stops at its first user, or in the commit, until the connection closes."""
    kind, when, how = ("CONSTRAINT", "AFTER", "DEFERRABLE INITIALLY DEFERRED") if at_commit else ("", "BEFORE", "")
    await place.run("postgres", _HOLD.format(kind=kind, when=when, how=how))
    holder = await asyncpg.connect(place.postgres)
    await holder.execute("SELECT pg_advisory_lock(42)")
    try:
        yield holder
    finally:
        await holder.close()
        await place.run("postgres", "DROP TRIGGER hold ON users; DROP FUNCTION hold")


async def somebody_waits(holder: asyncpg.Connection) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"
    return bool(await holder.fetchval(waiting))


@asynccontextmanager
async def choice_cannot_be_kept_after_the_commit(place: Place, provider: str) -> AsyncIterator[None]:
    """The disk turns bad while the other database commits the copy."""

    answered = asyncio.Event()

    async def turn_bad(holder: asyncpg.Connection) -> None:
        while not await somebody_waits(holder):  # noqa: ASYNC110 - PostgreSQL tells nobody who waits for a lock
            await asyncio.sleep(0.01)
        async with choice_cannot_be_kept(place, provider):
            await holder.close()
            await answered.wait()

    async with held(place, at_commit=True) as holder:
        turning = asyncio.create_task(turn_bad(holder))
        try:
            yield
        finally:
            answered.set()
            await turning


@pytest.mark.parametrize("here", ["sqlite", "postgres"])
async def test_whatever_fails_the_gateway_stays_where_it_was_and_loses_nothing(
    here: str,
    tmp_path: Path,
    sqlite_url: str,
    postgres_url: str,
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
) -> None:
    there = OTHER[here]
    env = {"DATABASE_URL": postgres_url, "DATABASE_PROVIDER": here, "TELEGRAM_API_BASE": telegram.base_url}
    faults: list[tuple[str, Fault]] = [
        ("storage_unavailable", nobody_listens),
        ("already_running", another_gateway),
        *BY_SQL[there].items(),
        ("choice_not_kept", choice_cannot_be_kept),
        *([("choice_not_kept", choice_cannot_be_kept_after_the_commit)] if there == "postgres" else []),
    ]
    async with (
        gateway_process(tmp_path, sqlite_url, **env) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        place = Place(Path(sqlite_url.removeprefix("sqlite:///")), postgres_url, tmp_path / "data")
        await is_answered(shop, "before", until)
        await switch(shop, there)
        await switch(shop, here)  # so that the other one has tables, and an old copy of ours
        said = ["before", "before, too"]
        for number, (code, fault) in enumerate(faults):
            words = f"{code} {number}"
            async with fault(place, there):
                failed = await answer(shop.api.post("/api/db/switch", json={"provider": there}), 500)
                assert failed["code"] == code, failed
                assert failed["error"].startswith("Failed to switch database provider: ")
                assert await in_use(shop) == here
                await is_answered(shop, words, until)
                said += [words, f"{words}, too"]
        assert await stored(shop) == sorted(said)

        # None of the faults is there any more, so they were what failed it.
        await switch(shop, there)
        assert await in_use(shop) == there
        await is_answered(shop, "after", until)
        assert await stored(shop) == sorted([*said, "after", "after, too"])
        assert "postgres@" not in gateway.log()


# ---------------------------------------------------------------- kill -9


async def switches_in_vain(gateway: GatewayProcess) -> None:
    """A program whose request ends with the gateway."""
    async with gateway.client() as api:
        with pytest.raises(httpx.TransportError):
            await api.post("/api/db/switch", json={"provider": "postgres"}, timeout=120)


@pytest.mark.parametrize("at_commit", [False, True], ids=["copying", "committing"])
async def test_a_kill_under_way_leaves_the_old_database_in_use_and_the_next_switch_succeeds(
    at_commit: bool,
    tmp_path: Path,
    sqlite_url: str,
    postgres_url: str,
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
) -> None:
    env = {"DATABASE_URL": postgres_url, "DATABASE_PROVIDER": "sqlite", "TELEGRAM_API_BASE": telegram.base_url}
    async with (
        gateway_process(tmp_path, sqlite_url, **env) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        place = Place(Path(sqlite_url.removeprefix("sqlite:///")), postgres_url, tmp_path / "data")
        await is_answered(shop, "before", until)
        await switch(shop, "postgres")
        await switch(shop, "sqlite")
        async with held(place, at_commit=at_commit) as holder:
            in_vain = asyncio.create_task(switches_in_vain(gateway))
            await until(lambda: somebody_waits(holder))
            # Reads are answered meanwhile; what arrives waits for the end of the switch.
            assert (await answer(shop.api.get("/api/db/status")))["switching"] is True
            assert len(await shop.messages()) == 2
            shop.writes("meanwhile")
            await gateway.kill()
            await in_vain
        kept = json.loads((place.data / FILE).read_bytes())
        assert kept["provider"] == "sqlite"
        assert len(kept["copies"]["postgres"]) == (2 if at_commit else 1)
        await gateway.start()
        assert await in_use(shop) == "sqlite"
        await until(lambda: "meanwhile" in shop.heard())
        await switch(shop, "postgres")
        await is_answered(shop, "after", until)
        assert await stored(shop) == sorted(["before", "before, too", "meanwhile", "after", "after, too"])
        await until(lambda: nothing_owed(shop.api))
        assert sorted(set(shop.heard())) == ["after", "before", "meanwhile"]
