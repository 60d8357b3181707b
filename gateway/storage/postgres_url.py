"""What a DATABASE_URL means to asyncpg, also when it was written for another program."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gateway.domain.errors import InvalidInput

# Parameters of Prisma, which deployments of the older gateway have in their URLs. asyncpg would send each
# unknown one to the server as a setting, and the server would refuse the connection.
_FOREIGN = {"connection_limit", "pool_timeout", "connect_timeout", "socket_timeout", "pgbouncer", "schema"}


_UNREADABLE = (
    "The PostgreSQL URL cannot be read; it is postgresql://user:password@host:5432/name, and the signs @ : / ? # % "
    "in a password are written as %40 %3A %2F %3F %23 %25."
)


def unreadable(field: str) -> InvalidInput:
    """What to say of a PostgreSQL URL that is none."""
    return InvalidInput(_UNREADABLE, field=field)


def require_readable(url: str, field: str) -> None:
    """Whether a URL somebody typed is one. Raises InvalidInput, which quotes no part of it that may be secret."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # looked at, because a password's slash makes a port of what is before it
    except ValueError:
        raise unreadable(field) from None
    known = parts.scheme in ("postgres", "postgresql")
    if not known or parts.fragment or "@" in parts.path + parts.query or not parts.path.strip("/"):
        raise unreadable(field)


def without_credentials(url: str) -> str:
    """Server and database of a URL, and nothing else of it: user, password and parameters stay out."""
    parts = urlsplit(url.strip())
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def connect_config(url: str) -> dict[str, Any]:
    """Keyword arguments for `asyncpg.connect`. TCP, unix-socket (`?host=/folder`) and `postgres://` URLs all work."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    config: dict[str, Any] = {}
    if schema := query.get("schema"):
        config["server_settings"] = {"search_path": schema}
    if query.get("pgbouncer") == "true":
        config["statement_cache_size"] = 0  # a pooler in transaction mode loses prepared statements
    kept = {name: value for name, value in query.items() if name not in _FOREIGN}
    config["dsn"] = urlunsplit(parts._replace(query=urlencode(kept, safe="/")))
    return config
