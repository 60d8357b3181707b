"""A whole database as it was at one moment, read beside whoever writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from gateway.storage import sqlite_connection
from gateway.storage.engine import Engine
from gateway.storage.errors import mapped
from gateway.storage.finish import finish
from gateway.storage.postgres_engine import SafePostgresEngine
from gateway.storage.sqlite_connection import SqliteConnection
from gateway.storage.sqlite_engine import SafeSqliteEngine
from gateway.storage.sqlite_file import READER, connect
from gateway.storage.transaction import FetchMany


class Snapshot(Protocol):
    """What an open snapshot offers."""

    def cursor(self, sql: str, args: Sequence[Any]) -> AbstractAsyncContextManager[FetchMany]:
        """An open result, read piece by piece; every one of a snapshot sees the same moment."""


@asynccontextmanager
async def snapshot(engine: Engine) -> AsyncIterator[Snapshot]:
    """Read as much as you like from one consistent state, on a connection of its own: no writer waits for it.

    SQLite: one read transaction, which keeps the write-ahead log from being emptied while it lasts. PostgreSQL:
    REPEATABLE READ, read only. Raises StorageUnavailable.
    """
    if isinstance(engine, SafePostgresEngine):
        async with _of_postgres(engine) as opened:
            yield opened
    else:
        async with _of_sqlite(engine) as opened:
            yield opened


class _Sqlite:
    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        opened = sqlite_connection.cursor(self._connection, sql, args)
        with mapped:
            fetch_many = await opened.__aenter__()
        try:
            yield _mapped(fetch_many)
        finally:
            await opened.__aexit__(None, None, None)


class _Postgres:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @asynccontextmanager
    async def cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        with mapped:
            opened = await self._connection.cursor(sql, *args)
        yield _mapped(opened.fetch)


@asynccontextmanager
async def _of_sqlite(engine: SafeSqliteEngine) -> AsyncIterator[Snapshot]:
    connection = SqliteConnection(partial(connect, engine.connection_kwargs, READER))
    with mapped:
        await connection.open()
    try:
        with mapped:
            # BEGIN alone promises nothing: the first read is what fixes the moment.
            await connection.run(lambda raw: raw.executescript("BEGIN; SELECT count(*) FROM sqlite_schema").close())
        yield _Sqlite(connection)
    finally:
        await finish(connection.close())


@asynccontextmanager
async def _of_postgres(engine: SafePostgresEngine) -> AsyncIterator[Snapshot]:
    connection = await engine.connect()
    try:
        with mapped:
            await connection.execute(
                # No sorting: in the order of an index the first rows of a large table come at once, not after minutes.
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL enable_sort = off"
            )
        yield _Postgres(connection)
    finally:
        await finish(_hang_up(connection, engine))


async def _hang_up(connection: Any, engine: SafePostgresEngine) -> None:
    try:
        await connection.close(timeout=engine.close_timeout)  # it only read, so there is nothing to commit
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


def _mapped(fetch_many: FetchMany) -> FetchMany:
    async def fetch(count: int) -> Sequence[Any]:
        with mapped:
            return await fetch_many(count)

    return fetch
