"""One SQL text for both databases: `{}` where values go, as in Piccolo's `raw()`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

Kind = Literal["sqlite", "postgres"]


@lru_cache(maxsize=256)
def numbered_or_marked(template: str, kind: Kind) -> str:
    """The template in the driver's own spelling: `$1, $2` for PostgreSQL, `?` for SQLite."""
    first, *rest = template.split("{}")
    if kind == "sqlite":
        return "?".join((first, *rest))
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, start=1))


def rows_of(kind: Kind, fields: Sequence[tuple[str, str]]) -> str:
    """A FROM item with one row for each object in a JSON array."""
    if kind == "postgres":
        typed = ", ".join(f'"{name}" {sql_type}' for name, sql_type in fields)
        return f"json_to_recordset(CAST({{}} AS json)) AS v({typed})"
    columns = ", ".join(f"json_extract(value, '$.{name}') AS \"{name}\"" for name, _ in fields)
    return f"(SELECT {columns} FROM json_each({{}})) AS v"  # noqa: S608 - names are ours
