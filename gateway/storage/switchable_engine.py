"""The engine a running gateway's stores are given: the database in use, and the means to change it under way.

What makes the change safe is when it happens: while nobody writes. Reads never wait. A transaction that has to wait
begins after the change and builds its statements then. A single write that had to wait was built for the database
left, and PostgreSQL and SQLite are not spelled alike, so it is refused: what must not be goes into a transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Literal, TypeAlias

from piccolo.querystring import QueryString

from gateway.domain.errors import StorageUnavailable
from gateway.storage.postgres_engine import SafePostgresEngine
from gateway.storage.sqlite_engine import SafeSqliteEngine
from gateway.storage.transaction import Row, Transaction

Database: TypeAlias = SafeSqliteEngine | SafePostgresEngine

DRAIN_SECONDS = 30.0
"""How long writes that are under way may take to end before a pause is given up."""


class SwitchableEngine:
    """Stands before one database at a time; see `paused` and `replace`."""

    def __init__(self, database: Database) -> None:
        self._served = _Served(database)
        self._writers = _Crowd()
        self._passable = asyncio.Event()
        self._passable.set()

    # -- what is in use ------------------------------------------------------------------------------------------

    @property
    def database(self) -> Database:
        """The engine of the database in use."""
        return self._served.database

    @property
    def kind(self) -> Literal["sqlite", "postgres"]:
        """Which spelling of SQL is understood at the moment: look right before you build a statement."""
        return self._served.database.kind

    @property
    def engine_type(self) -> str:
        """The same for Piccolo, under the name it looks for."""
        return self._served.database.engine_type

    def get_version_sync(self) -> float:
        """Piccolo asks SQLite."""
        return self._served.database.get_version_sync()

    # -- life ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect the database in use. Raises StorageUnavailable."""
        await self._served.database.open()

    async def close(self) -> None:
        """Close the database in use; never hangs."""
        await self._served.database.close()

    async def ping(self) -> None:
        """Raises StorageUnavailable when the database in use does not answer."""
        with self._served.readers.joined():
            await self._served.database.ping()

    # -- changing it ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def paused(self, drain: float = DRAIN_SECONDS) -> AsyncIterator[None]:
        """Inside, nobody writes: what was under way has ended, what comes waits. Reads go on.

        Raises StorageUnavailable (code `writes_do_not_end`) when a transaction lasts longer than `drain` seconds.
        """
        self._passable.clear()
        try:
            try:
                async with asyncio.timeout(drain):
                    await self._writers.gone()
            except TimeoutError:
                raise StorageUnavailable(
                    f"Something has been writing to the database for {drain:g} s; try again later.",
                    code="writes_do_not_end",
                    retry_after=drain,
                ) from None
            yield
        finally:
            self._passable.set()

    def replace(self, database: Database) -> AbstractAsyncContextManager[None]:
        """From now on use this (open) one. Only while paused. Leaving what is returned closes the old one, when its
        last reader is done.
        """
        if self._passable.is_set():
            raise RuntimeError("The database may only be replaced while nobody writes; see paused().")
        left, self._served = self._served, _Served(database)
        return left.closing()

    # -- queries: as on every engine -----------------------------------------------------------------------------

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Sequence[Any]:
        """Run what Piccolo built."""
        async with self._turn(reads=_reads(querystring.template)) as database:
            return await database.run_querystring(querystring, in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Sequence[Any]:
        """Change a table."""
        async with self._turn(reads=False) as database:
            return await database.run_ddl(ddl, in_pool)

    def transform_response_to_dicts(self, results: Sequence[Any]) -> list[Row]:
        """Rows as Piccolo wants them, from whichever database they came."""
        return [row if type(row) is dict else dict(row) for row in results]

    async def execute(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        """Run one statement in the spelling of `kind`, in the current transaction if there is one."""
        async with self._turn(reads=_reads(sql)) as database:
            return await database.execute(sql, args)

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        """The same without an answer."""
        async with self._turn(reads=False) as database:
            await database.write(sql, args)

    async def run_many(self, template: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for many rows, all or nothing, with `{}` where values go."""
        async with self.transaction():
            await self._served.database.run_many(template, rows)

    @asynccontextmanager
    async def _turn(self, *, reads: bool) -> AsyncIterator[Database]:
        """The database for one statement, at the moment when it may run."""
        served = self._served
        if served.database.current_transaction.get() is not None:  # it has had its turn
            yield served.database
            return
        if reads:
            with served.readers.joined():
                yield served.database
            return
        await self.writable()
        if self._served is not served:
            raise StorageUnavailable(
                "The database was switched at this moment; nothing was stored. Try again.", code="database_switched"
            )
        with self._writers.joined():
            yield served.database

    # -- transactions --------------------------------------------------------------------------------------------

    def transaction(self, allow_nested: bool = True, *, durable: bool = True) -> _Turn:
        """See `Transaction`. During a switch it begins when that is over, on the database then in use."""
        return _Turn(self, allow_nested=allow_nested, durable=durable)

    @property
    def current_transaction(self) -> Any:
        """The transaction of this task, under the name that Piccolo looks for."""
        return self._served.database.current_transaction

    async def begin(self, stack: AsyncExitStack, *, allow_nested: bool, durable: bool) -> Transaction:
        """Enter a transaction whose end is the stack's."""
        if self._served.database.current_transaction.get() is None:
            await self.writable()
            stack.enter_context(self._writers.joined())
        opened = self._served.database.transaction(allow_nested=allow_nested, durable=durable)
        return await stack.enter_async_context(opened)

    async def writable(self) -> None:
        """Return when nothing is paused."""
        while not self._passable.is_set():  # again, because the next pause may have begun before this task was woken
            await self._passable.wait()


class _Turn:
    """A transaction that waits for its turn."""

    def __init__(self, engine: SwitchableEngine, *, allow_nested: bool, durable: bool) -> None:
        self._engine = engine
        self._allow_nested = allow_nested
        self._durable = durable
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Transaction:
        try:
            return await self._engine.begin(self._stack, allow_nested=self._allow_nested, durable=self._durable)
        except BaseException:
            await self._stack.aclose()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


class _Crowd:
    """How many are inside, and waiting until nobody is."""

    def __init__(self) -> None:
        self._count = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def joined(self) -> Iterator[None]:
        self._count += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._empty.set()

    async def gone(self) -> None:
        await self._empty.wait()


class _Served:
    """A database and those who read from it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.readers = _Crowd()

    @asynccontextmanager
    async def closing(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(self.database.close_timeout):
                    await self.readers.gone()
            except TimeoutError:
                pass  # closing cuts it off: it only read
            await self.database.close()


def _reads(sql: str) -> bool:
    return sql.lstrip()[:6].upper() == "SELECT"
