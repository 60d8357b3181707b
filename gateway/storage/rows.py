"""Many rows in one statement, chunked by what both databases accept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gateway.storage.engine import AnyEngine
from gateway.storage.tables import ALL_TABLES

MAX_ARGUMENTS = 30_000
"""Bind arguments in a statement: SQLite's bound depends on its build."""


async def insert_rows(
    engine: AnyEngine, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], *, suffix: str = ""
) -> list[dict[str, Any]]:
    """INSERT all rows, in order, in as few statements as fit; returns what the suffix's RETURNING gives.

    Without RETURNING a failure may show later, at the commit at the latest. Goes around Piccolo's query builder,
    which would make an object of every cell: this is the hottest write there is.
    """
    answers: list[dict[str, Any]] = []
    answering = "RETURNING" in suffix
    step = max(1, MAX_ARGUMENTS // len(columns))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        args: list[Any]
        if engine.kind == "postgres":
            # One text whatever the number of rows, hence one prepared statement; and one argument a column.
            sql = _unnest_sql(table, columns, suffix)
            args = [list(column) for column in zip(*chunk, strict=True)]
        else:
            sql = _values_sql(table, columns, len(chunk), suffix)
            args = [cell for row in chunk for cell in row]
        if answering:
            answers += await engine.execute(sql, args)
        else:
            await engine.write(sql, args)
    return answers


@lru_cache(maxsize=4096)
def _values_sql(table: str, columns: tuple[str, ...], count: int, suffix: str) -> str:
    tuples = ",".join(["(" + ",".join("?" * len(columns)) + ")"] * count)
    return f"INSERT INTO {table} ({_names(columns)}) VALUES {tuples} {suffix}"  # noqa: S608 - names are ours


@lru_cache(maxsize=256)
def _unnest_sql(table: str, columns: tuple[str, ...], suffix: str) -> str:
    types = next(_array_types(each) for each in ALL_TABLES if each._meta.tablename == table)
    arrays = ",".join(f"${place}::{types[name]}[]" for place, name in enumerate(columns, start=1))
    return f"INSERT INTO {table} ({_names(columns)}) SELECT * FROM unnest({arrays}) {suffix}"  # noqa: S608 - names are ours


def _names(columns: tuple[str, ...]) -> str:
    return ",".join(f'"{name}"' for name in columns)


def _array_types(table: Any) -> dict[str, str]:
    """The type of each column's array. A cast to VARCHAR(n) would cut silently; the column itself refuses."""
    return {
        column._meta.name: "text" if column.column_type.startswith("VARCHAR") else column.column_type
        for column in table._meta.columns
    }
