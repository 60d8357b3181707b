"""Only one gateway per database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from gateway.domain.errors import Conflict, StorageUnavailable
from gateway.storage.engine import Engine, SafePostgresEngine, SafeSqliteEngine, make_engine
from gateway.storage.process_lock import acquire_process_lock
from tests.integration.storage.tables import eventually
from tests.postgres import running_server

_SECOND_PROCESS = """
import asyncio, sys
from gateway.domain.errors import Conflict
from gateway.storage.engine import make_engine
from gateway.storage.process_lock import acquire_process_lock

async def main():
    try:
        await acquire_process_lock(make_engine(sys.argv[1]))
    except Conflict as refusal:
        print(refusal.code, flush=True)
    else:
        print("acquired", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class SecondProcess:
    """A real one; it says what became of its attempt and, when it got the lock, keeps it until killed."""

    def __init__(self, process: asyncio.subprocess.Process, said: str) -> None:
        self._process = process
        self.said = said

    @classmethod
    async def start(cls, url: str) -> SecondProcess:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SECOND_PROCESS, url, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        return cls(process, said)

    async def kill(self) -> None:
        if self._process.returncode is None and self.said == "acquired":
            self._process.kill()
        await self._process.communicate()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    engine = make_engine(database_url)
    await engine.open()
    yield engine
    await engine.close()


async def test_a_second_process_is_refused_until_the_first_lets_go(engine: Engine, database_url: str) -> None:
    lock = await acquire_process_lock(engine)
    await lock.check()
    assert not lock.lost
    second = await SecondProcess.start(database_url)
    await second.kill()
    assert second.said == "already_running"
    await lock.release()
    third = await SecondProcess.start(database_url)
    assert third.said == "acquired"
    with pytest.raises(Conflict, match="stop it first"):
        await acquire_process_lock(engine)
    await third.kill()


async def test_a_killed_process_leaves_the_lock_free(engine: Engine, database_url: str) -> None:
    other = await SecondProcess.start(database_url)
    assert other.said == "acquired"
    await other.kill()

    async def can_start() -> bool:  # the server needs a moment to see that the process is gone
        try:
            lock = await acquire_process_lock(engine)
        except Conflict:
            return False
        await lock.release()
        return True

    await eventually(can_start)


async def test_a_deleted_lock_file_is_noticed_and_taken_again(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    assert isinstance(engine, SafeSqliteEngine)
    lock = await acquire_process_lock(engine)
    engine.file.with_name(engine.file.name + ".lock").unlink()
    was_lost = lock.lost
    await lock.check()
    assert (was_lost, lock.lost) == (True, False)
    await lock.release()


async def test_a_lost_connection_is_noticed_and_the_lock_taken_back() -> None:
    with running_server() as server:
        engine = SafePostgresEngine(server.url())
        lost = asyncio.Event()
        lock = await acquire_process_lock(engine, on_lost=lost.set)
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.wait_for(lost.wait(), 20)
        with pytest.raises(StorageUnavailable):
            await lock.check()
        await asyncio.to_thread(server.start)
        was_lost = lock.lost
        await lock.check()
        assert (was_lost, lock.lost) == (True, False)
        await lock.release()
        await engine.close()


async def test_a_lock_that_another_took_meanwhile_is_not_taken_back(postgres_url: str) -> None:
    engine = SafePostgresEngine(postgres_url)
    await engine.open()
    lost = asyncio.Event()
    lock = await acquire_process_lock(engine, on_lost=lost.set)
    await engine.run_ddl(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await asyncio.wait_for(lost.wait(), 20)
    other = await acquire_process_lock(engine)
    with pytest.raises(Conflict) as refusal:
        await lock.check()
    assert refusal.value.code == "already_running"
    await other.release()
    await lock.release()
    await engine.close()
