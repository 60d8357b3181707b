"""SQLite made safe: one writer, several readers, WAL, synchronous=FULL.

Why (all measured): SQLite has one writer whatever we do, and its busy handler is not fair, so 1,000 concurrent
writers on connections of their own end in "database is locked". One persistent writer behind an asyncio.Lock is
fair, ten times faster than Piccolo's connection per query, and has no busy error among our own tasks.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Literal

from piccolo.engine.sqlite import Atomic, SQLiteEngine, TransactionType
from piccolo.query.base import Query
from piccolo.querystring import QueryString

from gateway.domain.errors import StorageUnavailable
from gateway.storage import errors, sqlite_connection
from gateway.storage.batch import Batch
from gateway.storage.errors import mapped
from gateway.storage.finish import finish
from gateway.storage.sqlite_connection import SqliteConnection
from gateway.storage.sqlite_file import READER, WRITER, connect, create_file
from gateway.storage.sqlite_lease import WriterLease
from gateway.storage.templates import numbered_or_marked
from gateway.storage.transaction import FetchMany, Row, Transaction


class SafeSqliteEngine(SQLiteEngine):
    """A Piccolo engine over one file.

    SELECTs outside a transaction run on `readers` read-only connections and never wait for the writer; everything
    else takes its turn on the writer, in order of asking. `busy_timeout` (seconds) is for other programs that have
    the file open; `acquire_timeout` (seconds) bounds the wait for the writer or a reader, after which
    `StorageUnavailable` is raised. Opens itself at first use. Errors are `gateway.domain.errors` only.
    """

    kind: Literal["sqlite"] = "sqlite"

    def __init__(
        self,
        path: Path | str,
        *,
        readers: int = 4,
        busy_timeout: float = 5.0,
        acquire_timeout: float = 30.0,
        close_timeout: float = 10.0,
    ) -> None:
        self.file = Path(path)
        super().__init__(path=str(self.file), timeout=busy_timeout, check_same_thread=False, cached_statements=256)
        self.acquire_timeout = acquire_timeout
        self.close_timeout = close_timeout
        self.current_transaction: ContextVar[Transaction | None] = ContextVar(  # type: ignore[assignment]  # Piccolo's annotation names its own class
            "sqlite_transaction", default=None
        )
        self._reader_count = readers
        self._readers: list[SqliteConnection] = []
        self._idle: asyncio.LifoQueue[SqliteConnection] = asyncio.LifoQueue()
        self._writer: SqliteConnection | None = None
        self._turn = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._closed = False

    # -- life ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Create the file (mode 0600) when missing and open every connection. May be called again after `close()`."""
        self._closed = False
        await self._ensure_open()

    async def close(self) -> None:
        """Let what is under way end, within `close_timeout` seconds, then close; later use is `StorageUnavailable`."""
        self._closed = True
        await finish(self._close())

    async def ping(self) -> None:
        """Raises `StorageUnavailable` when the file cannot be read."""
        await self._fetch("SELECT count(*) FROM sqlite_schema", ())

    async def _ensure_open(self) -> SqliteConnection:
        if self._closed:
            raise errors.closed()
        if self._writer is None:
            async with self._opening:
                if self._writer is None:
                    with mapped:
                        await self._open()
        assert self._writer is not None
        return self._writer

    async def _open(self) -> None:
        if sqlite3.sqlite_version_info < (3, 35):
            raise StorageUnavailable("SQLite 3.35 or newer is needed (RETURNING); update Python's SQLite library.")
        create_file(self.file)
        opened: list[SqliteConnection] = []
        try:
            for pragmas in (WRITER, *([READER] * self._reader_count)):
                connection = SqliteConnection(partial(connect, self.connection_kwargs, pragmas))
                await connection.open()
                opened.append(connection)
        except BaseException:
            for connection in opened:
                await finish(connection.close())
            raise
        self._writer, *self._readers = opened
        self._idle = asyncio.LifoQueue()
        for reader in self._readers:
            self._idle.put_nowait(reader)

    async def _close(self) -> None:
        async with self._opening:
            writer, readers = self._writer, self._readers
            self._writer, self._readers = None, []
            if writer is None:
                return
            try:
                async with asyncio.timeout(self.close_timeout):
                    async with self._turn:
                        for reader in readers:
                            await reader.close()
                        await writer.close()  # last, so that it checkpoints the WAL
            except TimeoutError:
                for connection in (*readers, writer):
                    # Not awaited: a stuck disk keeps its (daemon) thread, and must not keep us.
                    connection.abandon()

    # -- queries -------------------------------------------------------------------------------------------------

    async def run_querystring(self, querystring: QueryString, in_pool: bool = False) -> list[Row]:  # noqa: ARG002  # Piccolo passes it; SQLite has no pool
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return list(await self._fetch(sql, args))

    async def run_ddl(self, ddl: str, in_pool: bool = False) -> list[Row]:  # noqa: ARG002  # Piccolo passes it; SQLite has no pool
        return list(await self._fetch(ddl, ()))

    async def execute(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        """Run one statement in this engine's own spelling (?), in the current transaction if there is one."""
        return await self._fetch(sql, args)

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        """The same without an answer. In a transaction it waits for the next statement, and may fail there."""
        transaction = self.current_transaction.get()
        await (self._fetch(sql, args) if transaction is None else transaction.write(sql, args))

    async def run_many(self, template: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for many rows, all or nothing, with `{}` where values go; one hop for all of them.

        Several times faster than Piccolo's multi-row insert and without its limit of bind arguments.
        """
        async with self.transaction() as transaction:
            await transaction.run_many(numbered_or_marked(template, "sqlite"), rows)

    async def _fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        transaction = self.current_transaction.get()
        if transaction is not None:
            return await transaction.fetch(sql, args)
        with mapped:
            if sql.lstrip()[:6].upper() == "SELECT":
                async with self._reader() as reader:
                    return await reader.run(lambda raw: sqlite_connection.fetch(raw, sql, args))
            lease = await self._borrow()
            try:
                return await lease.writer.run(lambda raw: sqlite_connection.fetch_alone(raw, sql, args))
            finally:
                lease.give_back()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[SqliteConnection]:
        await self._ensure_open()
        idle = self._idle
        if idle.empty():
            try:
                async with asyncio.timeout(self.acquire_timeout):
                    reader = await idle.get()
            except TimeoutError:
                raise errors.busy() from None
        else:
            reader = idle.get_nowait()
        try:
            yield reader
        finally:
            idle.put_nowait(reader)

    async def _run_in_new_connection(self, query: str, args: list[Any] | None = None, *_: Any, **__: Any) -> list[Row]:
        return list(await self._fetch(query, args or ()))

    async def get_connection(self) -> Any:
        """Not offered: a connection of one's own would be a second writer. Use queries, `transaction()`, `batch()`."""
        raise RuntimeError("The SQLite engine lends no raw connection; use engine.transaction().")

    async def batch(  # type: ignore[override]  # Piccolo names its own class
        self,
        query: Query[Any, Any],
        batch_size: int = 100,
        node: str | None = None,  # noqa: ARG002  # Piccolo's signature; there are no replicas
    ) -> Batch:
        """Read a large result piece by piece from one snapshot; keeps one reader busy meanwhile."""
        transaction = self.current_transaction.get()
        opener = self._cursor if transaction is None else transaction.cursor
        return Batch(query, self.engine_type, batch_size, opener)

    @asynccontextmanager
    async def _cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        async with self._reader() as reader, sqlite_connection.cursor(reader, sql, args) as fetch_many:
            yield fetch_many

    # -- transactions --------------------------------------------------------------------------------------------

    def transaction(  # type: ignore[override]  # Piccolo names its own class
        self,
        transaction_type: TransactionType = TransactionType.immediate,  # noqa: ARG002  # see below
        allow_nested: bool = True,
        *,
        durable: bool = True,
    ) -> Transaction:
        """See `Transaction`. Always IMMEDIATE, whatever is asked.

        A DEFERRED read-then-write fails at once when anybody else writes in between, and Piccolo asks for DEFERRED.
        """
        return Transaction(self.current_transaction, self._borrow, allow_nested=allow_nested, durable=durable)

    def atomic(self, transaction_type: TransactionType = TransactionType.immediate) -> Atomic:
        return Atomic(engine=self, transaction_type=transaction_type)

    async def _borrow(self) -> WriterLease:
        await self._ensure_open()
        try:
            async with asyncio.timeout(self.acquire_timeout):
                await self._turn.acquire()
        except TimeoutError:
            raise errors.busy() from None
        if self._writer is None:  # closed while we waited
            self._turn.release()
            raise errors.closed()
        return WriterLease(self._writer, give_back=self._turn.release, discard=self._replace_writer)

    async def _replace_writer(self, broken: SqliteConnection) -> None:
        """Throw away a writer whose ROLLBACK failed; the next transaction opens everything anew."""
        if self._writer is broken:
            readers = self._readers
            self._writer, self._readers = None, []
            for connection in (*readers, broken):
                await connection.close()
