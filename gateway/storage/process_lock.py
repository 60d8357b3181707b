"""One gateway per database: a second process would open every session a second time.

SQLite: a lock on `<file>.lock`, which the kernel drops when the process dies, however it dies. PostgreSQL: an
advisory lock on a connection of its own, which the server drops with the connection; hence losing that connection
is losing the lock, and `check()` must be asked from time to time.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gateway.domain.errors import Conflict
from gateway.storage.engine import Engine
from gateway.storage.errors import mapped
from gateway.storage.finish import finish
from gateway.storage.postgres_engine import SafePostgresEngine

ADVISORY_KEY = 0x6761_7465_7761_7900
"""Key of the PostgreSQL advisory lock: "gateway" in ASCII. Advisory locks are counted per database."""

_ANSWER_WITHIN = 5.0  # seconds until a silent server counts as gone


class ProcessLock(Protocol):
    @property
    def lost(self) -> bool:
        """True from the moment the lock is known to be gone until `check()` has it back."""

    async def check(self) -> None:
        """Make sure the lock is still ours, taking it back where nobody else has.

        Raises `Conflict` (code `already_running`) when another process has it: stop. Raises `StorageUnavailable`
        when the database does not answer: ask again later.
        """

    async def release(self) -> None:
        """Let the next process start."""


async def acquire_process_lock(engine: Engine, *, on_lost: Callable[[], None] | None = None) -> ProcessLock:
    """Become the only process on this database. Raises `Conflict` (code `already_running`) when another one is.

    `on_lost` is called, once per loss and from the event loop, when a PostgreSQL lock's connection breaks.
    """
    if isinstance(engine, SafePostgresEngine):
        lock = _AdvisoryLock(engine, on_lost)
        await lock.take()
        return lock
    return _FileLock(engine.file)


class SwitchableLock:
    """The lock of the database in use, which another one may follow; goes with a SwitchableEngine."""

    def __init__(self, lock: ProcessLock) -> None:
        self._lock = lock

    @property
    def lost(self) -> bool:
        """See ProcessLock."""
        return self._lock.lost

    async def check(self) -> None:
        """See ProcessLock."""
        await self._lock.check()

    async def release(self) -> None:
        """See ProcessLock."""
        await self._lock.release()

    def replace(self, lock: ProcessLock) -> ProcessLock:
        """Be this one from now on; returns the one before, which the caller releases."""
        before, self._lock = self._lock, lock
        return before


def _already_running() -> Conflict:
    return Conflict("Another gateway is already running on this database; stop it first.", code="already_running")


class _FileLock:
    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None
        self._take()

    @property
    def lost(self) -> bool:
        if self._descriptor is None:
            return True
        try:
            return not os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:  # somebody deleted it, so the next process would lock a new file
            return True

    async def check(self) -> None:
        if self.lost:
            await self.release()
            self._take()

    async def release(self) -> None:
        # The file stays: deleting it would let two processes lock two files of the same name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self) -> None:
        with mapped:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())  # for people who look
            except BlockingIOError:
                os.close(descriptor)
                raise _already_running() from None
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptor = descriptor


class _AdvisoryLock:
    def __init__(self, engine: SafePostgresEngine, on_lost: Callable[[], None] | None) -> None:
        self._engine = engine
        self._on_lost = on_lost
        self._connection: Any = None
        self._checking = asyncio.Lock()

    @property
    def lost(self) -> bool:
        return self._connection is None or self._connection.is_closed()

    async def check(self) -> None:
        async with self._checking:
            if not self.lost:
                try:
                    with mapped:
                        await self._connection.fetchval("SELECT 1", timeout=_ANSWER_WITHIN)
                except BaseException:
                    if self._connection is not None:
                        self._connection.terminate()
                    raise
                return
            await self.take()

    async def take(self) -> None:
        connection = await self._engine.connect()
        try:
            with mapped:
                await _lock_or_refuse(connection)
        except BaseException:
            await finish(_close(connection))
            raise
        connection.add_termination_listener(self._terminated)
        self._connection = connection

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await finish(_close(connection))

    def _terminated(self, connection: Any) -> None:
        if connection is self._connection and self._on_lost is not None:
            self._on_lost()


async def _lock_or_refuse(connection: Any) -> None:
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_KEY, timeout=_ANSWER_WITHIN):
        raise _already_running()


async def _close(connection: Any) -> None:
    with mapped:
        await connection.close(timeout=_ANSWER_WITHIN)
