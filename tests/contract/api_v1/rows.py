"""What the Instance Manager's documents and code offer: every route in their union, with the statuses its clients meet.

`{}` stands for whatever varies. The two routes of its MCP server are not among them: this version has no MCP surface.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_MANAGER = (
    ("GET /health", [200]),
    ("GET /api/v1/", [200]),
    ("GET /api/health", [200]),
)
_INSTANCES = (
    ("POST ", [201, 400, 401]),
    ("GET ", [200, 400, 401]),
    ("GET /memory/stats", [200]),
    ("GET /{}", [200, 404]),
    ("GET /{}/memory", [200]),
    ("GET /{}/status-history", [200, 400]),
    ("GET /{}/qr-history", [200]),
    ("GET /{}/api-key-history", [200]),
    ("GET /{}/current-qr", [404]),
    ("GET /{}/api-key", [200]),
    ("GET /{}/current-api-key", [200]),
    ("GET /{}/activity-stats", [200]),
    ("GET /{}/errors", [200]),
    ("POST /{}/clear-errors", [200]),
    ("POST /{}/process", [200, 404]),
    ("POST /{}/start", [200]),
    ("POST /{}/stop", [200]),
    ("POST /{}/restart", [200]),
    ("DELETE /{}", [200, 404]),
    ("GET /{}/auth-status", [200]),
    ("GET /{}/qr", [404]),
    ("GET /{}/credentials", [200]),
    ("GET /{}/logs", [200]),
    ("GET /{}/health", [200]),
    ("POST /batch/status", [200, 400]),
    ("POST /batch/update", [200, 400]),
    ("GET /stats/aggregated", [200]),
)
_RESOURCES = (
    ("GET ", [200]),
    ("GET /instances", [200]),
    ("GET /ports", [200]),
    ("POST /ports/clear-cache", [200]),
    ("GET /performance", [200]),
    ("GET /health", [200]),
    ("GET /cache/stats", [200]),
    ("POST /cache/clear", [200]),
    ("POST /memory/cleanup", [200]),
    ("POST /stress-test", [200, 400, 403]),
)
_LOGS = (
    ("GET ", [200, 400, 403]),
    ("GET /latest", [200]),
    ("GET /stats", [200]),
    ("GET /health", [200]),
)
_COMPANY = (
    ("GET /messages", [200, 400]),
    ("GET /messages/stats", [200]),
    ("GET /messages/recent", [200, 400]),
    ("GET /instances", [200]),
)
_MULTI_PROVIDER = (
    ("POST /instances", [201, 400]),
    ("GET /instances", [200]),
    ("GET /instances/{}/{}/status", [200, 404]),
    ("POST /instances/{}/{}/send-message", [200, 400]),
    ("POST /instances/{}/{}/send-media", [200]),
    ("GET /instances/{}/{}/contacts", [200]),
    ("GET /instances/{}/{}/chats", [200]),
    ("DELETE /instances/{}/{}", [200]),
    ("DELETE /instances/{}", [200]),
    ("GET /stats", [200]),
    ("GET /active-providers", [200]),
)
_INBOUND = (
    ("POST /telegram/{}", [404]),
    ("POST /whatsapp-official/{}", [404]),
    ("POST /facebook-messenger/{}", [404]),
    ("POST /instagram/{}", [404]),
    ("POST /slack/{}", [404]),
    ("POST /discord/{}", [404]),
    ("POST /whatsappweb/{}", [404]),
    ("GET /whatsapp-official/{}", [200, 403]),
)
_WHATSAPP = (
    ("GET /status", [200]),
    ("GET /health", [200, 503]),
    ("GET /contacts", [200, 401, 503]),
    ("GET /contacts/search", [200, 400]),
    ("GET /chats", [200]),
    ("GET /messages/{}", [200, 404]),
    ("POST /send", [200, 400, 503]),
    ("POST /send/media", [200, 400]),
    ("GET /groups", [200, 501]),
    ("GET /groups/search", [200, 400]),
    ("GET /groups/{}", [200, 404]),
    ("POST /groups", [200, 400]),
    ("GET /groups/{}/messages", [200, 404]),
    ("POST /groups/{}/participants/add", [200]),
    ("POST /groups/{}/participants", [200]),
    ("DELETE /groups/{}/participants/{}", [200]),
    ("POST /groups/{}/send", [200, 400]),
    ("POST /messages/{}/media/download", [200, 404]),
    ("POST /send-bulk", [200, 202, 400]),
    ("GET /stored-messages", [200]),
    ("GET /stored-messages/stats", [200]),
    ("POST /stored-messages/cleanup", [200]),
    ("GET /account-info", [200]),
    ("GET /account", [200]),
    ("GET /webhook/config", [200]),
    ("POST /webhook/config", [200, 400]),
    ("GET /webhook", [200]),
    ("PUT /webhook", [200]),
    ("POST /whatsapp/send-message", [200]),
)
_TELEGRAM = (
    ("GET /health", [200]),
    ("GET /status", [200]),
    ("GET /me", [200, 401]),
    ("GET /account-info", [200]),
    ("GET /account", [200]),
    ("GET /webhook/config", [200]),
    ("POST /webhook/config", [200]),
    ("GET /webhook", [200]),
    ("PUT /webhook", [200]),
    ("GET /contacts", [200]),
    ("GET /chats", [200]),
    ("POST /send", [200, 400]),
    ("POST /send-telegram-message", [200]),
    ("POST /send-message", [200]),
    ("POST /send-media", [200, 400]),
    ("POST /send-bulk", [200]),
    ("GET /group/{}", [200, 404]),
    ("POST /polling/start", [200]),
    ("POST /polling/stop", [200]),
    ("GET /polling/status", [200]),
    ("GET /messages/recent", [200]),
    ("GET /recent-messages", [200]),
    ("GET /messages/{}", [200]),
    ("GET /updates", [200]),
)

_Rows = Iterable[tuple[str, list[int]]]


def _below(path: str, rows: _Rows) -> dict[str, frozenset[int]]:
    return {f"{row.split(' ')[0]} {path}{row.split(' ')[1]}": frozenset(statuses) for row, statuses in rows}


ROUTES: Mapping[str, frozenset[int]] = {
    **_below("", _MANAGER),
    **_below("/api/v1/instances", _INSTANCES),
    **_below("/api/v1/resources", _RESOURCES),
    **_below("/api/v1/logs", _LOGS),
    **_below("/api/v1/company/{}", _COMPANY),
    **_below("/api/v1/multi-provider", _MULTI_PROVIDER),
    **_below("/api/v1/webhook", _INBOUND),
    **_below("/api/v1", _WHATSAPP),
    **_below("/api/v1/telegram", _TELEGRAM),
}
BEFORE: tuple[str, ...] = (
    "GET /api/status",
    "GET /api/contacts",
    "GET /api/contacts/search",
    "GET /api/chats",
    "GET /api/messages/{}",
    "POST /api/send",
    "POST /api/send/media",
    "GET /api/groups",
    "GET /api/groups/search",
    "GET /api/groups/{}",
    "POST /api/groups",
    "GET /api/groups/{}/messages",
    "POST /api/groups/{}/participants/add",
    "POST /api/groups/{}/send",
    "POST /api/messages/{}/media/download",
)
"""Routes of one instance where its oldest version had them."""
