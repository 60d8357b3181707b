"""A gateway with two tenants in it, and everybody who could come to its door."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
from piccolo.table import Table

from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import Role, User
from gateway.services.tokens import Tokens
from gateway.storage.tables import ALL_TABLES, Attempts, AuditLines, Deliveries, InstanceKeys, Tenants, UsageDays
from tests.clock import ManualClock
from tests.conftest import Until
from tests.process import ADMIN_KEY
from tests.running import RunningGateway, running_gateway
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

MARK = "zanzibar"
"""Stands in every name, text and URL of the home tenant, so that an answer that holds it has let something out."""
METRICS_TOKEN = "scraper-7Qm2vK9xR4tB8nLp"
HOOK_SECRET = "hook-secret-of-the-network-0123456789"
PASSWORD = "a quiet morning by the lake"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks: what they send along, and where they stand towards the home tenant and its shop."""

    name: str
    standing: str
    """admin, owner, member, stranger, own_key, sibling_key, strange_key, scraper, network or nobody."""
    headers: Mapping[str, str]
    kind: str = ""
    """key, token or instance_key; what a spare of this caller comes with."""


def by_key(name: str, standing: str, key: str) -> Caller:
    """Somebody with an API key."""
    return Caller(name, standing, {"x-api-key": key}, "key")


def by_bearer(name: str, standing: str, bearer: str, kind: str = "token") -> Caller:
    """Somebody with a bearer."""
    return Caller(name, standing, {"authorization": f"Bearer {bearer}"}, kind)


class Stage:
    """The home tenant has a shop (a connected bot with a past, webhooks and deliveries), a bare sibling of it and a bot
    in webhook mode; the tenant elsewhere has an instance of its own."""

    def __init__(self, running: RunningGateway, telegram: TelegramSimulator, receiver: Receiver, until: Until) -> None:
        self.running, self.telegram, self.receiver, self.until = running, telegram, receiver, until
        self.http = running.client(None)
        self.admin = by_key("an administrator's key", "admin", ADMIN_KEY)
        self.bot = telegram.add_bot(name="Shop")
        self.ann = telegram.add_person("Ann")
        self.names: dict[str, str] = {
            "chat_id": str(self.ann.id),
            "picture": receiver.url("/picture.png"),
            "missing": "00000000-0000-4000-8000-000000000000",
            "provider": "telegram",
            "password": PASSWORD,
        }
        self.callers: list[Caller] = []
        self.home_ids: set[str] = set()

    async def ask(
        self,
        caller: Caller | None,
        request: str,
        *,
        names: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Ask `METHOD /path`, with `{name}` in the path and in texts of the body filled in."""
        known = self.names | dict(names or {}) | {"n": str(next(_count))}
        method, _, path = request.partition(" ")
        sent = dict(headers or {}) | dict(caller.headers if caller else {})
        return await self.http.request(method, filled(path, known), headers=sent, **filled(more, known))

    async def get(self, caller: Caller, request: str, status: int = 200, **more: Any) -> Any:
        """The JSON of an answer that has to have this status."""
        answer = await self.ask(caller, request, **more)
        assert answer.status_code == status, f"{caller.name}: {request}: {answer.status_code} {answer.text}"
        return answer.json()

    # -- who

    async def person(self, role: str, tenant_id: str | None, *, mark: str = "") -> dict[str, str]:
        """A new user: id, tenantId, email and apiKey."""
        email = f"{mark or 'user'}-{next(_count)}@example.com"
        body = {"email": email, "password": PASSWORD, "role": role, "tenantId": tenant_id, "tenantName": mark}
        made = await self.get(self.admin, "POST /api/users", 201, json=body)
        return {**made["user"], "apiKey": made["apiKey"]}

    async def log_in(self, email: str) -> str:
        """A login token."""
        answer = await self.ask(None, "POST /api/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def spare(self, caller: Caller) -> Caller:
        """Another person of the same standing, with the same kind of credential."""
        tenant = {"admin": None, "stranger": None}.get(caller.standing, self.names["tenant"])
        role = {"stranger": "owner"}.get(caller.standing, caller.standing)
        user = await self.person(role, tenant)
        if caller.kind == "token":
            return by_bearer(caller.name, caller.standing, await self.log_in(user["email"]))
        return by_key(caller.name, caller.standing, user["apiKey"])

    # -- what

    async def instance(self, caller: Caller, name: str, **body: Any) -> dict[str, Any]:
        """A new instance of the caller's tenant, on a bot of its own."""
        config = {"token": self.telegram.add_bot(name=name).token} | body.pop("config", {})
        whole = {"name": name, "provider": "telegram", "config": config, **body}
        made: dict[str, Any] = await self.get(caller, "POST /api/instances", 201, json=whole)
        return made

    async def open(self) -> None:
        """Build both tenants."""
        self.receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        owner = await self.person("owner", None, mark=MARK)
        stranger = await self.person("owner", None, mark="elsewhere")
        member = await self.person("member", owner["tenantId"])
        disabled = await self.person("owner", owner["tenantId"])
        self.names |= {"tenant": owner["tenantId"], "user_id": member["id"], "email": owner["email"]}
        self.owner = by_key("the owner's key", "owner", owner["apiKey"])
        self.stranger = by_key("another tenant's key", "stranger", stranger["apiKey"])
        logged_out, disabled_token = await self.log_in(owner["email"]), await self.log_in(disabled["email"])
        await self.get(by_bearer("", "", logged_out), "POST /api/auth/logout")
        await self.get(self.admin, f"PATCH /api/users/{disabled['id']}", json={"isActive": False})

        await self._furnish()
        far = await self.instance(self.stranger, "elsewhere", webhookUrl=self.receiver.url("/elsewhere"))
        shop, sibling = self.keys["shop"], self.keys["sibling"]
        self.callers = [
            self.stranger,
            by_bearer("another tenant's token", "stranger", await self.log_in(stranger["email"])),
            by_bearer("a sibling's key", "sibling_key", sibling, "instance_key"),
            by_bearer("an instance key of another tenant", "strange_key", _key_of(far), "instance_key"),
            Caller("nobody", "nobody", {}),
            by_bearer("an expired token", "nobody", self._token(owner, age=timedelta(days=400))),
            by_bearer("a logged out token", "nobody", logged_out),
            by_key("a disabled user's key", "nobody", disabled["apiKey"]),
            by_bearer("a disabled user's token", "nobody", disabled_token),
            by_bearer("a token of another signer", "nobody", self._forged(owner, "HS256", "x" * 40)),
            by_bearer("an unsigned token", "nobody", self._forged(owner, "none", "")),
            by_key("a user's key with another end", "nobody", owner["apiKey"][:-1] + "~"),
            by_bearer("a user's key as bearer", "nobody", owner["apiKey"]),
            by_key("an instance key as API key", "nobody", shop),
            by_bearer("garbage as bearer", "nobody", "x'; drop table users; --"),
            by_key("garbage as key", "nobody", "' or 1=1 --" * 3),
            Caller("basic credentials", "nobody", {"authorization": "Basic YWRtaW46YWRtaW4="}),
            by_bearer("the scraper", "scraper", METRICS_TOKEN),
            Caller("the network", "network", {"x-telegram-bot-api-secret-token": HOOK_SECRET}),
            by_bearer(
                "the shop's id as bearer",
                "own_key" if shop == self.names["instance_id"] else "nobody",
                self.names["instance_id"],
                "instance_key",
            ),
            by_bearer("the shop's own key", "own_key", shop, "instance_key"),
            by_key("a member's key", "member", member["apiKey"]),
            by_bearer("the owner's token", "owner", await self.log_in(owner["email"])),
            self.admin,
            self.owner,
        ]

    async def _furnish(self) -> None:
        hook = self.receiver.url(f"/{MARK}")
        shop = await self.instance(
            self.owner, f"{MARK} shop", config={"token": self.bot.token}, webhookUrl=hook, description=MARK
        )
        sibling = await self.instance(self.owner, "sibling")
        hooked = await self.instance(
            self.owner, f"{MARK} hooked", config={"mode": "webhook", "webhookSecret": HOOK_SECRET}
        )
        self.keys = {"shop": _key_of(shop), "sibling": _key_of(sibling)}
        database = self.running.gateway.services.health.database
        self.names |= {
            "database": database,
            "instance_id": shop["id"],
            "sibling": sibling["id"],
            "hooked": hooked["id"],
        }
        self.home_ids = {shop["id"], sibling["id"], hooked["id"]}
        for instance_id in self.home_ids:
            await self.until(partial(self._ready, f"GET /api/instances/{instance_id}/status"))
        own = await self.get(self.owner, f"GET /api/webhooks?instanceId={shop['id']}")
        self.names["webhook_id"] = own["webhooks"][0]["id"]
        await self.get(self.owner, "POST /api/webhooks", 201, json={"url": hook + "/all"})
        self.telegram.people.sends_text(self.ann, self.bot, f"{MARK} hello")
        photo = self.telegram.people.sends_media(self.ann, self.bot, "photo", caption=MARK)
        self.names["photo"] = str(photo["message_id"])
        await self.until(self._everything_told)
        query = f"GET /api/webhooks/deliveries?endpointId={self.names['webhook_id']}"
        told = (await self.get(self.owner, query))["deliveries"]
        self.names["delivery_id"] = str(told[0]["id"])
        self.names |= await self.said() | await self.spare_key() | await self.pressed()
        self.names |= await self.spare_bulk()
        await self.get(self.owner, "POST /api/v1/send-bulk/{bulk_id}/cancel?instance_id={instance_id}")
        await self.until(self._everything_told)

    async def _ready(self, request: str) -> bool:
        return bool((await self.get(self.owner, request))["ready"])

    async def _everything_told(self) -> bool:
        messages = f"GET /api/instances/{self.names['instance_id']}/chats/{self.names['chat_id']}/messages"
        kept = (await self.get(self.owner, messages))["messages"]
        open_ones = [
            (await self.get(self.owner, f"GET /api/webhooks/deliveries?state={state}"))["deliveries"]
            for state in ("pending", "leased")
        ]
        return len(kept) >= 2 and not any(open_ones)

    # -- spares of what an operation uses up

    async def said(self) -> dict[str, str]:
        """A message of the shop."""
        body = {"phone": self.names["chat_id"], "message": f"{MARK} {next(_count)}"}
        sent = await self.get(self.owner, "POST /api/whatsapp/{instance_id}/send", json=body)
        return {"message_id": sent["id"]}

    async def known(self) -> dict[str, str]:
        """A contact of the shop."""
        body = {"number": f"78{next(_count)}", "name": MARK}
        kept = await self.get(self.owner, "POST /api/instances/{instance_id}/contacts/save", json=body)
        return {"known": kept["remoteJid"]}

    async def spare_instance(self) -> dict[str, str]:
        """An instance of the home tenant."""
        made = await self.instance(self.owner, "spare")
        return {"instance_id": made["id"]}

    async def spare_webhook(self) -> dict[str, str]:
        """A webhook of the shop."""
        body = {"url": self.receiver.url("/spare"), "instanceId": self.names["instance_id"]}
        made = await self.get(self.owner, "POST /api/webhooks", 201, json=body)
        return {"webhook_id": made["webhook"]["id"]}

    async def spare_key(self) -> dict[str, str]:
        """A further API key of the owner."""
        made = await self.get(self.owner, "POST /api/auth/api-keys", 201, json={"name": f"{MARK} {next(_count)}"})
        return {"key_id": made["key"]["id"]}

    async def spare_bulk(self) -> dict[str, str]:
        """A bulk of the shop that is not over, and whose first recipient had their turn."""
        body = {
            "recipients": [{"to": self.names["chat_id"]}] * 2,
            "message": f"{MARK} {next(_count)}",
            "delayBetweenMessages": 3_600_000,
        }
        begin = "POST /api/v1/send-bulk?async=1&instance_id={instance_id}"
        bulk_id = (await self.get(self.owner, begin, 202, json=body))["bulk_id"]
        shown = f"GET /api/v1/send-bulk/{bulk_id}?instance_id={{instance_id}}"

        async def began() -> bool:
            return bool((await self.get(self.owner, shown))["successCount"])

        await self.until(began)
        return {"bulk_id": bulk_id}

    async def settled(self) -> dict[str, str]:
        """Nothing of its own: returns when nothing is owed, because what is being tried cannot be sent again."""
        await self.until(self._everything_told)
        return {}

    async def pressed(self) -> dict[str, str]:
        """A button that waits for its answer."""
        query_id = str(next(_count))
        self.bot.open_queries.add(query_id)
        return {"query_id": query_id}

    # -- what must not change

    async def victim(self) -> dict[str, Any]:
        """Every row of the home tenant, what its person was told, and what its webhooks heard.

        Left out: the audit trail, which records attempts, and the counters, which are written with a delay.
        """
        rows: dict[str, Any] = {}
        deliveries = {row["id"] for row in await Deliveries.select() if row["tenant_id"] == self.names["tenant"]}
        for table in ALL_TABLES:
            if table in (AuditLines, InstanceKeys, UsageDays):
                continue
            key = table._meta.primary_key
            for row in await table.select().order_by(key):
                if self._is_home(table, row, deliveries):
                    rows[f"{table._meta.tablename} {row[key._meta.name]}"] = row
        calls = [call.method for call in self.bot.log if call.method not in ("getupdates", "getme")]
        heard = [len(self.receiver.received(f"/{MARK}{end}")) for end in ("", "/all")]
        return {"rows": rows, "calls": calls, "heard": heard}

    def _is_home(self, table: type[Table], row: Mapping[str, Any], deliveries: set[int]) -> bool:
        if table is Tenants:
            return bool(row["id"] == self.names["tenant"])
        if table is Attempts:
            return row["delivery_id"] in deliveries
        return row.get("tenant_id") == self.names["tenant"] or row.get("instance_id") in self.home_ids

    # -- tokens nobody should believe

    def _token(self, user: Mapping[str, str], *, age: timedelta) -> str:
        clock = ManualClock(datetime.now(UTC) - age)
        settings = self.running.gateway.settings
        return Tokens(settings.jwt_secret, lifetime=3600, clock=clock).issue(_user(user)).text

    def _forged(self, user: Mapping[str, str], algorithm: str, key: str) -> str:
        genuine = self._token(user, age=timedelta())
        claims = jwt.decode(genuine, options={"verify_signature": False})
        kid = jwt.get_unverified_header(genuine)["kid"]
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every `{name}` in its texts replaced; other braces stay."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    return value


def _key_of(made: Mapping[str, Any]) -> str:
    return str(made.get("instanceKey") or made["id"])


def _user(shown: Mapping[str, str]) -> User:
    now = datetime.now(UTC)
    return User(
        id=UserId(shown["id"]), tenant_id=TenantId(shown["tenantId"]), email=shown["email"], first_name="",
        last_name="", role=Role.OWNER, is_active=True, token_version=0, created_at=now, updated_at=now,
    )  # fmt: skip


@asynccontextmanager
async def staged(
    folder: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until, **env: str
) -> AsyncIterator[Stage]:
    """A gateway with everything set up."""
    settings: dict[str, Any] = {
        "TELEGRAM_API_BASE": telegram.base_url,
        "BASE_URL": receiver.url("/gateway"),
        "METRICS_TOKEN": METRICS_TOKEN,
        # Chores that write while a test compares rows.
        "USAGE_SAVE_CRON": "0 0 1 1 *",
        "PRUNE_CRON": "0 0 1 1 *",
    }
    async with running_gateway(folder, database_url, **(settings | env)) as running:
        stage = Stage(running, telegram, receiver, until)
        async with stage.http:
            await stage.open()
            yield stage
