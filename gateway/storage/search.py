"""Finding words in columns whatever their case, alike on both databases.

SQLite's own `lower()` knows ASCII alone, so its connections are given Python's. PostgreSQL's follows the collation, and
a database made with the `C` locale knows ASCII alone as well; so one that knows letters is named, if there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from piccolo.query import WhereRaw

from gateway.storage.engine import AnyEngine
from gateway.storage.sqlite_file import LOWER

_KNOWS_LETTERS: Final = ("pg_c_utf8", "und-x-icu")
"""PostgreSQL 17 and later; any that was built with ICU."""


class Search:
    """Makes conditions. One for each engine, because it remembers what the database can."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self._collation: str | None = None

    async def contains(self, table: str, columns: Sequence[str], words: str) -> WhereRaw:
        """True of rows in which any of these columns has the words in it. `%` and `_` mean themselves."""
        asked = words.lower()
        if self._engine.kind == "sqlite":
            found = [f"instr({LOWER}({table}.{column}), {{}}) > 0" for column in columns]
        else:
            collate = await self._collate()
            found = [f"strpos(lower({table}.{column}{collate}), {{}}) > 0" for column in columns]
        return WhereRaw(f"({' OR '.join(found)})", *([asked] * len(columns)))

    async def _collate(self) -> str:
        if self._collation is None:
            rows = await self._engine.execute(
                "SELECT collname FROM pg_collation WHERE collname = ANY($1)", [list(_KNOWS_LETTERS)]
            )
            there = {row["collname"] for row in rows}
            name = next((each for each in _KNOWS_LETTERS if each in there), None)
            self._collation = f' COLLATE "{name}"' if name else ""
        return self._collation
