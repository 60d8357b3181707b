"""The one SQLite writer, lent to one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from gateway.domain.errors import StorageUnavailable
from gateway.storage import sqlite_connection
from gateway.storage.sqlite_connection import SqliteConnection
from gateway.storage.transaction import FetchMany, Row


class WriterLease:
    """See `transaction.Lease`. Each method is one hop to the writer's thread."""

    def __init__(
        self,
        writer: SqliteConnection,
        *,
        give_back: Callable[[], None],
        discard: Callable[[SqliteConnection], Awaitable[None]],
    ) -> None:
        self.writer = writer
        self.give_back = give_back
        self._discard = discard

    async def begin(self) -> None:
        await self.writer.run(lambda raw: sqlite_connection.fetch(raw, "BEGIN IMMEDIATE", ()))

    async def fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        return await self.writer.run(lambda raw: sqlite_connection.fetch_inside(raw, sql, args))

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self.writer.run(lambda raw: sqlite_connection.run_many(raw, sql, rows))

    def cursor(self, sql: str, args: Sequence[Any]) -> AbstractAsyncContextManager[FetchMany]:
        return sqlite_connection.cursor(self.writer, sql, args)

    async def commit(self) -> None:
        await self.writer.run(lambda raw: sqlite_connection.fetch_inside(raw, "COMMIT", ()))

    async def rollback(self) -> None:
        try:
            await self.writer.run(sqlite_connection.undo)
        except (sqlite3.Error, StorageUnavailable):
            # A writer still inside a transaction must not meet the next one; closing it rolls back.
            await self._discard(self.writer)

    async def release(self) -> None:
        self.give_back()
