"""Hostile and broken input is refused with a stable code, and a refusal changes nothing.

Each table is asked of a whole gateway with a connected bot; after every request the rows of every table and what the
network was told are as before. Two tables are left out of that: the audit trail, which records attempts, and the
counters, which are written with a delay.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct, field

from gateway.storage.tables import ALL_TABLES, AuditLines, UsageDays
from gateway.surfaces.http import BODY_LIMIT
from tests.conftest import Until
from tests.process import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.running import RunningGateway, running_gateway
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import Bot, TelegramSimulator, User

JSON = {"content-type": "application/json"}
MEGABYTE = 1024 * 1024


class Bad(Struct, frozen=True, kw_only=True):
    """One request that is refused, by the refusal's status and code (or one of several), and the field to blame."""

    ask: str
    status: int = 400
    code: str = "invalid_input"
    blames: str | None = None
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    files: Mapping[str, Any] | None = None


class House:
    """A gateway with a shop in it: a connected bot, Ann who wrote to it, and a webhook."""

    def __init__(self, running: RunningGateway, http: httpx.AsyncClient, bot: Bot, ann: User) -> None:
        self.running, self.http, self.bot, self.ann = running, http, bot, ann
        self.names: dict[str, str] = {"chat": str(ann.id), "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}

    async def furnish(self, telegram: TelegramSimulator, receiver: Receiver | None, until: Until) -> None:
        """Without a receiver the webhook is off and leads nowhere."""
        body = {"name": "shop", "provider": "telegram", "token": self.bot.token}
        shop = (await self.http.post("/api/instances", json=body)).json()["id"]
        self.names["shop"] = shop
        status = f"/api/instances/{shop}/status"

        async def ready() -> bool:
            return bool((await self.http.get(status)).json()["ready"])

        await until(ready)
        if receiver is None:
            off = {"url": "https://example.com/", "enabled": False}
            made = await self.http.post("/api/webhooks", json=off)
            self.names["webhook"] = made.json()["webhook"]["id"]
            return
        body = {"url": receiver.url("/events"), "instanceId": shop}
        webhook = (await self.http.post("/api/webhooks", json=body)).json()["webhook"]["id"]
        telegram.people.sends_text(self.ann, self.bot, "hello")
        heard = f"/api/webhooks/deliveries?endpointId={webhook}&state=delivered"

        async def delivered() -> bool:
            return any(
                each["event"] == "message.received" for each in (await self.http.get(heard)).json()["deliveries"]
            )

        await until(delivered)
        user = (await self.http.get("/api/users")).json()["users"][0]["id"]
        self.names |= {"webhook": webhook, "user": user}

    async def now(self) -> dict[str, int]:
        """How much there is of everything."""
        counts = {
            table._meta.tablename: int(await table.count())
            for table in ALL_TABLES
            if table not in (AuditLines, UsageDays)
        }
        return counts | {"told": sum(call.method.startswith(("send", "edit", "delete")) for call in self.bot.log)}

    async def ask(self, bad: Bad) -> httpx.Response:
        method, _, path = bad.ask.partition(" ")
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", value)
        content = bad.content
        headers = dict(bad.headers)
        if bad.json is not None:
            content = json.dumps(bad.json).encode()  # escapes lone surrogates, which httpx would not send
        if content is not None:
            headers = JSON | headers
        return await self.http.request(method, path, content=content, data=bad.form, files=bad.files, headers=headers)

    async def refuses(self, table: Iterator[Bad] | list[Bad]) -> int:
        """Ask everything of a table; fails with all that was answered otherwise. Returns how much was asked."""
        wrong, before, asked = [], await self.now(), 0
        for bad in table:
            asked += 1
            answer = await self.ask(bad)
            after = await self.now()
            fault = _fault(bad, answer)
            if after != before:
                fault = f"{fault or ''} changed something: {before} -> {after}"
            if fault:
                sent = str(bad.json if bad.content is None else bad.content)[:200]
                wrong.append(f"{bad.ask[:120]} {sent}: {fault}")
            before = after
        assert not wrong, "\n".join(wrong)
        return asked


def _fault(bad: Bad, answer: httpx.Response) -> str | None:
    got = f"{answer.status_code} {answer.text[:300]}"
    if answer.status_code != bad.status or not answer.headers["content-type"].startswith("application/json"):
        return got
    body = answer.json()
    if str(body.get("code")).lower() not in bad.code.split("|") or not body.get("error"):
        return got
    details = body.get("details") or {}
    blamed = body.get("field") or (details[0]["path"] if isinstance(details, list) else details.get("field"))
    return got if bad.blames is not None and blamed != bad.blames else None


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """What is refused never gets to a database; if something does, PostgreSQL is the stricter one."""
    return postgres_url


@pytest.fixture
async def house(
    gateway: RunningGateway, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> AsyncIterator[House]:
    async with gateway.client() as http:
        made = House(gateway, http, telegram.add_bot(), telegram.add_person("Ann"))
        await made.furnish(telegram, receiver, until)
        yield made


# ---------------------------------------------------------------- texts

_SEND = "POST /api/whatsapp/{shop}/send"
_CREATE = "POST /api/instances"
_HOOK = "POST /api/webhooks"
_USER = "POST /api/users"
_MESSAGE = "/api/instances/{shop}/chats/{chat}/messages/1"
_V1 = "POST /api/v1/instances"
_CLEANUP = "POST /api/v1/stored-messages/cleanup?instance_id={shop}"
_R = "POST /api/v1/resources"
_BOT, _MULTI = "/api/v1/telegram", "/api/v1/multi-provider/instances"
_NEW_V1 = {"company_id": "a", "provider": "telegram", "token": "1:" + "A" * 35}
_BULK = "POST /api/v1/send-bulk?instance_id={shop}"
_BULK_BODY: dict[str, Any] = {
    "recipients": [{"to": "1", "name": "n", "customMessage": "c"}],
    "message": "hello {city}",
    "templateVariables": {"city": "c"},
    "failureStrategy": "abort",
}
_CONFIGS = (
    "POST /api/v1/webhook/config?instance_id={shop}",
    "PUT /api/v1/webhook?instance_id={shop}",
    "POST /api/v1/telegram/webhook/config?instance_id={shop}",
    "PUT /api/v1/telegram/webhook?instance_id={shop}",
)
"""Where an instance's webhook is set."""
_SETTINGS = {"secret": "s3cret", "headers": {"X-Shop": "one"}}

_SHOP = "instance_id={shop}"
_SAY = {"number": "1", "message": "m", "source": "https://example.com/", "caption": "c", "mediaType": "image"}
_SAY_FILE = {"number": "1", "source": "https://example.com/", "caption": "c"}
_NEW_GROUP = {"name": "n", "participants": ["1"]}
_SAY_TO_GROUP = {"groupId": "1", "message": "m"}
_PROGRAMS: list[tuple[str, dict[str, Any]]] = [
    *(
        (root + path, body)
        for root in ("/api/v1", "/api")
        for path, body in (
            ("/send", _SAY), ("/send/media", _SAY_FILE), ("/groups", _NEW_GROUP),
            ("/groups/{chat}/send", {"message": "m"}),
            ("/groups/{chat}/participants", {"participants": ["1"]}),
            ("/groups/{chat}/participants/add", {"participants": ["1"]}),
        )
    ),
    ("/api/v1/whatsapp/send", _SAY), ("/api/v1/whatsapp/send-message", _SAY), ("/api/send-media", _SAY_FILE),
    ("/api/groups/create", _NEW_GROUP), ("/api/create-group", _NEW_GROUP), ("/api/groups/send", _SAY_TO_GROUP),
    ("/api/send-group", _SAY_TO_GROUP), ("/api/add-participants", {"groupId": "1", "participants": ["1"]}),
]  # fmt: skip
"""Bodies of one instance's routes, to whoever names the instance."""

TEXTS: list[tuple[str, dict[str, Any]]] = [
    (
        _CREATE,
        {
            "name": "n", "description": "d", "provider": "telegram", "token": "1:" + "A" * 35,
            "config": {"token": "t", "mode": "webhook", "webhookSecret": "s"}, "webhookUrl": "https://example.com/",
            "webhookSecret": "s", "headers": {"X-Shop": "one"}, "webhookSettings": _SETTINGS,
        },
    ),
    ("PUT /api/instances/{shop}", {"name": "n", "description": "d", "token": "t", "webhookUrl": "u", **_SETTINGS}),
    (_SEND, {"phone": "1", "message": "hello", "format": "plain", "replyTo": "1"}),
    ("POST /api/instances/{shop}/send", {"phone": "1", "message": "hello"}),
    (_SEND, {"phone": "1", "location": {"latitude": 1, "longitude": 2, "title": "t", "address": "a"}}),
    (_SEND, {"phone": "1", "contact": {"name": "Bo", "phone": "123", "vcard": "v"}}),
    (_SEND, {"phone": "1", "poll": {"question": "q", "options": ["a", "b"]}}),
    (
        "POST /api/whatsapp/{shop}/send-media",
        {"phone": "1", "url": "https://example.com/a.png", "caption": "c", "filename": "f", "type": "image"},
    ),
    (
        _HOOK,
        {
            "url": "https://example.com/", "instanceId": "i", "format": "api", "events": ["message"],
            "allowedNumbers": ["1"], "headers": {"X-Shop": "one"}, "secret": "s", "ordering": "none",
        },
    ),
    ("PATCH /api/webhooks/{webhook}", {"url": "https://example.com/", "secret": "s", "headers": {"X-Shop": "one"}}),
    ("POST /api/webhooks/{webhook}/rotate-secret", {"secret": "s"}),
    ("POST /api/webhooks/deliveries/redeliver", {"endpointId": "e", "instanceId": "i", "from": "f", "to": "t"}),
    (
        _USER,
        {
            "email": "a@example.com", "password": "a long password", "firstName": "A", "lastName": "B",
            "tenantId": "t", "tenantName": "T", "role": "owner",
        },
    ),
    ("PATCH /api/users/{user}", {"firstName": "A", "lastName": "B", "role": "admin"}),
    ("POST /api/users/{user}/password", {"password": "a long password"}),
    ("POST /api/auth/login", {"email": "a@example.com", "password": "a long password"}),
    ("POST /api/auth/password", {"currentPassword": "a", "newPassword": "b"}),
    ("POST /api/auth/api-keys", {"name": "CRM", "expires_at": "2099-01-01", "allowed_ips": ["10.0.0.1"]}),
    (f"PUT {_MESSAGE}", {"message": "m"}),
    (f"POST {_MESSAGE}/reaction", {"emoji": "e"}),
    ("POST /api/instances/{shop}/chats/{chat}/activity", {"activity": "typing"}),
    ("POST /api/instances/{shop}/buttons/1/answer", {"text": "t"}),
    ("POST /api/instances/{shop}/pairing-code", {"phoneNumber": "4915100000001"}),
    ("POST /api/instances/{shop}/chats/{chat}/read", {"messageIds": ["1"]}),
    ("POST /api/instances/{shop}/contacts/check", {"numbers": ["4915100000001"]}),
    ("POST /api/instances/{shop}/contacts/add", {"phone": "77001", "name": "n", "greeting": "g"}),
    ("POST /api/whatsapp/{shop}/contacts/add", {"phone": "77001", "name": "n"}),
    (
        "POST /api/instances/{shop}/contacts/save",
        {"number": "77001", "name": "n", "pushName": "p", "profilePicture": "https://example.com/a", "about": "a"},
    ),
    ("POST /api/whatsapp/{shop}/contacts/save", {"remoteJid": "77001", "name": "n"}),
    ("POST /api/instances/{shop}/contacts/delete", {"remoteJid": "77001"}),
    ("PUT /api/instances/{shop}/usage-limits", {}),
    ("PUT /api/users/{user}/usage-limits", {}),
    ("PUT /api/usage-limits", {}),
    ("POST /api/db/switch", {"provider": "sqlite"}),
    ("POST /api/whatsapp-simple/{shop}/send", {"phone": "1", "message": "hello"}),
    ("PUT /api/instances/{shop}/presence", {"presence": "available"}),
    ("POST /api/instances/{shop}/groups", {"subject": "s", "members": ["4915100000001"]}),
    ("POST /api/instances/{shop}/groups/join", {"link": "https://chat.whatsapp.com/x"}),
    ("PUT /api/instances/{shop}/groups/{group}", {"subject": "s", "description": "d"}),
    ("POST /api/instances/{shop}/groups/1/members", {"action": "add", "members": ["4915100000001"]}),
    ("POST /api/instances/{shop}/calls/1/reject", {"caller": "4915100000001"}),
    (
        _V1,
        {
            **_NEW_V1, "user_id": "a", "name": "n", "type_instance": ["api"], "bot_token": "t", "config": {"mode": "m"},
            "api_webhook_schema": {
                "url": "https://example.com/", "headers": {"X-Shop": "one"}, "authToken": "t", "events": ["message"],
                "filters": {"allowedNumbers": ["1"]},
            },
            "mcp_schema": {"a": "b"}, "agno_config": {"agent_id": "a"}, "agent_id": "a", "agno_url": "u", "model": "m",
        },
    ),
    ("POST /api/v1/instances/{shop}/process", {}),
    ("POST /api/v1/stored-messages/cleanup", {}),
    *((f"POST {path}?{_SHOP}", body) for path, body in _PROGRAMS),
    (f"{_R}/cache/clear", {"keys": ["endpoints"]}),
    (f"{_R}/stress-test", {}),
    (_BULK, _BULK_BODY),
    (_BULK.replace("send-bulk", "telegram/send-bulk"), _BULK_BODY),
    (f"POST {_BOT}/send?instance_id={{shop}}", {"chatId": "1", "message": "hello"}),
    *[
        (
            f"POST {_BOT}/{end}?instance_id={{shop}}",
            {"chatId": "1", "message": "hello", "parseMode": "HTML", "replyToMessageId": "1"},
        )
        for end in ("send-message", "send-telegram-message")
    ],
    (
        f"POST {_BOT}/send-media?instance_id={{shop}}",
        {"chatId": "1", "source": "https://example.com/a.png", "caption": "c"},
    ),
    (
        f"POST {_MULTI}",
        {"provider": "telegram", "config": {"botToken": "1:" + "A" * 35}, "company_id": "a", "name": "n"},
    ),
    (f"POST {_MULTI}/telegram/{{shop}}/send-message", {"to": "1", "message": "hello"}),
    (
        f"POST {_MULTI}/telegram/{{shop}}/send-media",
        {"to": "1", "mediaUrl": "https://example.com/a.png", "caption": "c"},
    ),
    *(
        (ask, {"url": "https://example.com/", "headers": {"X-Shop": "one"}, "authToken": "t", "events": ["message"],
               "filters": {"allowedNumbers": ["1"]}, "format": "legacy", "secret": "s"})
        for ask in _CONFIGS
    ),
    (f"{_V1}/batch/status", {"instance_ids": ["{shop}"]}),
    (f"{_V1}/batch/update", {"updates": [{"id": "{shop}", "data": {"name": "n", "agno_config": {"a": "b"}}}]}),
]  # fmt: skip
"""Every body with every text in it."""


def with_each_text(body: Any, put: str) -> Iterator[Any]:
    """The same body once for every text in it, names of free fields included, with `put` in the text's middle."""
    if isinstance(body, str):
        yield body[:1] + put + body[1:]
    elif isinstance(body, dict):
        for name, value in body.items():
            for changed in with_each_text(value, put):
                yield body | {name: changed}
        if "X-Shop" in body:
            yield {"X-" + put: "one"}
    elif isinstance(body, list):
        for place, value in enumerate(body):
            for changed in with_each_text(value, put):
                yield [*body[:place], changed, *body[place + 1 :]]


async def test_no_text_may_hold_a_nul_or_half_a_character(house: House) -> None:
    nul = [Bad(ask=ask, json=changed) for ask, body in TEXTS for changed in with_each_text(copy.deepcopy(body), "\0")]
    halves = [
        Bad(ask=ask, json=changed, code="malformed_json")
        for ask, body in TEXTS
        for half in ("\ud83d", "\udca9")
        for changed in with_each_text(body, half)
    ]
    assert await house.refuses(nul + halves) > 200


async def test_every_text_of_the_document_is_in_that_table(house: House) -> None:
    document = (await house.http.get("/docs/openapi.json")).json()
    listed = {(ask.partition(" ")[0], _shape(ask.partition(" ")[2].partition("?")[0])) for ask, _ in TEXTS}
    json_bodies = {
        (method.upper(), _shape(path))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    same_body = {("PUT", "/api/webhooks/*"), ("POST", "/api/instances/*/send-media")}
    assert json_bodies - listed - same_body == set()


def _shape(path: str) -> str:
    path = path.partition("?")[0].replace("/telegram/{", "/{}/{")
    parts = path.removesuffix("/1").replace("/1/", "/{}/").split("/")
    shape = "/".join("*" if part.startswith("{") else part for part in parts)
    return shape + "/*" if shape.endswith("messages") else shape


# ---------------------------------------------------------------- bodies

_DEEP = 60_000

BODIES: list[Bad] = [
    *(
        Bad(ask=ask, content=content, code="malformed_json|invalid_input")  # whichever is noticed first
        for ask in (_CREATE, _SEND, _HOOK, _USER, _V1)
        for content in (
            b"{", b'{"name": }', b"{'name': 'a'}", b'{"name": "a",}', b'{"name": "a"}}', b'{"name": "a\x00"}',
            b'{"name": "\xff", "phone": "\xff", "url": "\xff", "email": "\xff"}',
            b"\xff\xfe{\x00}\x00", b'{"name": "\\x41"}', b'{"name": NaN}', b"name=a",
            b'\xef\xbb\xbf{"name": "a"}', b'{"config": ' + b"[" * _DEEP + b"]" * _DEEP + b"}", b" ",
            b'{"config": ' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}",
        )
    ),
    *(
        Bad(ask=ask, content=content)
        for ask in (_CREATE, _SEND, _HOOK, _USER, _V1)
        for content in (b"", b"null", b"[]", b"3", b'"text"', b"[" * _DEEP)
    ),
    *(
        Bad(ask=ask, form={"phone": "1", "message": "a", "name": "a", "url": "https://example.com"}, code="not_json")
        for ask in (_CREATE, _SEND, _HOOK, _USER, _V1)
    ),
    *(
        Bad(ask=ask, form={"phone": "1"}, files={"file": ("a.txt", b"a")}, code="not_json")
        for ask in (_CREATE, _SEND, _HOOK, _USER, _V1)
    ),
    Bad(ask="POST /api/whatsapp/{shop}/send-file", json={"phone": "1", "file": "a"}),
    Bad(ask="POST /api/whatsapp/{shop}/send-file", content=b"", headers={"content-type": "multipart/form-data"}),
    Bad(
        ask="POST /api/whatsapp/{shop}/send-file", content=b"garbage",
        headers={"content-type": "multipart/form-data; boundary=x"},
    ),
    *(
        Bad(ask=ask, content=b" " * (BODY_LIMIT + 1), status=413, code="too_large")
        for ask in (_CREATE, _SEND, _HOOK, _USER, _V1, "POST /api/auth/login", "PATCH /api/users/{user}")
    ),
    Bad(ask=_SEND, content=b" " * (BODY_LIMIT - 2) + b"{}", blames="phone"),  # just fits
]  # fmt: skip


async def test_a_broken_body_is_refused(house: House) -> None:
    await house.refuses(BODIES)


async def test_a_body_that_hides_its_size_is_cut_at_the_limit(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 65536 + 1):
            yield b" " * 65536

    before = await house.now()
    answer = await house.http.post("/api/instances", content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await house.now() == before


# ---------------------------------------------------------------- values


def _values(ask: str, good: dict[str, Any], *wrong: tuple[str, Any]) -> Iterator[Bad]:
    return (Bad(ask=ask, json=good | {name: value}, blames=name) for name, value in wrong)


_NEW_HOOK = {"url": "https://example.com/hook"}
VALUES: list[Bad] = [
    *_values(
        _V1, _NEW_V1,
        ("company_id", 1), ("company_id", ""), ("company_id", "x" * 256), ("provider", "carrierpigeon"),
        ("provider", 1), ("provider", None), ("token", ""), ("token", "a b"), ("token", "x" * 257), ("config", []),
        ("type_instance", "api"), ("type_instance", []), ("type_instance", ["ftp"]), ("name", 3), ("name", "x" * 256),
        ("agno_enable", "yes"), ("stream", 1), ("mcp_schema", []), ("agno_config", "x"), ("api_webhook_schema", []),
    ),
    *(
        Bad(ask=_V1, json=_NEW_V1 | {"api_webhook_schema": schema}, blames=f"api_webhook_schema.{name}", code=code)
        for schema, name, code in (
            ({"url": "ftp://example.com/"}, "url", "url_scheme"),
            ({"url": "http://10.0.0.1/"}, "url", "address_refused"),
            ({"url": "https://example.com/", "headers": {"Host": "evil.example"}}, "headers", "header_refused"),
            ({"url": "https://example.com/", "events": ["nothing"]}, "events", "invalid_input"),
            ({"url": "https://example.com/", "enabled": "yes"}, "enabled", "invalid_input"),
            ({"url": "https://example.com/", "filters": {"allowGroups": 1}}, "filters.allowGroups", "invalid_input"),
        )
    ),
    *(
        Bad(ask=ask, json={"url": "https://example.com/"} | wrong, blames=name, code=code)
        for ask in _CONFIGS
        for wrong, name, code in (
            ({"url": ""}, "url", "invalid_input"),
            ({"url": 1}, "url", "invalid_input"),
            ({"url": "ftp://example.com/"}, "url", "url_scheme"),
            ({"url": "http://10.0.0.1/"}, "url", "address_refused"),
            ({"enabled": "yes"}, "enabled", "invalid_input"),
            ({"headers": {"Host": "evil.example"}}, "headers", "header_refused"),
            ({"headers": {"X-New": "***"}}, "headers", "invalid_input"),
            ({"headers": ["X"]}, "headers", "invalid_input"),
            ({"authToken": "two\nlines"}, "headers", "header_refused"),
            ({"events": ["nothing"]}, "events", "invalid_input"),
            ({"events": "message"}, "events", "invalid_input"),
            ({"filters": {"allowGroups": 1}}, "filters.allowGroups", "invalid_input"),
            ({"filters": {"allowedNumbers": [1]}}, None, "invalid_input"),
            ({"filters": {"allowedNumbers": ["a\nb"]}}, "filters.allowedNumbers", "invalid_input"),
            ({"format": "xml"}, "format", "invalid_input"),
            ({"secret": "x" * 257}, "secret", "invalid_input"),
        )
    ),
    Bad(ask=_CONFIGS[0], json={"enabled": False}, blames="url"),
    Bad(ask="GET /api/v1/webhook", code="instance_required"),
    Bad(ask="PUT /api/v1/telegram/webhook", json={"enabled": False}, code="instance_required"),
    *_values("POST /api/v1/instances/{shop}/process", {}, ("force_recreate", "yes"), ("force_recreate", 1)),
    *_values(_CLEANUP, {}, *(("daysToKeep", days) for days in (0, -1, 36_501, 2**63, "30", 1.5, None, [30]))),
    *_values(
        f"POST /api/v1/send?{_SHOP}", {"number": "{chat}", "message": "hello"},
        ("number", {}), ("number", True), ("number", None), ("number", " "), ("number", 0), ("message", 3),
        ("message", ""), ("message", " "), ("mediaType", "hologram"), ("source", 1), ("caption", []), ("number", 1.5),
    ),
    *(
        Bad(ask=f"POST /api{path}?{_SHOP}", json={"number": "{chat}", "source": source}, code=code, blames="source")
        for path in ("/v1/send", "/v1/send/media", "/send", "/send/media", "/send-media")
        for source, code in (
            ("file:///etc/passwd", "url_refused"), ("/etc/passwd", "url_refused"), ("C:\\a.png", "url_refused"),
            ("data:text/plain,a", "url_refused"), ("http://169.254.169.254/latest/meta-data/", "url_refused"),
            ("http://10.0.0.1/", "url_refused"), ("gopher://127.0.0.1/", "url_refused"),
        )
    ),
    *_values(
        f"POST /api/v1/groups?{_SHOP}", _NEW_GROUP,
        ("name", None), ("name", ""), ("name", 1), ("participants", None), ("participants", []), ("participants", "1"),
    ),
    *_values(
        f"POST /api/v1/groups/{{chat}}/participants/add?{_SHOP}", {"participants": ["1"]},
        ("participants", None), ("participants", []), ("participants", "1"),
    ),
    *_values(f"POST /api/v1/groups/{{chat}}/send?{_SHOP}", {"message": "m"}, ("message", None), ("message", 1)),
    *_values(f"POST /api/groups/send?{_SHOP}", _SAY_TO_GROUP, ("groupId", None), ("groupId", 1), ("message", "")),
    *_values(
        f"{_R}/cache/clear", {"keys": ["endpoints"]},
        ("keys", "endpoints"), ("keys", ["nothing"]), ("keys", ["endpoints", ""]),
    ),
    Bad(ask=f"{_R}/cache/clear", json={"keys": [1]}, blames="keys[0]"),
    *_values(
        f"{_R}/stress-test", {"concurrentRequests": 1, "iterations": 1},
        ("concurrentRequests", 0), ("concurrentRequests", 51), ("concurrentRequests", "1"), ("concurrentRequests", 1.5),
        ("iterations", 0), ("iterations", 301), ("iterations", -1), ("iterations", "x"), ("concurrent", 2),
        ("duration", 4999), ("duration", 300001), ("duration", 2**63),
    ),
    *_values(
        f"{_V1}/batch/status", {"instance_ids": ["x"]},
        ("instance_ids", None), ("instance_ids", "x"), ("instance_ids", []), ("instance_ids", [1]),
        ("instance_ids", ["x"] * 51), ("options", "x"),
    ),
    *_values(
        f"{_V1}/batch/update", {"updates": [{"id": "x", "data": {}}]},
        ("updates", None), ("updates", []), ("updates", [1]), ("updates", [{"id": "x"}]), ("updates", [{"data": {}}]),
        ("updates", [{"id": "x", "data": {}}] * 21),
    ),
    *_values(
        _CREATE,
        {"name": "a", "provider": "telegram", "token": "1:" + "A" * 35, "webhookUrl": "https://example.com/"},
        ("name", 3), ("name", None), ("name", ""), ("name", ["a"]), ("description", {}), ("provider", 1),
        ("provider", "carrierpigeon"), ("config", []), ("config", "x"), ("maxRetries", "3"), ("maxRetries", 1.5),
        ("maxRetries", -1), ("maxRetries", 51), ("maxRetries", 2**31), ("maxRetries", 2**64), ("maxRetries", 10**300),
        ("retryInterval", -1), ("retryInterval", 2**63), ("notifySent", "yes"), ("webhookEnabled", 1),
        ("webhookSettings", "x"), ("headers", ["X-A"]),
    ),
    *_values(
        _HOOK, _NEW_HOOK,
        ("url", 1), ("url", ""), ("events", "message"), ("events", ["no.such.event"]), ("format", "xml"),
        ("ordering", "sorted"), ("enabled", "true"), ("concurrency", 0), ("concurrency", 65), ("concurrency", 2**64),
        ("rateLimit", 0), ("rateLimit", -5), ("maxRetries", 51), ("allowedNumbers", ["a b\n"]), ("allowedNumbers", 1),
        ("secret", "a\nb"), ("secret", "x" * 257),
    ),
    *_values(
        _SEND, {"phone": "{chat}", "message": "hello"},
        ("phone", {}), ("phone", True), ("phone", None), ("phone", " "), ("phone", 0), ("message", 3), ("message", ""),
        ("format", "wordart"), ("silent", "no"), ("replyTo", {}), ("phone", 1.5),
    ),
    *_values(
        _BULK, {"recipients": [{"to": "{chat}"}], "message": "hello"},
        ("recipients", None), ("recipients", {}), ("recipients", [{"to": "1"}] * 101), ("message", 3), ("message", ""),
        ("delayBetweenMessages", -1), ("delayBetweenMessages", "1000"), ("delayBetweenMessages", 3_600_001),
        ("delayBetweenMessages", 10**300), ("templateVariables", "x"),
        ("failureStrategy", "panic"), ("retryAttempts", 11), ("retryAttempts", -1), ("retryAttempts", "2"),
        ("message", "x" * 65_537),
    ),
    *(
        Bad(ask=_BULK, json={"recipients": [recipient], "message": "hello"}, blames=f"recipients[0]{end}")
        for recipient, end in (
            ("1", ".to"), ({}, ".to"), ({"to": 7}, ".to"), ({"to": " "}, ".to"), ({"to": "1" * 256}, ".to"),
            ({"to": "1", "name": 7}, ".name"), ({"to": "1", "customMessage": "x" * 65_537}, ".customMessage"),
        )
    ),
    Bad(ask=_BULK, json={"recipients": [{"to": "1"}], "message": "hello", "templateVariables": {"a": None}}),
    Bad(
        ask=_BULK, blames="message",
        json={"recipients": [{"to": "1"}], "message": "{x}" * 1000, "templateVariables": {"x": "y" * 1000}},
    ),
    *_values(_SEND, {"phone": "1"}, ("poll", {"question": "q"}), ("location", [1, 2]), ("contact", "Bo")),
    Bad(ask=_SEND, json={"phone": "1", "location": {"latitude": 91, "longitude": 0}}, blames="location.latitude"),
    Bad(ask=_SEND, json={"phone": "1", "location": {"latitude": 0, "longitude": "0"}}, blames="location.longitude"),
    Bad(ask=_SEND, content=b'{"phone": "1", "location": {"latitude": 1e999, "longitude": 0}}'),
    *_values(
        _USER, {"email": "new@example.com", "password": "a long enough password"},
        ("email", 1), ("email", "nobody"), ("email", "a@b@c"), ("email", "a\r\nBcc: x@example.com"),
        ("role", "emperor"), ("firstName", 1),
    ),
    *(
        Bad(ask=ask, json=body, code="weak_password", blames=name)
        for password in ("x", "y" * 1025, "password123")
        for ask, body, name in (
            (_USER, {"email": "new@example.com", "password": password}, "password"),
            ("POST /api/users/{user}/password", {"password": password}, "password"),
        )
    ),
    *(
        Bad(ask=_HOOK, json=_NEW_HOOK | {"headers": headers}, code="header_refused", blames="headers")
        for headers in (
            {"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A\r\nX-B": "b"}, {"X-A: b": "c"}, {"": "a"}, {"X A": "a"},
            {"Host": "evil.example"}, {"Content-Length": "0"}, {"Transfer-Encoding": "chunked"},
            {"webhook-id": "forged"}, {"X-Webhook-Signature": "forged"}, {"X-A": "1", "x-a": "2"}, {"X-A": "é"},
            {"X-A": "v" * 100_000},
        )
    ),
    *(
        Bad(ask=ask, json=body | {name: url}, code=code, blames=name)
        for ask, body, name in (
            (_HOOK, {}, "url"),
            (_CREATE, {"name": "a", "provider": "telegram", "token": "1:" + "A" * 35}, "webhookUrl"),
        )
        for url, code in (
            ("ftp://example.com/", "url_scheme"), ("javascript:alert(1)", "url_scheme"),
            ("//example.com", "url_scheme"), ("file:///etc/passwd", "url_scheme"), ("https://", "url_invalid|url_host"),
            ("https://user:pass@example.com/", "url_userinfo"), ("https://example.com:0/", "url_port"),
            ("https://example.com/\r\nX-A: b", "url_invalid"), ("https://example.com\\@127.0.0.1/", "url_invalid"),
            ("https://example.com/" + "a" * 10_000, "url_too_long"), ("http://10.0.0.1/", "address_refused"),
            ("http://169.254.169.254/latest/meta-data/", "address_refused"), ("http://2130706433/", "url_host"),
        )
    ),
]  # fmt: skip


async def test_a_value_that_cannot_be_is_refused_and_its_field_named(house: House) -> None:
    await house.refuses(VALUES)


# ---------------------------------------------------------------- addresses

_LISTS = ("activity", "contacts/db", "chats", "chats/{chat}/messages")
_WINDOWS = (
    "limit=0", "limit=-1", "limit=1001", "limit=many", "limit=1.5", "limit=" + "9" * 5000, f"limit={2**63}",
    "offset=-1", f"offset={2**31}", "isGroup=maybe", "isGroup=2", "chatId=", "chatId=" + "1" * 256,
)  # fmt: skip
QUERIES: list[Bad] = [
    *(
        Bad(ask=f"GET /api/{path}?{query}", blames=query.partition("=")[0])
        for path in (*(f"instances/{{shop}}/{each}" for each in _LISTS), "users", "webhooks/deliveries")
        for query in (
            "limit=-1", "skip=-1", "limit=abc", "limit=1.5", f"limit={2**63}", f"skip={2**31}",
            "limit=" + "9" * 5000,
        )
    ),
    *(
        Bad(ask=f"GET /api/instances/{{shop}}/{path}?{name}={moment}", blames=name)
        for path, name in (
            ("activity", "startDate"), ("activity", "endDate"), ("chats/{chat}/messages", "startDate"),
            ("chats/{chat}/messages", "endDate"), ("events", "since"),
        )
        for moment in (
            "yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00%2B14:00",
            "9999-12-31T23:59:59-14:00", "1767225600", "2026-01-01T00:00:00+99:00", "%F0%9F%92%A9",
        )
    ),
    *(
        Bad(ask=f"GET /api/v1/instances/{{shop}}/{path}?{query}", blames=query.partition("=")[0])
        for path, name in (("status-history", "limit"), ("qr-history", "limit"), ("errors", "limit"), ("logs", "tail"))
        for query in (f"{name}=0", f"{name}=-1", f"{name}=many", f"{name}=1001", f"{name}=1.5", f"{name}={2**63}")
    ),
    *(
        Bad(ask=f"GET /api{path}?{_SHOP}&limit={limit}", blames="limit")
        for path in ("/v1/messages/{chat}", "/v1/chats", "/v1/groups/{chat}/messages", "/group-messages/{chat}")
        for limit in ("0", "-1", "many", "1001", "1.5", str(2**63))
    ),
    *(
        Bad(ask=f"GET /api/v1/{path}/search?{_SHOP}&query={query}", blames="query")
        for path in ("contacts", "groups")
        for query in ("", "%20", "x" * 256)
    ),
    Bad(ask="GET /api/v1/contacts", code="instance_required"),
    Bad(ask="GET /api/v1/status", code="instance_required"),
    *(
        Bad(ask=f"GET /api/v1/logs{path}?{name}={wrong}", blames=name)
        for path, name, outside in (("", "tail", 10_001), ("/latest", "lines", 1001), ("/stats", "lines", 99))
        for wrong in (0, -1, "many", "1.5", outside, 2**63)
    ),
    Bad(ask="GET /api/v1/logs?level=loud", blames="level"),
    Bad(ask="GET /api/v1/instances?provider=carrierpigeon", blames="provider"),
    *(
        Bad(ask=f"GET /api/v1/stored-messages?instance_id={{shop}}&{query}", blames=query.partition("=")[0])
        for query in _WINDOWS
    ),
    *(
        Bad(ask=f"GET /api/v1/company/acme/{ask}", code="validation_failed", blames=re.split("[?=]", ask)[1])
        for ask in (
            *(f"messages?{query}" for query in (*_WINDOWS, "provider=", "provider=%F0%9F%92%A9")),
            "messages/recent?limit=0", "messages/recent?limit=101", "messages/recent?provider=carrierpigeon",
            "instances?provider=carrierpigeon", "instances?auth_status=asleep", "instances?auth_status=",
        )
    ),
    *(
        Bad(ask=f"GET /api/v1/send-bulk?instance_id={{shop}}&{query}", blames=query.partition("=")[0])
        for query in ("limit=0", "limit=101", "limit=many", "offset=-1", f"offset={2**31}")
    ),
    Bad(ask="GET /api/v1/send-bulk", code="instance_required"),
    *(Bad(ask=f"GET /api/webhooks/deliveries?{name}=soon", blames=name) for name in ("from", "to")),
    *(
        Bad(ask="POST /api/webhooks/deliveries/redeliver", json={"endpointId": "{webhook}", name: "soon"}, blames=name)
        for name in ("from", "to")
    ),
    *(
        Bad(ask=f"GET /api/{ask}", blames=ask.partition("?")[2].partition("=")[0])
        for ask in (
            "instances/{shop}/activity?actions=nonsense", "instances/{shop}/events?types=nonsense",
            "webhooks/deliveries?state=lost", "stats/user?period=century", "stats/instances/{shop}?period=",
        )
    ),
    *(Bad(ask=f"GET /api/{path}?a=%00") for path in ("instances", "webhooks/deliveries", "users")),
]  # fmt: skip

_ODD_IDS = (
    "%00", "a%00b", "nothing", "null", "-1", "0", "1'%20OR%20'1'='1", "%27%3B%20DROP%20TABLE%20users%3B--", "%5C",
    "%F0%9F%92%A9", "%FF%FE", "..%2F..%2Fetc%2Fpasswd", "a%0D%0AX-A:%20b", "%7B%7B7*7%7D%7D", "x" * 5000, "%25", "a;b",
)  # fmt: skip
PATHS: list[Bad] = [
    *(
        Bad(ask=ask.replace("*", odd), status=404, code="not_found|instance_not_found")
        for ask in (
            "GET /api/v1/instances/*", "DELETE /api/v1/instances/*", "GET /api/v1/instances/*/memory",
            "GET /api/v1/instances/*/qr", "POST /api/v1/instances/*/process", "POST /api/v1/instances/*/start",
            "GET /api/v1/instances/*/api-key-history", "GET /api/v1/nothing/*",
            "GET /api/v1/send-bulk/*?instance_id={shop}", "DELETE /api/v1/send-bulk/*?instance_id={shop}",
            "POST /api/v1/telegram/send-bulk/*/cancel?instance_id={shop}",
        )
        for odd in _ODD_IDS
    ),
    *(
        Bad(ask=ask.replace("*", odd), status=404, code="instance_not_found|not_found")
        for ask in (
            "GET /api/v1/contacts?instance_id=*", "GET /api/v1/status?instance_id=*", "GET /api/chats?instance_id=*",
        )
        for odd in _ODD_IDS
        if "%00" not in odd
    ),
    *(
        Bad(ask=f"{ask.replace('*', odd)}?{_SHOP}", status=404, code="not_found")
        for ask in (
            "POST /api/v1/messages/*/media/download", "GET /api/v1/messages/*/media", "POST /api/download-media/*",
        )
        for odd in _ODD_IDS
    ),
    *(
        Bad(ask=ask.replace("*", odd), status=404, code="not_found")
        for ask in (
            "GET /api/instances/*", "GET /api/instances/*/status", "DELETE /api/instances/*",
            "POST /api/instances/*/reconnect", "GET /api/whatsapp/*/contacts", "GET /api/webhooks/*",
            "DELETE /api/webhooks/*", "GET /api/users/*", "DELETE /api/auth/api-keys/*", "GET /api/stats/instances/*",
            "GET /api/instances/{shop}/chats/{chat}/messages/*/media",
        )
        for odd in _ODD_IDS
    ),
    *(
        Bad(ask=f"{ask}/{odd}{end}", status=404, code="not_found")
        for ask, end in (("GET /api/webhooks/deliveries", ""), ("POST /api/webhooks/deliveries", "/redeliver"))
        for odd in ("0", "-1", "99999999", str(2**31), str(2**63), "9" * 400, "abc", "1.5", "0x1", "%00")
    ),
    *(
        Bad(ask=ask, status=404, code="not_found")
        for ask in (
            "GET /api", "GET /api/", "GET /api/nothing", "POST /api/nothing", "GET /api/instances/{shop}/nothing",
            "GET /nothing", "GET /api/nothing%00", "GET /.env",
        )
    ),
]  # fmt: skip


async def test_a_query_that_makes_no_sense_is_refused(house: House) -> None:
    await house.refuses(QUERIES)


async def test_an_id_that_cannot_be_is_simply_not_there(house: House) -> None:
    await house.refuses(PATHS)


async def test_a_wrong_method_is_told_the_right_ones(house: House) -> None:
    right = {
        "PATCH /api/instances": {"GET", "POST"},
        "POST /api/instances/{shop}": {"GET", "PUT", "DELETE"},
        "GET /api/auth/login": {"POST"},
        "DELETE /api/auth/login": {"POST"},
        "PUT /api/webhooks": {"GET", "POST"},
        "GET /api/whatsapp/{shop}/send": {"POST"},
        "POST /api/users/{user}": {"GET", "PATCH"},
        "TRACE /api/instances": {"GET", "POST"},
        "POST /health": {"GET"},
        "PATCH /api/v1/instances": {"GET", "POST"},
        "GET /api/v1/instances/{shop}/start": {"POST"},
        "POST /api/v1/company/acme/messages": {"GET"},
        "GET /api/v1/stored-messages/cleanup": {"POST"},
        "PUT /api/v1/send-bulk": {"GET", "POST"},
        "GET /api/v1/send-bulk/{shop}/cancel": {"POST"},
        "GET /hooks/telegram/{shop}": {"POST"},
    }
    before = await house.now()
    for ask, methods in right.items():
        answer = await house.ask(Bad(ask=ask))
        assert answer.status_code == 405, f"{ask}: {answer.status_code} {answer.text}"
        assert methods <= {each.strip() for each in answer.headers["allow"].split(",")}, ask
        assert answer.headers["content-type"].startswith("application/json"), ask
        if not ask.startswith("GET /hooks"):  # which tells nobody why
            assert answer.json()["code"].lower() == "method_not_allowed", ask
    assert await house.now() == before


# ---------------------------------------------------------------- files

_FILE = "POST /api/whatsapp/{shop}/send-file"
NAMES = {
    b"../../etc/passwd": "passwd",
    b"..\\..\\boot.ini": "boot.ini",
    b"/absolute/path.txt": "path.txt",
    b"C:\\\\temp\\\\a.txt": "a.txt",
    b"a\x01b\x1bc\x7f.txt": "abc.txt",
    b"..": "file",
    b"dir/": "file",
    b"   ": "file",
    "Grüße 🎉.txt".encode(): "Grüße 🎉.txt",
    b"n" * 100 + b"/" + b"n" * 100 + b".txt": "n" * 100 + ".txt",
}
"""What a client says the file is called, and what the person reads."""


def _multipart(name: bytes, data: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (key.encode(), value.encode())
        for key, value in fields.items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n' % name
    body = b"".join(parts) + head + b"Content-Type: text/plain\r\n\r\n" + data + b"\r\n--x--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=x"}


async def test_a_file_name_reaches_the_person_without_folders_and_control_characters(
    house: House, telegram: TelegramSimulator
) -> None:
    for given, name in NAMES.items():
        body, headers = _multipart(given, b"words", phone=house.names["chat"])
        answer = await house.ask(Bad(ask=_FILE, content=body, headers=headers))
        assert answer.status_code == 200, f"{given!r}: {answer.text}"
        seen = telegram.sent(house.bot, house.ann)[-1].wire["document"]["file_name"]
        assert seen == name, given


async def test_a_file_that_cannot_be_sent_is_refused(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    form = {"phone": "{chat}"}
    ok = {"file": ("a.txt", b"words")}
    large = {"file": ("a.txt", bytes(MEGABYTE + 1))}
    table = [
        Bad(ask=_FILE, form={"phone": "1"}, files=large, status=413, code="too_large"),
        Bad(ask=_FILE, form={"phone": "1"}, files={"file": ("a", bytes(3 * MEGABYTE))}, status=413, code="too_large"),
        Bad(ask=_FILE, form={"phone": "1"}, files={"file": ("a.txt", b"")}, blames="file"),
        Bad(ask=_FILE, form={"phone": "1"}, files={"other": ("a.txt", b"a")}, blames="other"),
        Bad(ask=_FILE, form={"phone": "1"}, blames="file"),
        Bad(ask=_FILE, files=ok, blames="phone"),
        Bad(ask=_FILE, form=form | {"type": "hologram"}, files=ok, blames="type"),
        Bad(ask=_FILE, form=form | {"format": "wordart"}, files=ok, blames="format"),
        Bad(ask=_FILE, form=form | {"silent": "perhaps"}, files=ok, blames="silent"),
        *(
            Bad(ask=_FILE, form={"phone": "1", "caption": "c", "replyTo": "1"} | {name: "a\0b"}, files=ok, blames=name)
            for name in ("phone", "caption", "replyTo")
        ),
    ]
    async with (
        running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, MAX_UPLOAD_MB="1") as running,
        running.client() as http,
    ):
        house = House(running, http, telegram.add_bot(), telegram.add_person("Ann"))
        await house.furnish(telegram, receiver, until)
        await house.refuses(table)


# ---------------------------------------------------------------- inner addresses


async def test_no_url_of_a_caller_leads_inside_unless_the_operator_says_so(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    port = receiver.url("/").split(":")[2].split("/")[0]
    inside = [
        receiver.url("/"), f"http://127.0.0.1:{port}/", f"http://localhost:{port}/", f"http://[::1]:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/", f"http://127.0.0.2:{port}/", "http://0.0.0.0/", "http://10.1.2.3/",
        "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/", "http://[fd00::1]/", "http://[fe80::1]/",
        f"http://2130706433:{port}/", f"http://0x7f.1:{port}/", f"http://127.1:{port}/", f"http://0177.0.0.1:{port}/",
    ]  # fmt: skip
    refused = "address_refused|url_host|url_scheme"
    bot, ann = telegram.add_bot(), telegram.add_person("Ann")
    async with (
        running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, EGRESS_ALLOW="") as running,
        running.client() as http,
    ):
        house = House(running, http, bot, ann)
        await house.furnish(telegram, None, until)
        await house.refuses(
            [
                *(Bad(ask=_HOOK, json={"url": url}, code=refused, blames="url") for url in inside),
                *(
                    Bad(ask="PATCH /api/webhooks/{webhook}", json={"url": url}, code=refused, blames="url")
                    for url in inside
                ),
                *(
                    Bad(ask="PUT /api/instances/{shop}", json={"webhookUrl": url}, code=refused, blames="webhookUrl")
                    for url in inside
                ),
                *(
                    Bad(
                        ask="POST /api/whatsapp/{shop}/send-media", json={"phone": str(ann.id), "url": url},
                        code="url_refused", blames="url",
                    )
                    for url in inside
                ),
            ]
        )  # fmt: skip
        assert receiver.received() == []
