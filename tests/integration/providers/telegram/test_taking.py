"""An update is acknowledged only after its event is committed; nothing holds a bot up for ever."""

from __future__ import annotations

import asyncio
import random

import pytest
from structlog.typing import EventDict

from gateway.domain.errors import InvalidInput, StorageUnavailable
from gateway.domain.events import Event, MessageReceived
from gateway.domain.instances import Credentials
from gateway.domain.messages import Text, Unknown
from gateway.providers.telegram import TelegramProvider
from gateway.providers.telegram.config import UPDATE_KINDS
from gateway.providers.telegram.updates import MAX_TRIES
from tests.seam import Seam, living
from tests.simulators.telegram import Bot, Chaos, TelegramSimulator, User
from tests.simulators.telegram.wire import Wire, unix_now


def said(event: Event) -> str:
    return event.message.body if isinstance(event, MessageReceived) else ""


def waiting(telegram: TelegramSimulator, bot: Bot) -> list[str]:
    return [update["message"].get("text", "?") for update in telegram.unconfirmed(bot)]


async def test_nothing_is_confirmed_before_its_commit(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    for number in range(5):
        telegram.people.sends_text(ann, bot, f"{number}")
    seam.refuse = lambda event: StorageUnavailable("away") if said(event) == "2" else None
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: seam.state == "storage_unavailable")
        # One conversation: what follows the failed update was not even tried, so its order cannot turn round.
        assert seam.bodies == ["0", "1"]
        await seam.until(lambda: len(seam.asked) >= 6, passing=10)
        assert waiting(telegram, bot) == ["2", "3", "4"]
        assert "connected" not in seam.codes
        seam.refuse = lambda _event: None
        await seam.until(lambda: seam.state == "connected", passing=10)
    assert seam.bodies == ["0", "1", "2", "3", "4"]


async def test_a_killed_process_finds_its_uncommitted_updates_again(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User
) -> None:
    first, second = Seam(), Seam()
    first.refuse = lambda event: StorageUnavailable("away") if said(event) == "b" else None
    telegram.people.sends_text(ann, bot, "a")
    telegram.people.sends_text(ann, bot, "b")
    async with living(provider, first.context(credentials)):
        await first.until(lambda: len(first.asked) == 2)
    async with living(provider, second.context(credentials)):
        await second.until(lambda: "b" in second.bodies)
    assert first.bodies == ["a"]


async def test_other_conversations_do_not_wait_for_a_stuck_one(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    bob = telegram.add_person("Bob")
    telegram.people.sends_text(ann, bot, "stuck")
    telegram.people.sends_text(bob, bot, "goes on")
    telegram.people.sends_text(ann, bot, "behind it")
    seam.refuse = lambda event: StorageUnavailable("away") if said(event) == "stuck" else None
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: "goes on" in seam.bodies)
        seam.refuse = lambda _event: None
        await seam.until(lambda: len(seam.bodies) == 3, passing=10)
    assert seam.bodies == ["goes on", "stuck", "behind it"]


async def test_a_batch_is_committed_side_by_side_in_the_order_of_arrival(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam
) -> None:
    people = [telegram.add_person(f"P{number}") for number in range(50)]
    for number, person in enumerate(people):
        telegram.people.sends_text(person, bot, f"{number}")
    gate, inside = asyncio.Event(), 0
    committing = seam.emit

    async def emit(event: Event) -> None:
        nonlocal inside
        inside += 1
        seam.asked.append(event)
        await gate.wait()
        await committing(event)

    context = seam.context(credentials)
    async with living(
        provider, type(context)(**{f: getattr(context, f) for f in context.__struct_fields__} | {"emit": emit})
    ):
        await seam.until(lambda: inside == 50)
        assert [said(event) for event in seam.asked] == [f"{number}" for number in range(50)]
        gate.set()
        await seam.until_connected()
    assert len(seam.bodies) == 50


async def test_a_message_the_store_refuses_is_told_without_its_content(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    def refuse(event: Event) -> Exception | None:
        odd = isinstance(event, MessageReceived) and event.message.content == Text(text="odd")
        return InvalidInput("cannot be stored") if odd else None

    seam.refuse = refuse
    telegram.people.sends_text(ann, bot, "odd")
    telegram.people.sends_text(ann, bot, "next")
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: len(seam.messages) == 2)
        await seam.until_connected()
    assert [message.content for message in seam.messages] == [Unknown(network_kind="unstorable"), Text(text="next")]
    assert any(note.startswith("error") for note in seam.notes)
    assert "odd" not in "".join(seam.notes)


async def test_one_message_that_always_fails_is_skipped_in_the_end_and_noted(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    telegram.people.sends_text(ann, bot, "poison")
    telegram.people.sends_text(ann, bot, "next")
    first: list[str] = []

    def refuse(event: Event) -> Exception | None:
        assert isinstance(event, MessageReceived)
        first[:] = first or [event.message.network_id]
        return RuntimeError("a bug") if event.message.network_id == first[0] else None

    seam.refuse = refuse
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: seam.state == "connected", passing=60)
    assert seam.bodies == ["next"]
    assert len([event for event in seam.asked if said(event) == "poison"]) > MAX_TRIES
    assert any("skipped" in note for note in seam.notes)
    assert telegram.unconfirmed(bot) == []


async def test_a_fault_of_the_gateway_itself_loses_nothing_however_long_it_lasts(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    telegram.people.sends_text(ann, bot, "one")
    telegram.people.sends_text(ann, bot, "two")
    telegram.people.sends_text(telegram.add_person("Bob"), bot, "three")
    seam.refuse = lambda _event: RuntimeError("everything is broken")
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: len(seam.asked) > MAX_TRIES * 5, passing=60)
        assert len(telegram.unconfirmed(bot)) == 3
        seam.refuse = lambda _event: None
        await seam.until(lambda: seam.state == "connected", passing=60)
    assert sorted(seam.bodies) == ["one", "three", "two"]
    assert not any("skipped" in note for note in seam.notes)


async def test_an_update_newer_than_the_library_does_not_hold_up_the_bot(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    logs: list[EventDict],
) -> None:
    chat: Wire = {"id": ann.id, "type": "private", "first_name": "Ann"}
    odd: Wire = {"message_id": 900, "date": unix_now(), "chat": chat, "from": {"id": "not a number"}, "text": "hidden"}
    bot.updates.allowed = None
    telegram.world.tell(bot, "message", odd)
    telegram.world.tell(bot, "telepathy", {"thought": "private"})
    telegram.people.sends_text(ann, bot, "after")
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: len(seam.messages) == 2)
        await seam.until_connected()
    assert [message.content for message in seam.messages] == [Unknown(network_kind="unreadable"), Text(text="after")]
    assert seam.messages[0].network_id == "900"
    assert len([note for note in seam.notes if "could not be read" in note]) == 2
    assert "hidden" not in seam.told()
    assert "private" not in "".join(seam.notes)
    assert {line["event"] for line in logs} == {"telegram_update_odd"}
    assert not any(word in str(logs) for word in ("hidden", "private", bot.token))


GROUP: Wire = {"id": -1001, "type": "supergroup", "title": "Team"}
ANN: Wire = {"id": 5, "is_bot": False, "first_name": "Ann"}


@pytest.mark.parametrize("kind", UPDATE_KINDS)
async def test_every_kind_we_ask_for_finds_its_way_to_an_event(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam, kind: str
) -> None:
    post: Wire = {"message_id": 1, "date": unix_now(), "chat": GROUP, "sender_chat": GROUP, "text": "x"}
    change: Wire = {
        "chat": GROUP,
        "from": ANN,
        "date": unix_now(),
        "old_chat_member": {"user": ANN, "status": "left"},
        "new_chat_member": {"user": ANN, "status": "member"},
    }
    about: Wire = {"chat": GROUP, "message_id": 1, "date": unix_now()}
    bodies: dict[str, Wire] = {
        "callback_query": {"id": "Q", "from": ANN, "chat_instance": "c", "data": "d"},
        "message_reaction": about | {"user": ANN, "old_reaction": [], "new_reaction": []},
        "message_reaction_count": about | {"reactions": []},
        "my_chat_member": change,
        "chat_member": change,
        "chat_join_request": {"chat": GROUP, "from": ANN, "user_chat_id": 5, "date": unix_now()},
        "poll_answer": {"poll_id": "P", "user": ANN, "option_ids": [0], "option_persistent_ids": ["a"]},
    }
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
        assert telegram.world.tell(bot, kind, bodies.get(kind, post)) is not None
        await seam.until(lambda: seam.committed)
    assert len(seam.committed) == 1
    assert seam.notes == []


async def test_nothing_is_lost_or_doubled_or_swapped_under_chaos(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    chaos = Chaos(seed=7, drop_before=0.2, drop_after=0.2, server_error=0.1, flood=0.1, methods=("getUpdates", "getMe"))
    dice = random.Random(7)
    seam.refuse = lambda _event: StorageUnavailable("away") if dice.random() < 0.05 else None
    telegram.unleash(chaos)
    wanted = [f"{number}" for number in range(200)]
    async with living(provider, seam.context(credentials)):
        for text in wanted:
            telegram.people.sends_text(ann, bot, text)
            if dice.random() < 0.1:
                seen = len(seam.committed)
                await seam.until(lambda seen=seen: len(seam.committed) > seen, passing=30)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        await seam.until(lambda: len(seam.committed) >= len(wanted), passing=30)
    assert seam.bodies == wanted
