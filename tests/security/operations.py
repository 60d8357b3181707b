"""Every operation of the OpenAPI document, and what each sort of caller is answered.

This table is the policy. An operation that is not in it fails `test_matrix.py`, and so does a row without an operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field, structs

OK = 0
"""Gets through: the answer is the operation's own `ok`."""

Policy = Mapping[str, int]


def _policy(**standings: int) -> Policy:
    """What each standing is answered; those nobody spoke of are nobody: 401."""
    return standings


_STRANGE_KEYS = {"sibling_key": 403, "strange_key": 403}

_PEOPLE = ("admin", "owner", "member", "stranger")
_KEYS = ("own_key", "sibling_key", "strange_key")
PUBLIC = _policy(**dict.fromkeys((*_PEOPLE, *_KEYS, "scraper", "network", "nobody"), OK))
PERSON = _policy(admin=OK, owner=OK, member=OK, stranger=OK, own_key=403, **_STRANGE_KEYS)
TOKEN = {**PERSON, **dict.fromkeys(_KEYS, 400)}
"""About the login token of the request itself: a key has none, whoever's it is."""
ADMIN = _policy(admin=OK, owner=403, member=403, stranger=403, own_key=403, **_STRANGE_KEYS)
LIMITED = _policy(admin=OK, owner=403, member=403, stranger=403, own_key=403, **_STRANGE_KEYS)
"""What bounds an instance: set by those who run the gateway, not by whom it bounds."""
MINE = _policy(admin=404, owner=OK, member=404, stranger=404, own_key=403, **_STRANGE_KEYS)
"""A thing of the owner's own, which even an administrator does not reach by this route."""
INSTANCE = _policy(admin=OK, owner=OK, member=OK, own_key=OK, stranger=403, **_STRANGE_KEYS)
"""An instance's own routes: its tenant, and its own key. Another tenant is told that it may not."""
MANAGED = _policy(admin=OK, owner=OK, member=OK, own_key=403, stranger=403, **_STRANGE_KEYS)
"""What changes an instance as such: people only."""
BELONGING = _policy(admin=OK, owner=OK, member=OK, own_key=OK, stranger=404, sibling_key=404, strange_key=404)
"""Webhooks and deliveries of an instance: to others they do not exist."""
RUN = _policy(admin=OK, owner=OK, member=OK, own_key=403, stranger=404, **_STRANGE_KEYS)
"""What changes an instance as such, on the surface that hides the instances of others: people only."""
LISTED = _policy(admin=OK, owner=OK, member=OK, own_key=OK, stranger=OK, sibling_key=OK, strange_key=OK)
"""Everybody gets their own part."""
SCRAPED = _policy(scraper=OK, **dict.fromkeys(("admin", "owner", "member", "stranger", "own_key"), 401))
HOOK = _policy(network=OK)
"""Only the network's proof counts; every other credential is nothing here."""


class Operation(Struct, frozen=True, kw_only=True):
    """One row: who may, what to send, and the status when it gets through."""

    policy: Policy
    ok: int = 200
    ok_with_secret_keys: int | None = None
    """The same where instance keys are secrets (INSTANCE_KEYS=secret), where that differs."""
    ok_by_key: int | None = None
    """The same for somebody who comes with an API key, where that differs."""
    code: str | None = None
    """The `code` of the answer when `ok` is a refusal: that it was refused for the expected reason."""
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    files: Mapping[str, Any] | None = None
    data: Mapping[str, str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Fills `{name}` of the path and the body, itself filled from the stage's names."""
    spare: str | None = None
    """Method of the stage that makes what the operation uses up."""
    last: bool = False
    """It ends what the others need, so it comes after them."""
    spare_caller: bool = False
    """It changes the caller's own credentials: somebody of the same standing is let in to do it."""

    def answer_for(self, standing: str) -> int:
        return self.policy.get(standing, self.policy.get("nobody", 401))


_SEND: dict[str, Any] = {"json": {"phone": "{chat_id}", "message": "zanzibar {n}"}}
_SEND_MEDIA: dict[str, Any] = {"json": {"phone": "{chat_id}", "url": "{picture}", "caption": "zanzibar"}}
_SEND_FILE: dict[str, Any] = {
    "files": {"file": ("zanzibar.txt", b"zanzibar", "text/plain")},
    "data": {"phone": "{chat_id}"},
}
_I, _W = "/api/instances/{instance_id}", "/api/whatsapp/{instance_id}"
_S = "/api/whatsapp-simple/{instance_id}"
_C = _I + "/chats/{chat_id}"
_M = _C + "/messages/{message_id}"
_NO_QR: dict[str, Any] = {"ok": 404, "code": "qr_not_available"}
_CANNOT: dict[str, Any] = {"ok": 400, "code": "unsupported"}
"""What a Telegram bot has no notion of."""
_P, _G = _I + "/contacts/{contact_id}", _I + "/groups/{group_id}"
_SOMEBODY: dict[str, Any] = {**_CANNOT, "names": {"contact_id": "{chat_id}"}}
_SOME_GROUP: dict[str, Any] = {**_CANNOT, "names": {"group_id": "{chat_id}"}}
_V1 = "/api/v1/instances"
_V = _V1 + "/{instance_id}"
_STORED = "/api/v1/stored-messages"
_OF_SHOP = {"instance_id": "{instance_id}"}
_R = "/api/v1/resources"
_MINE_BY_NAME: dict[str, Any] = {"policy": BELONGING, "query": {"instance_id": "{instance_id}"}}
"""What is about one instance that its key selects; here everybody names the shop, whatever they come with."""
_BULK: dict[str, Any] = {"json": {"recipients": [{"to": "{chat_id}"}], "message": "zanzibar {n}"}}
_T, _MP = "/api/v1/telegram", "/api/v1/multi-provider"
_MO = _MP + "/instances/{provider}/{instance_id}"
_NAMED = {"instance_id": "{instance_id}"}
_NO_CODE: dict[str, Any] = {"ok": 404, "code": "QR_NOT_AVAILABLE"}
_NO_GROUPS: dict[str, Any] = {"ok": 501, "code": "UNSUPPORTED"}
"""A Telegram bot cannot see its groups."""
_SAY = {"number": "{chat_id}", "message": "zanzibar {n}"}
_SAY_FILE = {"number": "{chat_id}", "source": "{picture}", "caption": "zanzibar"}
_SAY_TO_GROUP = {"groupId": "{chat_id}", "message": "zanzibar {n}"}
_NEW_GROUP = {"name": "zanzibar", "participants": ["4915100000002"]}
_IN_GROUP: dict[str, Any] = {"policy": BELONGING, "names": {"group_id": "{chat_id}"}}
_ADDED: dict[str, Any] = {**_IN_GROUP, **_NO_GROUPS, "json": {"participants": ["4915100000002"]}}
_FOR_PROGRAMS: dict[str, Operation] = {
    "GET /status": Operation(policy=PUBLIC),
    "GET /account-info": Operation(policy=BELONGING),
    "GET /account": Operation(policy=BELONGING),
    "GET /contacts": Operation(policy=BELONGING),
    "GET /contacts/search": Operation(policy=BELONGING, query={"query": "ann"}),
    "GET /chats": Operation(policy=BELONGING),
    "GET /messages/{number}": Operation(policy=BELONGING, names={"number": "{chat_id}"}),
    "GET /messages/{message_id}/media": Operation(policy=BELONGING, names={"message_id": "{photo}"}),
    "POST /messages/{message_id}/media/download": Operation(policy=BELONGING, names={"message_id": "{photo}"}),
    "POST /send": Operation(policy=BELONGING, json=_SAY),
    "POST /send/media": Operation(policy=BELONGING, json=_SAY_FILE),
    "GET /groups": Operation(policy=BELONGING, **_NO_GROUPS),
    "GET /groups/search": Operation(policy=BELONGING, **_NO_GROUPS, query={"query": "team"}),
    "GET /groups/{group_id}": Operation(**_IN_GROUP, ok=404, code="GROUP_NOT_FOUND"),  # a person is no group
    "POST /groups": Operation(policy=BELONGING, **_NO_GROUPS, json=_NEW_GROUP),
    "GET /groups/{group_id}/messages": Operation(**_IN_GROUP),
    "POST /groups/{group_id}/participants/add": Operation(**_ADDED),
    "POST /groups/{group_id}/participants": Operation(**_ADDED),
    "DELETE /groups/{group_id}/participants/{number}": Operation(
        policy=BELONGING, **_NO_GROUPS, names={"group_id": "{chat_id}", "number": "{chat_id}"}
    ),
    "POST /groups/{group_id}/send": Operation(**_IN_GROUP, json={"message": "zanzibar {n}"}),
}
_WEBHOOK = "/api/webhooks/{webhook_id}"
_DELIVERY = "/api/webhooks/deliveries/{delivery_id}"

OPERATIONS: dict[str, Operation] = {
    # signing in, and one's own credentials
    "POST /api/auth/login": Operation(policy=PUBLIC, json={"email": "{email}", "password": "{password}"}),
    "GET /api/auth/me": Operation(policy=PERSON),
    "POST /api/auth/logout": Operation(policy=TOKEN, ok_by_key=400, spare_caller=True),
    "POST /api/auth/password": Operation(
        policy=PERSON,
        json={"currentPassword": "{password}", "newPassword": "another sentence altogether"},
        spare_caller=True,
    ),
    "POST /api/auth/api-key/rotate": Operation(policy=PERSON, spare_caller=True),
    "GET /api/auth/api-keys": Operation(policy=PERSON),
    "POST /api/auth/api-keys": Operation(policy=PERSON, ok=201, json={"name": "CRM {n}"}, spare_caller=True),
    "DELETE /api/auth/api-keys/{key_id}": Operation(policy=MINE, spare="spare_key"),
    # users
    "GET /api/users": Operation(policy=ADMIN),
    "POST /api/users": Operation(
        policy=ADMIN, ok=201, json={"email": "made-{n}@example.com", "password": "{password}", "tenantId": "{tenant}"}
    ),
    "GET /api/users/{user_id}": Operation(policy=ADMIN),
    "PATCH /api/users/{user_id}": Operation(policy=ADMIN, json={"firstName": "Zoe {n}", "role": "member"}),
    "POST /api/users/{user_id}/password": Operation(policy=ADMIN, json={"password": "another sentence {n}"}),
    # instances
    "GET /api/instances": Operation(policy=PERSON),
    "POST /api/instances": Operation(
        policy=PERSON, ok=201, json={"name": "made", "provider": "telegram", "token": "999{n}:" + "A" * 35}
    ),
    f"GET {_I}": Operation(policy=INSTANCE),
    f"PUT {_I}": Operation(policy=MANAGED, json={"description": "zanzibar {n}", "webhookUrl": "{picture}"}),
    f"DELETE {_I}": Operation(policy=MANAGED, spare="spare_instance"),
    f"GET {_I}/status": Operation(policy=INSTANCE),
    f"POST {_I}/reconnect": Operation(policy=MANAGED, spare="spare_instance"),
    f"POST {_I}/stop": Operation(policy=MANAGED, spare="spare_instance"),
    f"POST {_I}/logout": Operation(policy=MANAGED, spare="spare_instance"),
    f"GET {_I}/qr": Operation(policy=INSTANCE, **_NO_QR),
    f"POST {_I}/send": Operation(policy=INSTANCE, **_SEND),
    f"POST {_I}/send-media": Operation(policy=INSTANCE, **_SEND_MEDIA),
    f"POST {_I}/send-file": Operation(policy=INSTANCE, **_SEND_FILE),
    # what happened, whom it knows
    f"GET {_I}/activity": Operation(policy=INSTANCE),
    f"GET {_I}/events": Operation(policy=INSTANCE),
    f"GET {_I}/events/stream": Operation(
        policy=INSTANCE, ok=400, code="invalid_input", query={"types": "instance_created"}
    ),
    f"GET {_I}/journal": Operation(policy=INSTANCE),
    f"GET {_I}/contacts": Operation(policy=INSTANCE),
    f"GET {_I}/contacts/db": Operation(policy=INSTANCE),
    f"POST {_I}/contacts/add": Operation(policy=INSTANCE, json={"phone": "77001{n}", "name": "zanzibar"}),
    f"POST {_I}/contacts/import": Operation(policy=INSTANCE, **_CANNOT),
    f"POST {_I}/contacts/save": Operation(policy=INSTANCE, json={"number": "77002{n}", "name": "zanzibar {n}"}),
    f"POST {_I}/contacts/delete": Operation(policy=INSTANCE, json={"remoteJid": "{known}"}, spare="known"),
    f"DELETE {_I}/contacts/{{remote_jid}}": Operation(policy=INSTANCE, names={"remote_jid": "{known}"}, spare="known"),
    f"GET {_I}/socket": Operation(policy=INSTANCE),
    f"GET {_C}/history": Operation(policy=INSTANCE),
    f"GET {_I}/chats": Operation(policy=INSTANCE),
    f"GET {_I}/profile": Operation(policy=INSTANCE),
    f"GET {_C}/messages": Operation(policy=INSTANCE),
    f"GET {_M}/media": Operation(policy=INSTANCE, names={"message_id": "{photo}"}),
    f"PUT {_M}": Operation(policy=INSTANCE, json={"message": "zanzibar edited {n}"}),
    f"DELETE {_M}": Operation(policy=INSTANCE, spare="said"),
    f"POST {_M}/reaction": Operation(policy=INSTANCE, json={"emoji": "👍"}),
    f"POST {_C}/activity": Operation(policy=INSTANCE, json={"activity": "typing"}),
    f"POST {_I}/buttons/{{query_id}}/answer": Operation(policy=INSTANCE, json={"text": "zanzibar"}, spare="pressed"),
    f"POST {_C}/read": Operation(policy=INSTANCE, **_CANNOT, json={}),
    f"POST {_M}/read": Operation(policy=INSTANCE, **_CANNOT),
    # logging in by a linked device, and what only some networks know
    f"POST {_I}/pairing-code": Operation(policy=MANAGED, **_CANNOT, json={"phoneNumber": "4915100000002"}),
    f"GET {_I}/capabilities": Operation(policy=INSTANCE),
    f"GET {_I}/contacts/live": Operation(policy=INSTANCE, **_CANNOT),
    f"POST {_I}/contacts/check": Operation(policy=INSTANCE, **_CANNOT, json={"phones": ["4915100000002"]}),
    f"GET {_P}/picture": Operation(policy=INSTANCE, **_SOMEBODY),
    f"GET {_P}/about": Operation(policy=INSTANCE, **_SOMEBODY),
    f"POST {_P}/presence": Operation(policy=INSTANCE, **_SOMEBODY),
    f"PUT {_I}/presence": Operation(policy=INSTANCE, **_CANNOT, json={"available": True}),
    f"GET {_I}/blocklist": Operation(policy=INSTANCE, **_CANNOT),
    f"PUT {_I}/blocklist/{{contact_id}}": Operation(policy=INSTANCE, **_SOMEBODY),
    f"DELETE {_I}/blocklist/{{contact_id}}": Operation(policy=INSTANCE, **_SOMEBODY),
    f"GET {_I}/groups": Operation(policy=INSTANCE, **_CANNOT),
    f"POST {_I}/groups": Operation(
        policy=INSTANCE, **_CANNOT, json={"subject": "zanzibar {n}", "members": ["4915100000002"]}
    ),
    f"POST {_I}/groups/join": Operation(policy=INSTANCE, **_CANNOT, json={"link": "https://chat.whatsapp.com/x"}),
    f"GET {_G}": Operation(policy=INSTANCE, names={"group_id": "{chat_id}"}, ok=404, code="group_not_found"),
    f"PUT {_G}": Operation(policy=INSTANCE, **_SOME_GROUP, json={"subject": "zanzibar {n}"}),
    f"POST {_G}/members": Operation(
        policy=INSTANCE, **_SOME_GROUP, json={"action": "add", "members": ["4915100000002"]}
    ),
    f"POST {_G}/leave": Operation(policy=INSTANCE, **_SOME_GROUP),
    f"GET {_G}/invite": Operation(policy=INSTANCE, **_SOME_GROUP),
    f"POST {_G}/invite/reset": Operation(policy=INSTANCE, **_SOME_GROUP),
    f"GET {_I}/channels": Operation(policy=INSTANCE, **_CANNOT),
    f"GET {_I}/channels/{{channel_id}}/messages": Operation(
        policy=INSTANCE, **_CANNOT, names={"channel_id": "{chat_id}"}
    ),
    f"POST {_I}/calls/{{call_id}}/reject": Operation(
        policy=INSTANCE, **_CANNOT, names={"call_id": "{chat_id}"}, json={"caller": "{chat_id}"}
    ),
    # the same for programs
    f"GET {_W}/status": Operation(policy=INSTANCE),
    f"GET {_W}/qr": Operation(policy=INSTANCE, **_NO_QR),
    f"GET {_W}/events": Operation(policy=INSTANCE),
    f"GET {_W}/contacts": Operation(policy=INSTANCE),
    f"GET {_W}/contacts/db": Operation(policy=INSTANCE),
    f"POST {_W}/contacts/add": Operation(policy=INSTANCE, json={"phone": "77003{n}"}),
    f"POST {_W}/contacts/import": Operation(policy=INSTANCE, **_CANNOT),
    f"POST {_W}/contacts/save": Operation(policy=INSTANCE, json={"number": "77004{n}", "about": "zanzibar"}),
    f"GET {_W}/socket": Operation(policy=INSTANCE),
    f"POST {_W}/send": Operation(policy=INSTANCE, **_SEND),
    f"POST {_W}/send-media": Operation(policy=INSTANCE, **_SEND_MEDIA),
    f"POST {_W}/send-file": Operation(policy=INSTANCE, **_SEND_FILE),
    # its own key may do that, and has no other instance: so the shop itself is logged out
    f"POST {_W}/logout": Operation(policy=INSTANCE, last=True),
    # the same again, for the oldest programs
    f"POST {_S}/init": Operation(policy=MANAGED),
    f"GET {_S}/qr": Operation(policy=INSTANCE, **_NO_QR),
    f"GET {_S}/status": Operation(policy=INSTANCE),
    f"POST {_S}/send": Operation(policy=INSTANCE, **_SEND),
    f"POST {_S}/logout": Operation(policy=MANAGED, spare="spare_instance"),
    # webhooks
    "GET /api/webhooks": Operation(policy=LISTED),
    "POST /api/webhooks": Operation(policy=INSTANCE, ok=201, json={"url": "{picture}", "instanceId": "{instance_id}"}),
    f"GET {_WEBHOOK}": Operation(policy=BELONGING),
    f"PUT {_WEBHOOK}": Operation(policy=BELONGING, json={"maxRetries": 1}),
    f"PATCH {_WEBHOOK}": Operation(policy=BELONGING, json={"maxRetries": 2}),
    f"DELETE {_WEBHOOK}": Operation(policy=BELONGING, spare="spare_webhook"),
    f"POST {_WEBHOOK}/rotate-secret": Operation(policy=BELONGING, json={}),
    f"POST {_WEBHOOK}/test": Operation(policy=BELONGING, ok=202),
    "GET /api/webhooks/deliveries": Operation(policy=LISTED),
    "POST /api/webhooks/deliveries/redeliver": Operation(
        policy=BELONGING, ok=202, json={"endpointId": "{webhook_id}", "state": "delivered"}, spare="settled"
    ),
    f"GET {_DELIVERY}": Operation(policy=BELONGING),
    f"POST {_DELIVERY}/redeliver": Operation(policy=BELONGING, ok=202, spare="settled"),
    # counters
    "GET /api/stats/user": Operation(policy=PERSON),
    "GET /api/stats/instances/{instance_id}": Operation(policy=INSTANCE),
    "GET /api/stats/system": Operation(policy=ADMIN),
    # limits, and the gateway's own jobs
    f"GET {_I}/usage-limits": Operation(policy=INSTANCE),
    f"PUT {_I}/usage-limits": Operation(policy=LIMITED, json={"maxMessagesSent": 1000000}),
    f"DELETE {_I}/usage-limits": Operation(policy=LIMITED),
    "GET /api/users/{user_id}/usage-limits": Operation(policy=ADMIN),
    "PUT /api/users/{user_id}/usage-limits": Operation(policy=ADMIN, json={"maxApiCalls": 1000000}),
    "DELETE /api/users/{user_id}/usage-limits": Operation(policy=ADMIN),
    "GET /api/usage-limits": Operation(policy=ADMIN),
    "PUT /api/usage-limits": Operation(policy=ADMIN, json={"maxWebhookCalls": 1000000, "timeWindowHours": 48}),
    "DELETE /api/usage-limits": Operation(policy=ADMIN),
    "GET /api/jobs": Operation(policy=ADMIN),
    "POST /api/jobs/{name}/run": Operation(policy=ADMIN, names={"name": "usage_save"}),
    "GET /api/db/status": Operation(policy=ADMIN),
    "POST /api/db/switch": Operation(policy=ADMIN, json={"provider": "{database}"}),
    # the Instance Manager: the same instances in another dialect
    "GET /api/v1": Operation(policy=PUBLIC),
    f"GET {_V1}": Operation(policy=PERSON),
    f"POST {_V1}": Operation(
        policy=PERSON, ok=201, json={"company_id": "made", "provider": "telegram", "token": "998{n}:" + "A" * 35}
    ),
    f"GET {_V1}/memory/stats": Operation(policy=PERSON),
    f"GET {_V1}/stats/aggregated": Operation(policy=PERSON, query={"instance_ids": "{instance_id}"}),
    f"POST {_V1}/batch/status": Operation(policy=PERSON, json={"instance_ids": ["{instance_id}"]}),
    f"POST {_V1}/batch/update": Operation(
        policy=PERSON, json={"updates": [{"id": "{instance_id}", "data": {"name": "zanzibar {n}"}}]}
    ),
    **{
        f"GET {_V}{end}": Operation(policy=BELONGING)
        for end in (
            "",
            "/memory",
            "/status-history",
            "/qr-history",
            "/api-key-history",
            "/api-key",
            "/current-api-key",
            "/activity-stats",
            "/errors",
            "/auth-status",
            "/logs",
            "/health",
        )
    },
    f"GET {_V}/qr": Operation(policy=BELONGING, **_NO_CODE),
    f"GET {_V}/current-qr": Operation(policy=BELONGING, **_NO_CODE),
    f"GET {_V}/credentials": Operation(policy=BELONGING, ok_with_secret_keys=404),
    f"POST {_V}/api-key/rotate": Operation(policy=RUN, ok=409, ok_with_secret_keys=200, spare="spare_instance"),
    f"POST {_V}/clear-errors": Operation(policy=RUN),
    f"POST {_V}/process": Operation(policy=RUN, json={"force_recreate": True}, spare="spare_instance"),
    f"POST {_V}/start": Operation(policy=RUN),
    f"POST {_V}/stop": Operation(policy=RUN, spare="spare_instance"),
    f"POST {_V}/restart": Operation(policy=RUN, spare="spare_instance"),
    f"DELETE {_V}": Operation(policy=RUN, spare="spare_instance"),
    # what is under one label, and what was said on one instance
    **{
        f"GET /api/v1/company/{{company_id}}/{end}": Operation(policy=PERSON, names={"company_id": "acme"})
        for end in ("messages", "messages/stats", "messages/recent", "instances")
    },
    f"GET {_STORED}": Operation(policy=BELONGING, query=_OF_SHOP),
    f"GET {_STORED}/stats": Operation(policy=BELONGING, query=_OF_SHOP),
    f"POST {_STORED}/cleanup": Operation(policy=BELONGING, query=_OF_SHOP, json={"daysToKeep": 30}),
    # one instance as programs use it, now and at older paths; its key names it, and a person has to
    **{
        f"{ask.partition(' ')[0]} {root}{ask.partition(' ')[2]}": structs.replace(
            row, query={"instance_id": "{instance_id}", **row.query}
        )
        for root in ("/api/v1", "/api")
        for ask, row in _FOR_PROGRAMS.items()
    },
    **{
        ask: structs.replace(row, query={"instance_id": "{instance_id}"})
        for ask, row in {
            "GET /api/v1/health": Operation(policy=PUBLIC),
            "GET /api/v1/whatsapp/status": Operation(policy=PUBLIC),
            "GET /api/v1/whatsapp/qr": Operation(policy=BELONGING, **_NO_CODE),
            "POST /api/v1/whatsapp/send": Operation(policy=BELONGING, json=_SAY),
            "POST /api/v1/whatsapp/send-message": Operation(policy=BELONGING, json=_SAY),
            "POST /api/send-media": Operation(policy=BELONGING, json=_SAY_FILE),
            "POST /api/groups/create": Operation(policy=BELONGING, **_NO_GROUPS, json=_NEW_GROUP),
            "POST /api/create-group": Operation(policy=BELONGING, **_NO_GROUPS, json=_NEW_GROUP),
            "POST /api/groups/send": Operation(policy=BELONGING, json=_SAY_TO_GROUP),
            "POST /api/send-group": Operation(policy=BELONGING, json=_SAY_TO_GROUP),
            "POST /api/add-participants": Operation(
                policy=BELONGING, **_NO_GROUPS, json={"groupId": "{chat_id}", "participants": ["4915100000002"]}
            ),
            "GET /api/group-messages/{group_id}": Operation(policy=BELONGING, names={"group_id": "{chat_id}"}),
            "POST /api/download-media/{message_id}": Operation(policy=BELONGING, names={"message_id": "{photo}"}),
        }.items()
    },
    # what the gateway takes, what it remembers, what it says to itself
    **{
        f"GET {_R}{end}": Operation(policy=PERSON)
        for end in ("", "/instances", "/ports", "/performance", "/health", "/cache/stats")
    },
    f"POST {_R}/ports/clear-cache": Operation(policy=PERSON),
    f"POST {_R}/cache/clear": Operation(policy=ADMIN, json={"keys": ["endpoints"]}),
    f"POST {_R}/memory/cleanup": Operation(policy=ADMIN),
    f"POST {_R}/stress-test": Operation(policy=ADMIN, json={"concurrent": 2, "iterations": 1}),
    **{f"GET /api/v1/logs{end}": Operation(policy=ADMIN) for end in ("", "/latest", "/stats", "/health")},
    **{
        operation: Operation(**_MINE_BY_NAME, **more)
        for path in ("/api/v1/send-bulk", "/api/v1/telegram/send-bulk")
        for operation, more in (
            (f"POST {path}", _BULK),
            (f"GET {path}", {}),
            (f"GET {path}/{{bulk_id}}", {}),
            (f"POST {path}/{{bulk_id}}/cancel", {"spare": "spare_bulk"}),
            (f"DELETE {path}/{{bulk_id}}", {"spare": "spare_bulk"}),
        )
    },
    # one Telegram instance, which its key selects and others name
    f"GET {_T}/health": Operation(policy=PUBLIC, query=_NAMED),
    f"GET {_T}/status": Operation(policy=PUBLIC, query=_NAMED),
    **{
        f"GET {_T}{end}": Operation(policy=BELONGING, query=_NAMED)
        for end in (
            "/me",
            "/account",
            "/account-info",
            "/contacts",
            "/chats",
            "/messages/recent",
            "/recent-messages",
            "/updates",
            "/polling/status",
        )
    },
    f"GET {_T}/messages/{{chat_id}}": Operation(policy=BELONGING, query=_NAMED),
    f"GET {_T}/group/{{group_id}}": Operation(
        policy=BELONGING, query=_NAMED, names={"group_id": "{chat_id}"}, ok=404, code="GROUP_NOT_FOUND"
    ),
    **{
        f"POST {_T}{end}": Operation(
            policy=BELONGING, query=_NAMED, json={"chatId": "{chat_id}", "message": "zanzibar {n}"}
        )
        for end in ("/send", "/send-message", "/send-telegram-message")
    },
    f"POST {_T}/send-media": Operation(
        policy=BELONGING, query=_NAMED, json={"chatId": "{chat_id}", "source": "{picture}"}
    ),
    f"POST {_T}/polling/stop": Operation(policy=BELONGING, query=_NAMED),
    f"POST {_T}/polling/start": Operation(policy=BELONGING, query=_NAMED),
    # the same instances in one form for every network
    f"GET {_MP}/stats": Operation(policy=PERSON),
    f"GET {_MP}/active-providers": Operation(policy=PERSON),
    f"GET {_MP}/instances": Operation(policy=PERSON),
    f"POST {_MP}/instances": Operation(
        policy=PERSON, ok=201, json={"provider": "telegram", "config": {"botToken": "997{n}:" + "A" * 35}}
    ),
    f"GET {_MO}/status": Operation(policy=BELONGING),
    f"GET {_MO}/contacts": Operation(policy=BELONGING),
    f"GET {_MO}/chats": Operation(policy=BELONGING),
    f"POST {_MO}/send-message": Operation(policy=BELONGING, json={"to": "{chat_id}", "message": "zanzibar {n}"}),
    f"POST {_MO}/send-media": Operation(policy=BELONGING, json={"to": "{chat_id}", "mediaUrl": "{picture}"}),
    f"DELETE {_MO}": Operation(policy=RUN, spare="spare_instance"),
    f"DELETE {_MP}/instances/{{instance_id}}": Operation(policy=RUN, spare="spare_instance"),
    # the webhook of one instance, whose key or name comes along
    **{
        f"GET /api/v1{path}": Operation(policy=BELONGING, query={"instance_id": "{instance_id}"})
        for path in ("/webhook", "/webhook/config", "/telegram/webhook", "/telegram/webhook/config")
    },
    **{
        ask: Operation(
            policy=BELONGING,
            query={"instance_id": "{instance_id}"},
            json={"url": "{picture}", "events": ["message"], "authToken": "zanzibar {n}"},
        )
        for ask in (
            "PUT /api/v1/webhook",
            "POST /api/v1/webhook/config",
            "PUT /api/v1/telegram/webhook",
            "POST /api/v1/telegram/webhook/config",
        )
    },
    # the networks, and those who run the gateway
    "POST /api/v1/webhook/{provider}/{instance}": Operation(
        policy=HOOK, names={"instance": "{hooked}"}, json={"update_id": 1}
    ),
    "GET /api/v1/webhook/{provider}/{instance}": Operation(
        policy=PUBLIC, names={"instance": "{hooked}"}, ok=404, code="NOT_FOUND"
    ),
    "POST /hooks/{provider}/{instance_id}": Operation(
        policy=HOOK, names={"instance_id": "{hooked}"}, json={"update_id": 1}
    ),
    "GET /health": Operation(policy=PUBLIC),
    "GET /api/health": Operation(policy=PUBLIC),
    "GET /ready": Operation(policy=PUBLIC),
    "GET /metrics": Operation(policy=SCRAPED),
}

UNDOCUMENTED = {
    "GET /docs": "the page that shows the document",
    "GET /docs/openapi.json": "the document itself",
    "GET /docs/{path}": "what the framework adds under /docs: always 404",
    "GET /": "sends a browser to the page",
    "GET /docs/static/{name}": "the page's own script and style",
}
"""Routes that the document leaves out, and why."""
