"""PostgreSQL made safe: one pool, every wait bounded, nothing leaked by a cancelled task.

Why (all measured on the stock engine): two cancelled tasks took two of three connections for ever, an exhausted
pool is waited for without limit, closing then hangs, and `batch()` connects outside the pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Literal

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
from piccolo.engine.postgres import PostgresEngine
from piccolo.query.base import Query
from piccolo.querystring import QueryString

from gateway.storage import errors
from gateway.storage.batch import Batch
from gateway.storage.errors import mapped
from gateway.storage.finish import finish
from gateway.storage.postgres_lease import ConnectionLease
from gateway.storage.postgres_url import connect_config
from gateway.storage.templates import numbered_or_marked
from gateway.storage.transaction import FetchMany, Row, Transaction


class SafePostgresEngine(PostgresEngine):
    """A Piccolo engine over one pool of `min_size` to `max_size` connections.

    `acquire_timeout` (seconds) bounds the wait for a connection and the making of a new one, `command_timeout`
    (seconds) each statement; past either, `StorageUnavailable` is raised. The pool replaces connections of a
    restarted or failed-over server by itself. Before `open()`, and for Piccolo's `run_sync`, each query makes a
    connection of its own. Errors are `gateway.domain.errors` only.

    Session state (SET, LISTEN, advisory locks) must not be left on a pooled connection: giving one back costs no
    round trip, so nothing is reset but an open transaction.
    """

    kind: Literal["postgres"] = "postgres"

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        acquire_timeout: float = 5.0,
        command_timeout: float = 60.0,
        close_timeout: float = 10.0,
    ) -> None:
        self._min_size = min_size
        self._max_size = max_size
        self.acquire_timeout = acquire_timeout
        self.close_timeout = close_timeout
        self._closed = False
        self._opening = asyncio.Lock()
        super().__init__(config={**connect_config(url), "timeout": acquire_timeout, "command_timeout": command_timeout})
        self.current_transaction: ContextVar[Transaction | None] = ContextVar(  # type: ignore[assignment]  # Piccolo's annotation names its own class
            "postgres_transaction", default=None
        )

    async def get_version(self) -> float:
        """Unknown (0.0) here: Piccolo asks in its constructor, where connecting would block the event loop."""
        return 0.0

    # -- life ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect the pool. Raises `StorageUnavailable` when the server is away or refuses us."""
        async with self._opening:
            if self.pool is None:
                with mapped:
                    self.pool = await asyncpg.create_pool(
                        **self.config, min_size=self._min_size, max_size=self._max_size, reset=_keep_session
                    )
            self._closed = False

    async def close(self) -> None:
        """Wait for what is under way, at most `close_timeout` seconds, then cut it off."""
        self._closed = True
        await finish(self._close())

    async def _close(self) -> None:
        async with self._opening:
            pool, self.pool = self.pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(self.close_timeout):
                await pool.close()
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pool.terminate()

    async def start_connection_pool(self, **kwargs: Any) -> None:  # noqa: ARG002  # sizes are fixed at construction
        """Piccolo's name for `open()`."""
        await self.open()

    async def close_connection_pool(self) -> None:
        """Piccolo's name for `close()`."""
        await self.close()

    async def ping(self) -> None:
        """Raises `StorageUnavailable` when the server does not answer, refuses us, or takes no writes."""
        if not await self._fetch("SELECT 1 WHERE current_setting('transaction_read_only') = 'off'", ()):
            if self.pool is not None:
                await self.pool.expire_connections()  # or it would go on asking a demoted server
            raise errors.read_only()

    async def connect(self) -> Any:
        """A connection of the caller's own, outside the pool; the caller closes it."""
        with mapped:
            return await self.get_new_connection()

    # -- queries -------------------------------------------------------------------------------------------------

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Sequence[Any]:
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self._fetch(sql, args, in_pool=in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Sequence[Any]:
        return await self._fetch(ddl, (), in_pool=in_pool)

    async def execute(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        """Run one statement in this engine's own spelling ($1, $2, ...), in the current transaction if there is one."""
        return [dict(row) for row in await self._fetch(sql, args)]

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        """The same without an answer."""
        await self._fetch(sql, args)

    async def run_many(self, template: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for many rows, all or nothing, with `{}` where values go; one round trip for all of them.

        Several times faster than Piccolo's multi-row insert and without its limit of bind arguments.
        """
        async with self.transaction() as transaction:
            await transaction.run_many(numbered_or_marked(template, "postgres"), rows)

    async def _fetch(self, sql: str, args: Sequence[Any], *, in_pool: bool = True) -> Sequence[Any]:
        transaction = self.current_transaction.get()
        if transaction is not None:
            return await transaction.fetch(sql, args)
        with mapped:
            lease = await self._borrow(in_pool=in_pool)
            try:
                rows = await lease.fetch(sql, args)
            finally:
                await finish(lease.release())
        return rows

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> Sequence[Any]:
        return await self._fetch(query, args or ())

    async def _run_in_new_connection(self, query: str, args: Sequence[Any] | None = None) -> Sequence[Any]:
        return await self._fetch(query, args or (), in_pool=False)

    async def batch(  # type: ignore[override]  # Piccolo names its own class
        self,
        query: Query[Any, Any],
        batch_size: int = 100,
        node: str | None = None,  # noqa: ARG002  # Piccolo's signature; there are no replicas
    ) -> Batch:
        """Read a large result piece by piece from one snapshot; keeps one pooled connection busy meanwhile."""
        transaction = self.current_transaction.get()
        opener = self._cursor if transaction is None else transaction.cursor
        return Batch(query, self.engine_type, batch_size, opener)

    @asynccontextmanager
    async def _cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        # A context variable set in here would leak into the reader's loop, so this is no `transaction()`.
        with mapped:
            lease = await self._borrow()
            try:
                await lease.begin()
            except BaseException:
                await finish(lease.rollback())
                await finish(lease.release())
                raise
        try:
            async with lease.cursor(sql, args) as fetch_many:
                yield _mapped_fetch(fetch_many)
        finally:
            await finish(lease.rollback())  # it only read
            await finish(lease.release())

    # -- transactions --------------------------------------------------------------------------------------------

    def transaction(self, allow_nested: bool = True, *, durable: bool = True) -> Transaction:  # type: ignore[override]  # Piccolo names its own class
        """See `Transaction`."""
        return Transaction(self.current_transaction, self._borrow, allow_nested=allow_nested, durable=durable)

    async def _borrow(self, *, in_pool: bool = True) -> ConnectionLease:
        if self._closed:
            raise errors.closed()
        if self.pool is None or not in_pool:
            return ConnectionLease(await self.get_new_connection(), None, self.close_timeout)
        try:
            connection = await self.pool.acquire(timeout=self.acquire_timeout)
        except TimeoutError:
            raise errors.busy() from None
        return ConnectionLease(connection, self.pool, self.close_timeout)


async def _keep_session(connection: Any) -> None:
    """Asyncpg's own reset (RESET ALL and more) would cost a round trip for every query."""


def _mapped_fetch(fetch_many: FetchMany) -> FetchMany:
    async def fetch(count: int) -> Sequence[Any]:
        with mapped:
            return await fetch_many(count)

    return fetch
