"""Rows for every table there is, with what two databases may disagree about: also for tables made after this file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from piccolo.columns import (
    BigInt,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    Serial,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from gateway.storage.engine import Engine, bind
from gateway.storage.tables import ALL_TABLES

ROWS = 4
_KEYS = ("Zoë", "a", "Жук", "_10")
"""Which PostgreSQL's usual collations and SQLite sort differently."""
_TEXT = 'naïve Привет 你好 👩‍👩‍👧 "quoted" \\back {} $1 ? \t\r\n end '


async def fill(engine: Engine, *, rows: int = ROWS) -> None:
    """`rows` rows in each table: greatest numbers, other alphabets, fractions of seconds, empty text, and nulls."""
    for table in ALL_TABLES:
        columns = table._meta.columns
        names = ",".join(f'"{column._meta.db_column_name}"' for column in columns)
        places = ",".join(["{}"] * len(columns))
        await engine.run_many(
            f"INSERT INTO {table._meta.tablename} ({names}) VALUES ({places})",
            [[_value(column, place) for column in columns] for place in range(rows)],
        )


async def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Everything, as the stores read it: through Piccolo, with the tables bound to this engine."""
    bind(engine, ALL_TABLES)
    return {table._meta.tablename: await _contents(table) for table in ALL_TABLES}


async def _contents(table: type[Table]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await table.select(*table._meta.columns)
    key = table._meta.primary_key._meta.name
    return sorted(rows, key=lambda row: str(row[key]))


def _value(column: Column, place: int) -> object:
    if isinstance(column, ForeignKey) and not (column._meta.null and place % 2):
        return _value(column._foreign_key_meta.resolved_references._meta.primary_key, place)
    if column._meta.null and place % 2:
        return None
    unique = column._meta.primary_key or column._meta.unique or _in_an_index_of_several(column)
    match column:
        case Serial():
            return 7 + 3 * place
        case Boolean():
            return place % 2 == 0
        case BigInt():
            return place - 2 if column._meta.primary_key else (1 << 63) - 1 - place if place % 2 else -(1 << 63) + place
        case Integer():
            return (1 << 31) - 1 - place if place % 2 else -(1 << 31)
        case Date():
            return (date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31), date(1, 1, 1))[place % 4]
        case Timestamptz():
            return datetime(2026, 3, 29, 1, 59, 59, tzinfo=UTC) + timedelta(days=40 * place, microseconds=place)
        case Varchar() | Text() if unique:
            return f"{_KEYS[place % 4]}{place}"
        case Varchar() | Text():
            return (
                "" if place % 4 == 2 else (_TEXT * 20)[: column.length or 700] if isinstance(column, Varchar) else _TEXT
            )
        case _:
            raise AssertionError(f"Say what a {type(column).__name__} may hold.")


def _in_an_index_of_several(column: Column) -> bool:
    return column._meta.name in {"address", "network_id", "dedupe_key"}
