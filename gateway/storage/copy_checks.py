"""What has to hold before a database is copied, and why a row could not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from piccolo.columns import BigInt, Integer, Varchar
from piccolo.table import Table

from gateway.domain.errors import Conflict
from gateway.storage.engine import Engine
from gateway.storage.migrate import pending
from gateway.storage.sqlite_engine import SafeSqliteEngine
from gateway.storage.tables import ALL_TABLES
from gateway.storage.versions import APP_NAME


class CopyRefused(Conflict):
    """A copy that was not begun, or was taken back; `code` says which and why. The source is as it was."""

    code = "copy_refused"


async def require_two(source: Engine, target: Engine) -> None:
    """Raises CopyRefused (`same_database`)."""
    if await _identity(source) == await _identity(target):
        raise CopyRefused("Source and target are the same database; name another one.", code="same_database")


async def _identity(engine: Engine) -> tuple[str, ...]:
    if isinstance(engine, SafeSqliteEngine):
        return ("sqlite", str(engine.file.resolve()))
    # Not the address: one server can be reached by several. No two servers start in the same microsecond.
    [row] = await engine.execute(
        "SELECT pg_postmaster_start_time()::text AS started, current_database()::text AS name,"
        " current_schema()::text AS schema",
        (),
    )
    return ("postgres", row["started"], row["name"], row["schema"] or "")


async def require_same_schema(source: Engine, target: Engine) -> None:
    """Raises CopyRefused (`schema_not_current`, `schema_differs`)."""
    for engine, which in ((source, "database to copy from"), (target, "database to copy to")):
        if await pending(engine):
            raise CopyRefused(
                f"The {which} does not have this version's tables; run `python -m gateway migrate` on it first.",
                code="schema_not_current",
            )
    if await _versions(source) != await _versions(target):
        raise CopyRefused(
            "The two databases were made by different versions of the gateway; use the newer version's command.",
            code="schema_differs",
        )


async def _versions(engine: Engine) -> set[str]:
    mark = "?" if engine.kind == "sqlite" else "$1"
    rows = await engine.execute(f"SELECT name FROM migration WHERE app_name = {mark}", [APP_NAME])  # noqa: S608 - ours
    return {row["name"] for row in rows}


async def require_empty(target: Engine) -> None:
    """Raises CopyRefused (`target_not_empty`), naming a table that has rows."""
    for table in ALL_TABLES:
        name = table._meta.tablename
        if await target.execute(f"SELECT 1 AS row FROM {name} LIMIT 1", ()):  # noqa: S608 - names are ours
            raise CopyRefused(
                f"The database to copy to is not empty (table {name} has rows); name an empty one.",
                code="target_not_empty",
            )


def why_refused(table: type[Table], rows: Sequence[tuple[Any, ...]], kind: Literal["sqlite", "postgres"]) -> str:
    """A sentence naming the row and column of a refused batch, and no value.

    SQLite keeps what PostgreSQL does not: longer text, larger numbers, the NUL character, dangling references.
    """
    key = next(place for place, column in enumerate(table._meta.columns) if column is table._meta.primary_key)
    for row in rows if kind == "postgres" else ():
        for column, value in zip(table._meta.columns, row, strict=True):
            if trouble := _trouble(column, value):
                return (
                    f"Column {column._meta.db_column_name} of row {row[key]!r} in table {table._meta.tablename} "
                    f"{trouble}; correct it in the source and copy again. The copy was taken back."
                )
    return (
        f"The target database refused rows of table {table._meta.tablename}, and not for their size; look for rows "
        "there that refer to others which are gone. The copy was taken back."
    )


def _trouble(column: Any, value: Any) -> str | None:
    if value is None:
        return None if column._meta.null else "has no value and needs one"
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character, which PostgreSQL does not keep"
        if isinstance(column, Varchar) and column.length is not None and len(value) > column.length:
            return f"is longer than {column.length} characters"
    if isinstance(value, int) and not isinstance(value, bool):
        bits = 63 if isinstance(column, BigInt) or column._meta.primary_key else 31
        if isinstance(column, Integer) and not -(1 << bits) <= value < 1 << bits:
            return f"is a number of more than {bits} bits"
    return None
