"""What a DATABASE_URL means to asyncpg, also when it was written for another program."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# Parameters of Prisma, which deployments of the older gateway have in their URLs. asyncpg would send each
# unknown one to the server as a setting, and the server would refuse the connection.
_FOREIGN = {"connection_limit", "pool_timeout", "connect_timeout", "socket_timeout", "pgbouncer", "schema"}


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
