"""The one SQLite writer, lent to one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from gateway.domain.errors import StorageUnavailable
from gateway.storage import sqlite_connection
from gateway.storage.sqlite_connection import SqliteConnection
from gateway.storage.transaction import FetchMany, Row

T = TypeVar("T")

_MOST_WAITING = 16
"""Statements that may wait for company, so that a long import does not gather in memory."""


class WriterLease:
    """See `transaction.Lease`. A hop to the writer's thread costs more than most statements.

    So BEGIN goes along with the first statement, and what has no answer goes along with the next that has one or with
    the COMMIT. A transaction in which nothing happened costs nothing.
    """

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
        self._begun = False
        self._durable = True
        self._waiting: list[tuple[str, Sequence[Any]]] = []

    async def begin(self, *, durable: bool = True) -> None:
        self._begun = False
        self._durable = durable

    async def fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        return await self._run(lambda raw: sqlite_connection.fetch_inside(raw, sql, args))

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        self._waiting.append((sql, args))
        if len(self._waiting) >= _MOST_WAITING:
            await self._run(_nothing)

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._run(lambda raw: sqlite_connection.run_many(raw, sql, rows))

    @asynccontextmanager
    async def cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        await self._run(_nothing)
        async with sqlite_connection.cursor(self.writer, sql, args) as fetch_many:
            yield fetch_many

    async def commit(self) -> None:
        if self._begun or self._waiting:
            await self._run(sqlite_connection.commit if self._durable else sqlite_connection.commit_hasty)

    async def rollback(self) -> None:
        self._waiting.clear()
        if not self._begun:
            return
        try:
            await self.writer.run(sqlite_connection.undo if self._durable else sqlite_connection.undo_hasty)
        except (sqlite3.Error, StorageUnavailable):
            # A writer still inside a transaction must not meet the next one; closing it rolls back.
            await self._discard(self.writer)

    async def release(self) -> None:
        self.give_back()

    async def _run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """In one hop: BEGIN if it is still to be said, what waited, and `job`."""
        begins, self._begun = not self._begun, True
        waited, self._waiting = self._waiting, []

        def run(raw: sqlite3.Connection) -> T:
            if begins:
                (sqlite_connection.begin if self._durable else sqlite_connection.begin_hasty)(raw)
            for sql, args in waited:
                sqlite_connection.fetch_inside(raw, sql, args)
            return job(raw)

        return await self.writer.run(run)


def _nothing(_: sqlite3.Connection) -> None:
    """What waited is all there is to do."""
