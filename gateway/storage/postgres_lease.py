"""One PostgreSQL connection, lent to one query or transaction."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from gateway.storage import errors
from gateway.storage.transaction import FetchMany

_log = logging.getLogger(__name__)

_BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class ConnectionLease:
    """See `transaction.Lease`. The connection is the pool's, or (`pool` None) was made for this loan."""

    def __init__(self, connection: Any, pool: Any, timeout: float) -> None:
        self._connection = connection
        self._pool = pool
        self._timeout = timeout

    async def begin(self, *, durable: bool = True) -> None:
        # Raw, as all of them here: asyncpg's own transaction object does not survive a cancelled BEGIN.
        await self._connection.execute("BEGIN" if durable else "BEGIN; SET LOCAL synchronous_commit TO off")

    async def fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Any]:
        try:
            rows: Sequence[Any] = await self._connection.fetch(sql, *args)
        except asyncpg.ReadOnlySQLTransactionError:
            if self._pool is not None:
                await self._pool.expire_connections()  # or it would go on asking a demoted server
            raise
        return rows

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        await self.fetch(sql, args)

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._connection.executemany(sql, rows)

    @asynccontextmanager
    async def cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        opened = await self._connection.cursor(sql, *args)
        yield opened.fetch

    async def commit(self) -> None:
        try:
            await self._connection.execute("COMMIT")
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
            raise errors.outcome_unknown() from error

    async def rollback(self) -> None:
        try:
            # Without asking `is_in_transaction()`: after a cancelled BEGIN nobody knows yet. Asyncpg waits for the
            # cancellation first, and a ROLLBACK too many is a notice.
            await self._connection.execute("ROLLBACK", timeout=self._timeout)
        except _BROKEN:
            # Whatever state it is in, nobody may get this connection again; the server rolls back when it is cut.
            self._cut()

    def _cut(self) -> None:
        try:
            self._connection.terminate()
        except asyncpg.InterfaceError as error:  # the pool was closed over our head and cut it already
            _log.debug("connection_cut kind=%s", type(error).__name__)

    async def release(self) -> None:
        try:
            if self._pool is None:
                await self._connection.close(timeout=self._timeout)
            else:
                await self._pool.release(self._connection, timeout=self._timeout)
        except _BROKEN as error:
            # asyncpg has cut the connection and freed its place in the pool before it raises.
            _log.debug("connection_cut kind=%s", type(error).__name__)
