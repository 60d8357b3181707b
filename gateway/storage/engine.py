"""Which database a URL means, and tying tables to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from piccolo.table import Table

from gateway.storage.postgres_engine import SafePostgresEngine
from gateway.storage.sqlite_engine import SafeSqliteEngine
from gateway.storage.switchable_engine import SwitchableEngine
from gateway.storage.transaction import Transaction

__all__ = [
    "AnyEngine",
    "Engine",
    "SafePostgresEngine",
    "SafeSqliteEngine",
    "SwitchableEngine",
    "Transaction",
    "bind",
    "make_engine",
]

Engine: TypeAlias = SafeSqliteEngine | SafePostgresEngine
"""One database."""
AnyEngine: TypeAlias = Engine | SwitchableEngine
"""What stores work on: one database, or one at a time."""


def make_engine(database_url: str) -> Engine:
    """The engine for a database URL; nothing is connected yet.

    `postgresql://...` and `postgres://...` are PostgreSQL. `sqlite:///relative.db`, `sqlite:////absolute.db`,
    `file:./data/x.db` (what Prisma calls SQLite; its parameters after `?` are ignored) and a plain path are SQLite.
    Raises ValueError, with a sentence that quotes no password, for anything else.
    """
    url = database_url.strip()
    scheme, colon, rest = url.partition(":")
    if scheme in ("postgresql", "postgres") and rest.startswith("//"):
        return SafePostgresEngine(url)
    if scheme == "sqlite" and colon:
        path = unquote(urlsplit(url).path)
        if urlsplit(url).netloc:
            raise ValueError("A SQLite URL has three slashes, or four for an absolute path: sqlite:///data/gateway.db")
        return _sqlite(path.removeprefix("/") if rest.startswith("//") else path)
    if scheme == "file" and colon:
        # file:./x and file:/x name paths as they stand; file:///x is the URI spelling of /x.
        return _sqlite(unquote(urlsplit(url).path))
    if "://" in url:
        raise ValueError(f"Unknown kind of database {scheme!r}; use postgresql://... or sqlite:///path")
    return _sqlite(url)


def bind(engine: AnyEngine, tables: Iterable[type[Table]]) -> None:
    """Make the tables' queries, also those already built, run on `engine`.

    Piccolo binds at import time, from one configuration file; we choose at start and tests choose per case. The
    attribute is Piccolo's own and private, so this is the one place that touches it.
    """
    for table in tables:
        table._meta._db = engine  # type: ignore[assignment]  # noqa: SLF001  # see above; ours only looks like Piccolo's


def _sqlite(path: str) -> SafeSqliteEngine:
    if not path or path == ":memory:" or path.endswith("/"):
        raise ValueError("SQLite needs the path of a file, for example sqlite:///data/gateway.db")
    return SafeSqliteEngine(path)
