"""Webhooks as receivers of the Instance Manager know them, from running processes on both databases.

What only a phone brings about is looked at in `tests/e2e/whatsapp/test_instance_manager_webhooks.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from tests.conftest import Until
from tests.contract.events.test_events import FLAT
from tests.served import SHARED, Served
from tests.simulators.receiver import Received
from tests.simulators.telegram import Bot, User

pytestmark = SHARED

SECRET = "a secret of the receiver"


@dataclass
class Line:
    """A bot whose instance was made on this surface, Ann and Ben who write to it, and the endpoint that hears of it."""

    served: Served
    until: Until
    owner: httpx.AsyncClient
    key: httpx.AsyncClient
    id: str
    bot: Bot
    ann: User
    ben: User
    hook: str

    def heard(self, hook: str | None = None) -> list[Received]:
        return self.served.receiver.received(hook or self.hook)

    def texts(self) -> list[str]:
        """The words of the messages that the endpoint was told, in either body."""
        bodies = [each.json() for each in self.heard() if "message" in each.json()]
        return [each["message"] if isinstance(each["message"], str) else each["body"] for each in bodies]

    def writes(self, text: str, person: User | None = None) -> str:
        wire = self.served.telegram.people.sends_text(person or self.ann, self.bot, text)
        return str(wire["message_id"])

    async def sends(self, text: str) -> None:
        body = {"phone": str(self.ann.id), "message": text}
        answer = await self.owner.post(f"/api/whatsapp/{self.id}/send", json=body)
        assert answer.status_code == 200, answer.text

    async def stored(self, person: User) -> list[str]:
        """What is kept of a person's chat."""
        answer = await self.owner.get(f"/api/instances/{self.id}/chats/{person.id}/messages")
        return [each["content"] for each in answer.json()["messages"]]

    async def put(self, **config: Any) -> dict[str, Any]:
        answer = await self.key.put("/api/v1/webhook", json=config)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["data"]
        return told

    async def settle(self, text: str = "the end") -> None:
        """Until everything that was said before has been told, or left out: what is said last, by Ann, is told last."""
        self.writes(text)
        await self.until(lambda: text in self.texts())
        await self.until(self.nothing_owed)

    async def nothing_owed(self) -> bool:
        for state in ("pending", "leased"):
            page = await self.owner.get("/api/webhooks/deliveries", params={"state": state, "instanceId": self.id})
            if page.json()["total"]:
                return False
        return True


@dataclass
class Maker:
    """Makes lines of a tenant of their own; the calls of one tenant are limited."""

    served: Served
    until: Until
    clients: list[httpx.AsyncClient]

    async def line(self, **schema: Any) -> Line:
        user = await self.served.new_user()
        owner = self.served.client(user["apiKey"])
        telegram, hook = self.served.telegram, self.served.new_path()
        bot = telegram.add_bot(name="Helper")
        ann, ben = telegram.add_person("Ann", username="ann_in_berlin"), telegram.add_person("Ben")
        self.served.receiver.trust(hook, SECRET)
        schema = {"url": self.served.receiver.url(hook), "secret": SECRET} | schema
        body = {"company_id": "acme", "provider": "telegram", "token": bot.token, "api_webhook_schema": schema}
        answer = await owner.post("/api/v1/instances", json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()["instance_id"]
        key = self.served.client(None, token=made)
        self.clients += (owner, key)
        line = Line(self.served, self.until, owner, key, made, bot, ann, ben, hook)

        async def ready() -> bool:
            shown = (await owner.get(f"/api/v1/instances/{made}")).json()["instance"]
            return bool(shown["is_ready_for_messages"] and shown["account"])

        await self.until(ready)
        for person in (ann, ben):
            telegram.people.opens(person, bot)
        return line


@pytest_asyncio.fixture(loop_scope="session")
async def maker(served: Served, until: Until) -> AsyncIterator[Maker]:
    clients: list[httpx.AsyncClient] = []
    yield Maker(served, until, clients)
    for client in clients:
        await client.aclose()


async def test_a_message_is_told_in_the_envelope_and_in_flat_keys_and_signed(maker: Maker) -> None:
    line = await maker.line()
    number = line.writes("Hello, shop")
    await line.until(line.heard)
    (request,) = line.heard()
    told = request.json()
    assert list(told) == FLAT
    assert told["message"] == {
        "id": number,
        "body": "Hello, shop",
        "fromMe": False,
        "timestamp": told["message"]["timestamp"],
        "contact": "Ann (@ann_in_berlin)",
        "type": "text",
        "chatId": str(line.ann.id),
    }
    flat = {key: told[key] for key in FLAT if key not in ("message", "timestamp", "received_at")}
    assert flat == {
        "event": "message",
        "instance_id": line.id,
        "instanceId": line.id,
        "provider": "telegram",
        "message_id": number,
        "messageId": number,
        "chat_id": str(line.ann.id),
        "from": str(line.ann.id),
        "to": f"@{line.bot.user.username}",
        "body": "Hello, shop",
        "type": "text",
        "message_type": "text",
        "is_group": False,
        "isGroup": False,
        "from_me": False,
        "fromMe": False,
        "contact": "Ann (@ann_in_berlin)",
        "contact_name": "Ann",
    }
    assert isinstance(told["timestamp"], int)
    assert told["message"]["timestamp"].endswith("Z")
    wanted = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-webhook-signature"] == wanted
    assert (request.legacy_signature, request.standard_signature) == (True, True)
    assert request.headers["content-type"] == "application/json"
    assert "WhatsApp-Web-MCP" not in request.headers["user-agent"]


async def test_without_events_messages_are_told_in_both_directions_and_nothing_else(maker: Maker) -> None:
    line = await maker.line()
    line.writes("heard")
    await line.sends("said")
    await line.owner.post(f"/api/v1/instances/{line.id}/restart")
    await line.settle()
    assert {each.json()["event"] for each in line.heard()} == {"message"}
    by_text = {each.json()["body"]: each.json() for each in line.heard()}
    assert {text: each["from_me"] for text, each in by_text.items()} == {"heard": False, "said": True, "the end": False}
    own = by_text["said"]
    assert (own["from"], own["to"]) == (str(line.bot.user.id), str(line.ann.id))
    assert (own["message"]["fromMe"], own["contact_name"]) == (True, "Ann")


async def test_events_that_were_chosen_are_told_under_the_name_that_was_chosen(maker: Maker) -> None:
    line = await maker.line(events=["callback_query", "status_changed", "ready", "message"])
    await line.until(lambda: [each for each in line.heard() if each.json()["event"] == "ready"])
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    telegram = line.served.telegram
    asked = {"chat_id": line.ann.id, "text": "Sure?", "reply_markup": keyboard}
    async with telegram.http.post(f"{telegram.base_url}/bot{line.bot.token}/sendMessage", json=asked) as answer:
        number = (await answer.json())["result"]["message_id"]
    query = telegram.people.presses(line.ann, line.bot, number, "yes")
    await line.until(lambda: [each for each in line.heard() if each.json()["event"] == "callback_query"])
    await line.put(events=["status_changed", "message"])
    await line.owner.post(f"/api/v1/instances/{line.id}/restart")
    await line.settle()
    told = [each.json() for each in line.heard()]
    ready = next(each for each in told if each["event"] == "ready")
    assert (ready["status"], ready["auth_status"]) == ("client_ready", "client_ready")
    pressed = next(each for each in told if each["event"] == "callback_query")
    assert pressed["callback_query"] == {"id": query, "data": "yes"}
    assert (pressed["data"], pressed["from"], pressed["message_id"]) == ("yes", str(line.ann.id), str(number))
    # Who chose only the wider word hears of a connection under that one.
    words = [each["status"] for each in told if each["event"] == "status_changed"]
    assert "client_ready" in words
    assert sum(each["event"] == "ready" for each in told) == 1


async def test_a_token_and_custom_headers_go_along(maker: Maker) -> None:
    line = await maker.line(authToken="for the receiver", headers={"X-Shop": "one"})
    line.writes("hello")
    await line.until(line.heard)
    (request,) = line.heard()
    assert request.headers["authorization"] == "Bearer for the receiver"
    assert request.headers["x-shop"] == "one"
    for answer in (
        await line.key.get("/api/v1/webhook"),
        await line.owner.get("/api/v1/instances"),
        await line.owner.get(f"/api/v1/instances/{line.id}"),
        await line.owner.get(f"/api/instances/{line.id}"),
    ):
        assert answer.status_code == 200
        assert "for the receiver" not in answer.text
        assert SECRET not in answer.text


async def test_one_that_is_switched_off_is_told_nothing_until_it_is_on_again(maker: Maker) -> None:
    line = await maker.line()
    line.writes("before")
    await line.until(lambda: line.texts() == ["before"])
    await line.put(enabled=False)
    line.writes("meanwhile")

    async def kept() -> bool:
        return "meanwhile" in await line.stored(line.ann)

    await line.until(kept)
    assert await line.nothing_owed()
    await line.put(enabled=True)
    await line.settle("after")
    assert line.texts() == ["before", "after"]


async def test_an_edit_holds_for_the_very_next_message_and_keeps_what_it_does_not_name(maker: Maker) -> None:
    line = await maker.line(authToken="kept", filters={"allowGroups": False}, events=["message", "callback_query"])
    line.writes("to the first")
    await line.until(line.heard)
    moved = line.served.new_path()
    body = {"url": line.served.receiver.url(moved)}
    answer = await line.key.post("/api/v1/webhook/config", json=body)
    told = answer.json()["data"]
    assert (told["authToken"], told["events"]) == ("***", ["message", "callback_query"])
    assert told["filters"] == {"allowGroups": False, "allowPrivate": True, "allowedNumbers": []}
    line.writes("to the second")
    await line.until(lambda: line.heard(moved))
    (request,) = line.heard(moved)
    assert (request.json()["body"], request.headers["authorization"]) == ("to the second", "Bearer kept")
    assert line.texts() == ["to the first"]


async def test_groups_may_be_left_out_of_the_webhook_and_are_stored_all_the_same(maker: Maker) -> None:
    line = await maker.line()
    group = line.served.telegram.rooms.create("group", "Team", members=[line.ann, line.bot.user])
    people = line.served.telegram.people
    people.sends_text(line.ann, group, "in the group")
    await line.until(lambda: line.texts() == ["in the group"])
    (told,) = (each.json() for each in line.heard())
    assert (told["is_group"], told["isGroup"], told["chat_id"]) == (True, True, str(group.id))
    assert (told["from"], told["contact_name"]) == (str(line.ann.id), "Ann")
    await line.put(filters={"allowGroups": False})
    people.sends_text(line.ann, group, "kept back")
    await line.settle()
    assert line.texts() == ["in the group", "the end"]
    answer = await line.owner.get(f"/api/instances/{line.id}/chats/{group.id}/messages")
    assert {each["content"] for each in answer.json()["messages"]} == {"in the group", "kept back"}


async def test_only_numbers_that_are_allowed_are_told_with_a_plus_or_without(maker: Maker) -> None:
    line = await maker.line()
    for spelled in (str(line.ann.id), f"+{line.ann.id}"):
        await line.put(filters={"allowedNumbers": [spelled]})
        line.writes(f"from Ben, {spelled} allowed", line.ben)

        async def kept(words: str = spelled) -> bool:
            return any(words in each for each in await line.stored(line.ben))

        await line.until(kept)
        await line.settle(f"from Ann, {spelled} allowed")
    assert line.texts() == [f"from Ann, {spelled} allowed" for spelled in (str(line.ann.id), f"+{line.ann.id}")]
    assert len(await line.stored(line.ben)) == 2


async def test_private_chats_may_be_left_out(maker: Maker) -> None:
    line = await maker.line(filters={"allowPrivate": False})
    line.writes("kept back")

    async def kept() -> bool:
        return await line.stored(line.ann) == ["kept back"]

    await line.until(kept)
    assert await line.nothing_owed()
    await line.put(filters={"allowPrivate": True})
    await line.settle()
    assert line.texts() == ["the end"]


async def test_the_oldest_shape_is_a_flat_message(maker: Maker) -> None:
    line = await maker.line(format="legacy", events=["message", "ready"])
    number = line.writes("hello")
    await line.sends("Good morning")
    await line.until(lambda: len(line.heard()) == 2)
    heard, said = sorted((each.json() for each in line.heard()), key=lambda each: "to" in each)
    assert heard == {
        "from": str(line.ann.id),
        "name": "Ann",
        "message": "hello",
        "isGroup": False,
        "timestamp": heard["timestamp"],
        "messageId": number,
    }
    assert isinstance(heard["timestamp"], int)
    assert list(said) == ["from", "to", "name", "message", "isGroup", "fromMe", "timestamp", "messageId"]
    assert (said["to"], said["name"], said["message"], said["fromMe"]) == (
        str(line.ann.id),
        "Ann",
        "Good morning",
        True,
    )
    assert all(each.legacy_signature for each in line.heard())


async def test_the_fields_of_the_other_surface_edit_the_same_webhook_and_keep_its_format(maker: Maker) -> None:
    line = await maker.line()
    moved = line.served.new_path()
    body = {"webhookUrl": line.served.receiver.url(moved)}
    assert (await line.owner.put(f"/api/instances/{line.id}", json=body)).status_code == 200
    shown = (await line.key.get("/api/v1/webhook")).json()["data"]
    assert (shown["url"], shown["format"]) == (line.served.receiver.url(moved), "api_v1")
    listed = (await line.owner.get("/api/v1/instances")).json()["instances"]
    assert [each["api_webhook_schema"]["format"] for each in listed] == ["api_v1"]
    line.writes("hello")
    await line.until(lambda: line.heard(moved))
    assert list(line.heard(moved)[0].json()) == FLAT
    (webhook,) = (await line.owner.get("/api/webhooks", params={"instanceId": line.id})).json()["webhooks"]
    assert (webhook["format"], webhook["rateLimit"], webhook["events"]) == ("api_v1", 100, ["message"])
    # The other way round: made there, edited here.
    bot = line.served.telegram.add_bot(name="Other")
    other = {"name": "Other", "provider": "telegram", "token": bot.token, "webhookUrl": body["webhookUrl"]}
    made = (await line.owner.post("/api/instances", json=other)).json()["id"]
    answer = await line.owner.put("/api/v1/webhook", params={"instance_id": made}, json={"events": ["message"]})
    assert (answer.json()["data"]["format"], answer.json()["data"]["events"]) == ("api", ["message"])


async def test_a_test_event_is_told_in_these_bodies_too(maker: Maker) -> None:
    for form in ("api_v1", "legacy"):
        line = await maker.line(format=form)
        (webhook,) = (await line.owner.get("/api/webhooks", params={"instanceId": line.id})).json()["webhooks"]
        assert (await line.owner.post(f"/api/webhooks/{webhook['id']}/test")).status_code == 202
        await line.until(line.heard)
        told = line.heard()[0].json()
        assert "This is a test of your webhook." in (told.get("details"), told.get("message"))
