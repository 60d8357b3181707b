"""One SQL text for both databases: `{}` where values go, as in Piccolo's `raw()`."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal


@lru_cache(maxsize=256)
def numbered_or_marked(template: str, kind: Literal["sqlite", "postgres"]) -> str:
    """The template in the driver's own spelling: `$1, $2` for PostgreSQL, `?` for SQLite."""
    first, *rest = template.split("{}")
    if kind == "sqlite":
        return "?".join((first, *rest))
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, start=1))
