"""One SQLite connection on a thread of its own; one call is one hop to that thread.

Not aiosqlite: a query through it costs four hops (execute, fetch, close and Piccolo's PRAGMA), and it looks at
`in_transaction` from the event loop's side, where a BEGIN that is still queued cannot be seen.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from gateway.storage import errors
from gateway.storage.finish import finish

T = TypeVar("T")
Row = dict[str, Any]
_Job = Callable[[sqlite3.Connection], Any]

_LOOK_UP_EVERY = 50_000  # SQLite instructions, well under a millisecond of work


class SqliteConnection:
    """Runs jobs on one connection in the order given.

    The job of a cancelled caller is left out or cut short, or it ends unheard; the caller cannot know which. The order
    is what makes that safe: a ROLLBACK sent after an abandoned BEGIN runs after it.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._raw: sqlite3.Connection | None = None
        self._jobs: SimpleQueue[tuple[asyncio.Future[Any], _Job | None]] = SimpleQueue()
        self._running: asyncio.Future[Any] | None = None
        self._closing = False
        self._abandoned = False
        # A daemon, so that a program that forgot to close (Piccolo's own commands) can still exit.
        self._thread = threading.Thread(target=self._work, name="sqlite", daemon=True)

    async def open(self) -> None:
        """Connect. Raises sqlite3's errors; the thread is gone then."""
        self._thread.start()
        try:
            await self.run(_nothing)
        except BaseException:
            await self.close()
            raise

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job` on the connection's thread; raises what it raises."""
        if self._closing:
            raise errors.closed()
        return await self._put(job)

    async def close(self) -> None:
        """Close after the jobs already given. Later ones raise `StorageUnavailable`."""
        if not self._closing:
            self._closing = True
            await self._put(None)

    def abandon(self) -> None:
        """Cut short the statement that is running, then close; waits for nothing."""
        self._abandoned = True
        if not self._closing:
            self._closing = True
            self._jobs.put((asyncio.get_running_loop().create_future(), None))

    async def _put(self, job: Callable[[sqlite3.Connection], T] | None) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((future, job))
        return await future

    def _work(self) -> None:
        while True:
            future, job = self._jobs.get()
            if job is not None and future.cancelled():
                continue
            self._running = future
            result: Any = None
            error: BaseException | None = None
            try:
                if job is None:
                    if self._raw is not None:
                        self._raw.close()
                else:
                    if self._raw is None:
                        self._raw = self._connect()
                        # Not `interrupt()`: called a moment before the statement begins, it is without effect.
                        self._raw.set_progress_handler(self._is_unwanted, _LOOK_UP_EVERY)
                    result = job(self._raw)
            except BaseException as problem:  # noqa: BLE001  # carried to the caller, whatever it is
                error = problem
            _deliver(future, result, error)
            if job is None:
                return
            self._running = None
            del future, job, result, error  # hold no rows while waiting for the next job

    def _is_unwanted(self) -> bool:
        """Asked by SQLite now and then while a statement runs; True makes the statement fail."""
        return self._abandoned or (self._running is not None and self._running.cancelled())


def _deliver(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    loop = future.get_loop()
    if loop.is_closed():
        return  # nobody is left to hear it
    try:
        loop.call_soon_threadsafe(_settle, future, result, error)
    except RuntimeError:  # the loop closed between the two lines
        return


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # the caller was cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


@asynccontextmanager
async def cursor(
    connection: SqliteConnection, sql: str, args: Sequence[Any]
) -> AsyncIterator[Callable[[int], Awaitable[list[Row]]]]:
    """An open result; call what it yields with a row count until it answers with none."""
    opened = await connection.run(lambda raw: raw.execute(sql, args))

    async def fetch_many(count: int) -> list[Row]:
        return await connection.run(lambda _: _fetch_many(opened, count))

    try:
        yield fetch_many
    finally:
        await finish(connection.run(lambda _: opened.close()))


def _nothing(_: sqlite3.Connection) -> None:
    """Opening a connection is the first job's doing; this is that job."""


# -- jobs: what runs on the thread -------------------------------------------------------------------------------


def fetch(raw: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    """Run one statement, exhaust and close its cursor: left open it would block DDL and checkpoints."""
    opened = raw.execute(sql, args)
    try:
        return _named(opened, opened.fetchall())
    finally:
        opened.close()


def _fetch_many(opened: sqlite3.Cursor, count: int) -> list[Row]:
    return _named(opened, opened.fetchmany(count))


def _named(opened: sqlite3.Cursor, rows: list[Any]) -> list[Row]:
    if not rows:
        return []
    names = [column[0] for column in opened.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def fetch_alone(raw: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    """A write outside a transaction. A raw BEGIN would hold the only writer for ever, so it is refused."""
    rows = fetch(raw, sql, args)
    if raw.in_transaction:
        raw.rollback()
        raise RuntimeError("Begin a transaction with engine.transaction(), not with a raw BEGIN.")
    return rows


def fetch_inside(raw: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    """A statement of a transaction. SQLite ends one by itself when the disk is full; the rest must not autocommit."""
    if not raw.in_transaction:
        raise errors.full()
    return fetch(raw, sql, args)


def run_many(raw: sqlite3.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    raw.executemany(sql, rows).close()


def begin(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE").close()


def commit(raw: sqlite3.Connection) -> None:
    fetch_inside(raw, "COMMIT", ())


def undo(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        raw.execute("ROLLBACK").close()


# In WAL mode, NORMAL leaves syncing a commit to the next one that is FULL, or to the next checkpoint; the order stays.


def begin_hasty(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA synchronous=NORMAL").close()
    begin(raw)


def commit_hasty(raw: sqlite3.Connection) -> None:
    commit(raw)
    raw.execute("PRAGMA synchronous=FULL").close()


def undo_hasty(raw: sqlite3.Connection) -> None:
    undo(raw)
    raw.execute("PRAGMA synchronous=FULL").close()
