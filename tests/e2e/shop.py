"""A shop on Telegram: what the stories of this folder share. Everything is said over HTTP to the real process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.process import GatewayProcess
from tests.simulators.receiver import Received, Receiver
from tests.simulators.telegram import Bot, TelegramSimulator, User

SECRET = "a secret shared with the receiver"
HOOK = "/hook"

Until = Callable[[Callable[[], Awaitable[object] | object]], Awaitable[None]]


@dataclass
class Shop:
    """One Telegram bot of the gateway, the person who writes to it, and the endpoint that hears of it."""

    api: httpx.AsyncClient
    id: str
    telegram: TelegramSimulator
    bot: Bot
    ann: User
    receiver: Receiver
    hook: str

    @property
    def chat(self) -> str:
        """How the gateway names Ann's chat."""
        return str(self.ann.id)

    async def show(self) -> dict[str, Any]:
        shown: dict[str, Any] = await answer(self.api.get(f"/api/instances/{self.id}"))
        return shown

    async def is_in(self, status: str) -> bool:
        """Whether the instance stands there, in the API's words."""
        return bool((await self.show())["status"] == status)

    async def send(self, text: str, *, key: str | None = None) -> httpx.Response:
        """Say something to Ann; the answer as it came."""
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"phone": self.chat, "message": text}
        return await self.api.post(f"/api/whatsapp/{self.id}/send", json=body, headers=headers)

    async def messages(self, **query: str | int) -> list[dict[str, Any]]:
        """What is kept of Ann's chat, newest first."""
        page = await answer(
            self.api.get(f"/api/instances/{self.id}/chats/{self.chat}/messages", params={"limit": 500, **query})
        )
        found: list[dict[str, Any]] = page["messages"]
        return found

    def writes(self, text: str) -> int:
        """Ann writes; returns the message's id on Telegram."""
        return int(self.telegram.people.sends_text(self.ann, self.bot, text)["message_id"])

    @property
    def said(self) -> list[str]:
        """What Ann has been told."""
        return self.telegram.texts(self.bot, self.ann)

    def deliveries(self, event: str) -> list[Received]:
        """What the endpoint has got of one event, in order of arrival."""
        return [each for each in self.receiver.received(self.hook) if each.json()["event"] == event]

    def heard(self) -> list[str]:
        """The words of every message received, as the endpoint was told, repeats included."""
        return [each.json()["data"]["body"] for each in self.deliveries("message_received")]


async def answer(call: Awaitable[httpx.Response], status: int = 200) -> Any:
    """The JSON of an answer that has to have this status."""
    response = await call
    assert response.status_code == status, f"{response.request.url} {response.status_code} {response.text}"
    return response.json()


async def add_bot(
    api: httpx.AsyncClient,
    telegram: TelegramSimulator,
    receiver: Receiver,
    *,
    name: str = "shop",
    hook: str = HOOK,
    config: dict[str, Any] | None = None,
    **webhook: Any,
) -> Shop:
    """Have the gateway take on a new bot, with a webhook at the receiver; returns before it is connected."""
    bot = telegram.add_bot(name=name)
    receiver.trust(hook, SECRET)
    body = {
        "name": name,
        "provider": "telegram",
        "config": {"token": bot.token, **(config or {})},
        "webhookUrl": receiver.url(hook),
        "webhookSecret": SECRET,
        **webhook,
    }
    made = await answer(api.post("/api/instances", json=body), 201)
    ann = telegram.add_person("Ann")
    telegram.people.opens(ann, bot)
    return Shop(api, made["id"], telegram, bot, ann, receiver, hook)


@asynccontextmanager
async def open_shop(
    gateway: GatewayProcess, telegram: TelegramSimulator, receiver: Receiver, until: Until, **options: Any
) -> AsyncIterator[Shop]:
    """A connected bot of a running gateway; its endpoint has been told so, and nothing more is on its way."""
    async with gateway.client() as api:
        shop = await add_bot(api, telegram, receiver, **options)
        await until(lambda: shop.is_in("connected"))
        await until(lambda: shop.deliveries("connection_opened"))
        await until(lambda: nothing_owed(api))
        yield shop


async def owed(api: httpx.AsyncClient) -> int:
    """How many deliveries are not over yet."""
    counts = [
        (await answer(api.get("/api/webhooks/deliveries", params={"state": state, "limit": 1})))["total"]
        for state in ("pending", "leased")
    ]
    return sum(counts)


async def nothing_owed(api: httpx.AsyncClient) -> bool:
    """Whether every delivery is over."""
    return await owed(api) == 0
