"""`docker` as the documents' scripts find it: there are no containers, but `exec NAME psql URL -c SQL` is done."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information


def rows(url: str, sql: str) -> Sequence[Sequence[Any]]:
    """What the database answers, whichever it is."""
    if url.startswith("postgres"):
        return asyncio.run(_fetched(url, sql))
    with sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True) as connection:
        return connection.execute(sql.replace("public.", "")).fetchall()


async def _fetched(url: str, sql: str) -> Sequence[Sequence[Any]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


match sys.argv[1:]:
    case ["exec", _, "psql", url, "-c", sql]:
        print("\n".join(" | ".join(map(str, row)) for row in rows(url, sql)))
    case _:
        print("no containers")
