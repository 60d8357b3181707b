"""Many rows in one statement, chunked by what both databases accept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gateway.storage.engine import Engine

MAX_ARGUMENTS = 30_000
"""PostgreSQL refuses more than 32,767 bind arguments in a statement; SQLite's bound depends on its build."""


async def insert_rows(
    engine: Engine, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], *, suffix: str = ""
) -> list[dict[str, Any]]:
    """INSERT all rows, in order, in as few statements as fit; returns what the suffix's RETURNING gives.

    Goes around Piccolo's query builder, which would make an object of every cell: this is the hottest write there is.
    """
    answers: list[dict[str, Any]] = []
    step = max(1, MAX_ARGUMENTS // len(columns))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        sql = _insert_sql(engine.kind, table, columns, len(chunk), suffix)
        answers += await engine.execute(sql, [cell for row in chunk for cell in row])
    return answers


@lru_cache(maxsize=4096)
def _insert_sql(kind: str, table: str, columns: tuple[str, ...], count: int, suffix: str) -> str:
    width = len(columns)
    if kind == "postgres":
        tuples = ",".join(
            "(" + ",".join(f"${row * width + cell + 1}" for cell in range(width)) + ")" for row in range(count)
        )
    else:
        tuples = ",".join(["(" + ",".join("?" * width) + ")"] * count)
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {tuples} {suffix}"  # noqa: S608 - names are ours
