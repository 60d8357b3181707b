"""Another program's PostgreSQL database: opened for reading only, seen as of one moment, every value as text.

Text, because the driver refuses whole rows for one value it has no Python form of (a date before the year 1, a year
after 9999); whoever reads decides value by value instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from gateway.domain.errors import InvalidInput
from gateway.storage.postgres_url import connect_config

_CONNECT_SECONDS: Final = 15.0
_STATEMENT_SECONDS: Final = 300.0
_GOODBYE_SECONDS: Final = 5.0
_BATCH: Final = 500

_REFUSED = "it refused the user or the password"
_WHY: Final = {
    "28000": _REFUSED,
    "28P01": _REFUSED,
    "3D000": "the server has no database of this name",
    "42501": "this user may not read there; grant it SELECT",
    "53300": "it has no connection left",
}
"""PostgreSQL's error codes (its appendix A) as a reason. Its own texts may quote values, so they are never shown."""

_TABLES: Final = """
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""
_COLUMNS: Final = """
SELECT a.attname AS name, a.atttypid = 'timestamp'::regtype AS is_local
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""


class ForeignPostgres:
    """Its tables, views not among them. Made by `opened_foreign`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def tables(self) -> dict[str, frozenset[str]]:
        """The names of the tables in each schema, PostgreSQL's own left out."""
        found: dict[str, set[str]] = {}
        with _Explained():
            for row in await self._connection.fetch(_TABLES):
                found.setdefault(row["schema"], set()).add(row["name"])
        return {schema: frozenset(names) for schema, names in found.items()}

    async def columns(self, schema: str, table: str) -> frozenset[str]:
        """The names of a table's columns."""
        with _Explained():
            return frozenset(row["name"] for row in await self._connection.fetch(_COLUMNS, schema, table))

    async def count(self, schema: str, table: str) -> int:
        """How many rows there are."""
        with _Explained():
            return int(await self._connection.fetchval(f"SELECT count(*) FROM {_place(schema, table)}"))  # noqa: S608 - quoted

    async def rows(self, schema: str, table: str) -> AsyncIterator[dict[str, str | None]]:
        """Every row, its values as PostgreSQL writes them, moments with their offset from UTC.

        A moment without a time zone is taken for the local time of the database's own setting, because that is what
        its `now()` wrote. Raises InvalidInput when the rows cannot be read.
        """
        with _Explained():
            columns = await self._connection.fetch(_COLUMNS, schema, table)
            chosen = ", ".join(_as_text(row["name"], is_local=row["is_local"]) for row in columns)
            cursor = await self._connection.cursor(f"SELECT {chosen} FROM {_place(schema, table)}")  # noqa: S608 - quoted
        while True:
            with _Explained():
                batch = await cursor.fetch(_BATCH)
            if not batch:
                return
            for row in batch:
                yield dict(row)


@asynccontextmanager
async def opened_foreign(url: str) -> AsyncIterator[ForeignPostgres]:
    """The database in one read-only transaction: it cannot be changed, and what others write meanwhile is not seen.

    Raises InvalidInput, without any part of the URL, when it cannot be opened.
    """
    config = _config(url)
    with _Explained():
        connection = await asyncpg.connect(**config, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS)
    try:
        with _Explained():
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            # Written texts are read again here, so their form must not depend on that server's settings. Its time zone
            # is needed once more, to tell what a moment without one means.
            await connection.execute("SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL bytea_output = 'hex'")
        yield ForeignPostgres(connection)
    finally:
        await _close(connection)


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=_GOODBYE_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection.terminate()  # it is gone already, and nothing was written


def _config(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # looked at, because a password's slash makes a port of what is before it
        if parts.scheme not in ("postgres", "postgresql") or parts.fragment or "@" in parts.path + parts.query:
            raise _unreadable_url()
        # A pooler in transaction mode loses prepared statements, and many such databases stand behind one.
        return {**connect_config(url.strip()), "statement_cache_size": 0}
    except ValueError:
        raise _unreadable_url() from None


def _unreadable_url() -> InvalidInput:
    return InvalidInput(
        "The URL cannot be read; it is postgresql://user:password@host:5432/name, and the signs @ : / ? # % in a"
        " password are written as %40 %3A %2F %3F %23 %25.",
        field="url",
    )


def _place(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _as_text(column: str, *, is_local: bool) -> str:
    name = _quoted(column)
    moment = f"({name} AT TIME ZONE current_setting('TimeZone'))" if is_local else name
    return f"{moment}::text AS {name}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Explained:
    """`with _Explained():` around driver calls: what went wrong, as a refusal that quotes nothing of the driver."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, asyncpg.PostgresError):
            raise _cannot_be_read(_WHY.get(error.sqlstate or "", f"PostgreSQL's error {error.sqlstate}")) from None
        if isinstance(error, OSError):  # includes TimeoutError, which asyncio raises
            raise _cannot_be_read("it does not answer") from None
        if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | ValueError):
            raise _cannot_be_read("the connection was lost, or its URL has a part the driver does not know") from None


def _cannot_be_read(why: str) -> InvalidInput:
    return InvalidInput(f"The database to import from cannot be read: {why}. Nothing was changed.", field="url")
