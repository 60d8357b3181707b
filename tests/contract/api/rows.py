"""What the WhatsApp Multi-Instance API answers: every route of it, with the statuses its clients may meet there.

`{}` stands for an instance, `{c}` for a chat or a contact. 401, 403 and 404 of a route of one instance are not
repeated here: every such route is asked for them (`test_over_whatsapp.REFUSING`).
"""

from __future__ import annotations

ROUTES: dict[str, frozenset[int]] = {
    route: frozenset(statuses)
    for route, statuses in (
        # who is asking
        ("POST /api/auth/login", [200, 400, 401]),
        ("GET /api/auth/me", [200, 401]),
        # instances
        ("POST /api/instances", [201, 400, 401]),
        ("GET /api/instances", [200, 401]),
        ("GET /api/instances/{}", [200, 404]),
        ("PUT /api/instances/{}", [200, 400]),
        ("DELETE /api/instances/{}", [200, 404]),
        ("GET /api/instances/{}/status", [200]),
        ("POST /api/instances/{}/reconnect", [200]),
        ("POST /api/instances/{}/logout", [200]),
        ("GET /api/instances/{}/qr", [200, 404]),  # 202 needs a clock: see `test_waiting_for_a_qr_code.py`
        ("GET /api/instances/{}/activity", [200, 400]),
        ("GET /api/instances/{}/events", [200, 400]),
        ("GET /api/instances/{}/chats/{c}/messages", [200, 400]),
        ("POST /api/instances/{}/send", [200, 400, 500]),
        # contacts
        ("GET /api/instances/{}/contacts", [200]),
        ("GET /api/whatsapp/{}/contacts", [200, 500]),
        ("POST /api/instances/{}/contacts/add", [200, 400, 500]),
        ("GET /api/instances/{}/contacts/db", [200, 400]),
        ("GET /api/whatsapp/{}/contacts/db", [200]),
        ("POST /api/instances/{}/contacts/import", [200, 500]),
        ("POST /api/whatsapp/{}/contacts/import", [200, 500]),
        ("POST /api/instances/{}/contacts/save", [200, 400]),
        ("POST /api/whatsapp/{}/contacts/save", [200, 400]),
        ("POST /api/instances/{}/contacts/delete", [200, 400, 404]),
        ("DELETE /api/instances/{}/contacts/{c}", [200, 404]),
        # what is said
        ("GET /api/whatsapp/{}/status", [200]),
        ("GET /api/whatsapp/{}/qr", [200, 404]),
        ("POST /api/whatsapp/{}/send", [200, 400, 500]),
        ("POST /api/whatsapp/{}/send-media", [200, 400, 500]),
        ("POST /api/whatsapp/{}/send-file", [200, 400, 500]),
        ("GET /api/whatsapp/{}/events", [200]),
        ("POST /api/whatsapp/{}/logout", [200]),
        # the second implementation, which its readme and its container guide offer
        ("POST /api/whatsapp-simple/{}/init", [200]),
        ("GET /api/whatsapp-simple/{}/qr", [200, 404]),
        ("GET /api/whatsapp-simple/{}/status", [200]),
        ("POST /api/whatsapp-simple/{}/send", [200, 400]),
        ("POST /api/whatsapp-simple/{}/logout", [200]),
        # called by its pages or told in its documentation, and never there
        ("POST /api/instances/{}/send-file", [200]),
        ("GET /api/instances/{}/chats/{c}/history", [200]),
        ("POST /api/whatsapp/{}/contacts/add", [200]),
        ("GET /api/instances/{}/socket", [200]),
        ("GET /api/whatsapp/{}/socket", [200]),
        # statistics, health
        ("GET /api/stats/user", [200, 401]),
        ("GET /api/stats/instances/{}", [200, 404]),
        ("GET /api/stats/system", [200, 403]),
        ("GET /health", [200]),
    )
}

SWITCHING = ("GET /api/db/status", "POST /api/db/switch")
"""Asked by `tests/e2e/test_switching.py`, which also looks at what a switch leaves behind."""

PERIODS = {
    "/api/stats/user": ("week", "month", "year", "all", None),
    "/api/stats/instances/{}": ("today", "week", "month", "all", None),
}
"""The periods of each statistic; None is the default."""
