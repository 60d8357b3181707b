"""What `/api/v1` lists of one instance's chats and people: by their best names, without what is none of either."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.events import HistoryReceived
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import Chat, ChatKind, Message, Person, Text
from gateway.storage.chat_previews import MOST_UNANSWERED
from tests.conftest import Until
from tests.running import RunningGateway, running_gateway
from tests.simulators.telegram import TelegramSimulator

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLUB = Chat(address=Address("-100"), kind=ChatKind.GROUP, title="Club")


class Shop:
    """A connected instance, and what was said to it."""

    def __init__(self, running: RunningGateway, http: httpx.AsyncClient, instance_id: str) -> None:
        self._running, self._http, self.id = running, http, InstanceId(instance_id)
        self._count = 0

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self._http.get(f"/api/v1{path}", headers={"X-Instance-Id": self.id})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def hears(self, text: str, who: str, *, name: str = "", chat: Chat | None = None, known_as: str = "") -> None:
        """Somebody says something."""
        message = self._message(text, Person(address=Address(who), name=name), chat, known_as)
        await self._tell(message)

    async def says(self, text: str, to: str, *, chat: Chat | None = None) -> None:
        """The instance says something, as if from its own phone."""
        message = self._message(text, Person(address=Address(to)), chat, "", from_me=True)
        await self._tell(message)

    async def _tell(self, message: Message) -> None:
        # As a history, whose messages came when they were said: two that come live may share a millisecond.
        told = HistoryReceived(instance_id=self.id, at=NOON, messages=(message,), dedupe_key=f"{self._count}")
        await self._running.gateway.services.inbox.accept(told)

    def _message(self, text: str, who: Person, chat: Chat | None, known_as: str, *, from_me: bool = False) -> Message:
        self._count += 1
        return Message(
            network_id=known_as or f"m{self._count}",
            chat=chat or Chat(address=who.address, kind=ChatKind.PRIVATE, title=who.name),
            sender=Person(address=Address("me")) if from_me else who,
            content=Text(text=text),
            sent_at=NOON + timedelta(seconds=self._count),
            from_me=from_me,
        )


@pytest.fixture
async def shop(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until
) -> AsyncIterator[tuple[Shop, Shop]]:
    """Two of one tenant."""
    env: dict[str, Any] = {"TELEGRAM_API_BASE": telegram.base_url}
    async with running_gateway(tmp_path, database_url, **env) as running, running.client() as http:
        made = []
        for name in ("Shop", "Other"):
            body = {"name": name, "provider": "telegram", "token": telegram.add_bot(name=name).token}
            instance_id = (await http.post("/api/instances", json=body)).json()["id"]
            made.append(Shop(running, http, instance_id))

        async def ready() -> bool:
            states = [(await each.get("/status"))["state"] for each in made]
            return states == ["READY", "READY"]

        await until(ready)
        yield made[0], made[1]


async def test_a_chat_has_its_best_name_its_last_words_and_what_is_unanswered(shop: tuple[Shop, Shop]) -> None:
    mine, other = shop
    await mine.hears("one", "1", name="Ann")
    await mine.says("two", "1")
    await mine.hears("three", "1", name="Ann")
    await mine.hears("four", "1", name="Ann")
    await mine.hears("hello all", "2", name="Ben", chat=CLUB)
    await mine.says("hello Ben", "2", chat=CLUB)
    await other.hears("elsewhere", "1", name="Annie")
    await mine.hears(
        "a status", "3", name="Cleo", chat=Chat(address=Address("status@broadcast"), kind=ChatKind.CHANNEL)
    )
    chats = {each["id"]: each for each in await mine.get("/chats")}
    assert chats.keys() == {"1", "-100"}, "statuses are no conversation"
    assert (chats["1"]["name"], chats["1"]["lastMessage"], chats["1"]["unreadCount"]) == ("Ann", "four", 2)
    assert (chats["-100"]["name"], chats["-100"]["lastMessage"], chats["-100"]["unreadCount"]) == (
        "Club", "hello Ben", 0,
    )  # fmt: skip
    assert [each["lastMessage"] for each in await other.get("/chats")] == ["elsewhere"]
    assert len(await mine.get("/chats?limit=1")) == 1


async def test_what_is_unanswered_is_looked_for_only_so_far_back(shop: tuple[Shop, Shop]) -> None:
    mine, _ = shop
    for number in range(MOST_UNANSWERED + 5):
        await mine.hears(str(number), "2", name="Ben", chat=CLUB)
    (chat,) = await mine.get("/chats")
    assert (chat["unreadCount"], chat["lastMessage"]) == (MOST_UNANSWERED, str(MOST_UNANSWERED + 4))
    said = await mine.get("/messages/-100?limit=2")
    assert [each["body"] for each in said] == [str(MOST_UNANSWERED + 3), str(MOST_UNANSWERED + 4)]


async def test_people_are_listed_by_number_without_groups_and_without_those_whose_number_is_hidden(
    shop: tuple[Shop, Shop],
) -> None:
    mine, _ = shop
    await mine.hears("hi", "1", name="Ann")
    await mine.hears("hi", "4915100000002@s.whatsapp.net", name="Ben")
    await mine.hears("hi", "900000000000001@lid", name="Cleo")
    await mine.hears("hi", "1", name="Ann", chat=CLUB)
    assert await mine.get("/contacts") == [
        {"name": "Ann", "number": "1"},
        {"name": "Ben", "number": "4915100000002"},
    ]


async def test_an_id_that_several_chats_have_names_none_of_their_messages(shop: tuple[Shop, Shop]) -> None:
    mine, other = shop
    await mine.hears("to me", "1", known_as="7")
    await other.hears("to another", "3", known_as="7")
    one = await mine.get("/messages/7/media", 404)
    assert one["error"] == "Message 7 has no media", "one of another instance is none of ours"
    await mine.hears("in the club", "2", chat=CLUB, known_as="7")
    several = await mine.get("/messages/7/media", 409)
    assert several["code"] == "CONFLICT"
    for named, error in (("false_1_7", "Message 7 has no media"), ("false_3_7", "Message false_3_7 not found")):
        assert (await mine.get(f"/messages/{named}/media", 404))["error"] == error
