"""Database URLs as they may be shown: to a terminal, a log of one, or whoever looks over a shoulder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from gateway.domain.errors import InvalidInput
from gateway.storage.engine import Engine, SafeSqliteEngine, make_engine
from gateway.storage.postgres_url import require_readable, unreadable

_HIDDEN = "..."
_HARMLESS = {"host", "port", "user", "dbname", "database", "schema", "sslmode", "application_name"}
"""Parameters that are shown as they are; a URL's other ones may be passwords."""


def engine_at(url: str) -> Engine:
    """The engine for a URL somebody typed. Raises InvalidInput, which quotes no part of it that may be secret."""
    try:
        engine = make_engine(url)
    except ValueError as error:
        known = str(error).startswith(("Unknown kind", "A SQLite URL", "SQLite needs"))
        raise (InvalidInput(str(error), field="to") if known else unreadable("to")) from None
    if not isinstance(engine, SafeSqliteEngine):
        require_readable(url, "to")
    return engine


def shown(url: str) -> str:
    """The URL, or the path of a SQLite file, with `...` for whatever may be secret. Raises as `engine_at`."""
    engine = engine_at(url)
    if isinstance(engine, SafeSqliteEngine):
        return str(engine.file)
    parts = urlsplit(url.strip())
    user, at, address = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    query = [(key, value if key in _HARMLESS else _HIDDEN) for key, value in parse_qsl(parts.query)]
    return parts._replace(
        netloc=f"{name}{colon and ':' + _HIDDEN}{at}{address}", query=urlencode(query, safe="/."), fragment=""
    ).geturl()


def environment_for(url: str) -> tuple[str, ...]:
    """The settings with which a gateway uses this database, with `...` for a password. Raises as `engine_at`."""
    engine = engine_at(url)
    if isinstance(engine, SafeSqliteEngine):
        return ("DATABASE_PROVIDER=sqlite", f"SQLITE_DATABASE_URL=file:{Path(engine.file).absolute()}")
    return ("DATABASE_PROVIDER=postgres", f"DATABASE_URL={shown(url)}")
