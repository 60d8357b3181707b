"""A person with two names is one person: contact, chat and messages, whatever was known when they were stored."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.events import (
    AcceptedEvent,
    ContactsUpdated,
    Event,
    HistoryReceived,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    PollAnswered,
)
from gateway.domain.ids import Address, EndpointId
from gateway.domain.messages import Chat, ChatKind, Content, Message, MessageStatus, Person, Poll, Text
from gateway.storage.tables import Chats, Contacts, Deliveries, Messages, UsageDays
from tests.integration.house import NOON, OWNER, SHOP, House, open_house

PN = Address("4915100000001@s.whatsapp.net")
NEW_PN = Address("4915100000009@s.whatsapp.net")
LID = Address("900000000000001@lid")
CLUB = Chat(address=Address("1203630@g.us"), kind=ChatKind.GROUP, title="Club")
ME = Person(address=Address("4915100000000@s.whatsapp.net"))


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        opened.inbox.open()
        yield opened
        await opened.inbox.aclose()


def chat(name: Address, pn: Address | None = None, lid: Address | None = None) -> Chat:
    return Chat(address=name, kind=ChatKind.PRIVATE, pn=pn, lid=lid)


def ann(name: Address = LID, *, called: str = "Ann", pn: Address | None = None, lid: Address | None = None) -> Person:
    return Person(address=name, name=called, pn=pn, lid=lid)


def message(
    network_id: str,
    where: Chat,
    sender: Person,
    *,
    content: Content | None = None,
    from_me: bool = False,
    sent_at: datetime = NOON,
) -> Message:
    return Message(
        network_id=network_id,
        chat=where,
        sender=sender,
        content=content or Text(text=network_id),
        sent_at=sent_at,
        from_me=from_me,
    )


def received(network_id: str, where: Chat, sender: Person) -> MessageReceived:
    return MessageReceived(instance_id=SHOP, at=NOON, message=message(network_id, where, sender))


def sent(network_id: str, where: Chat, content: Content | None = None) -> MessageSent:
    return MessageSent(instance_id=SHOP, at=NOON, message=message(network_id, where, ME, content=content, from_me=True))


def history(*messages: Message, key: str = "chunk-1") -> HistoryReceived:
    return HistoryReceived(instance_id=SHOP, at=NOON, messages=messages, dedupe_key=key)


def contacts(*people: Person, book: bool = False) -> ContactsUpdated:
    return ContactsUpdated(instance_id=SHOP, at=NOON, people=people, from_address_book=book)


async def accept(house: House, *events: Event) -> list[AcceptedEvent | None]:
    return [await house.inbox.accept(event) for event in events]


async def people() -> dict[str, dict[str, Any]]:
    return {row["address"]: row for row in await Contacts.select()}


BOTH = ann(PN, pn=PN, lid=LID)


async def test_what_was_stored_under_the_hidden_name_moves_to_the_number(house: House) -> None:
    await house.endpoint("hook")
    await accept(house, received("1", chat(LID), ann()), received("2", chat(LID), ann()))
    (before,) = await Contacts.select()
    await house.clock.advance(seconds=3600)
    await accept(house, contacts(BOTH))
    (contact,) = await Contacts.select()
    assert (contact["address"], contact["pn"], contact["lid"]) == (PN, PN, LID)
    assert (contact["id"], contact["created_at"], contact["push_name"]) == (before["id"], before["created_at"], "Ann")
    assert contact["number"] == "4915100000001"
    assert [row["address"] for row in await Chats.select()] == [PN]
    assert {row["chat"] for row in await Messages.select()} == {PN}
    # What is still owed waits in the same line as what comes next.
    owed = await Deliveries.select().where(Deliveries.event_type == "message.received")
    assert {row["conversation"] for row in owed} == {PN}


async def test_every_lookup_finds_it_by_either_name(house: House) -> None:
    await accept(house, received("1", chat(LID), ann()), contacts(BOTH), received("2", chat(PN), ann(PN)))
    for name in (PN, LID):
        page, total = await house.storage.messages.page(OWNER, SHOP, name, limit=10, skip=0)
        assert ({each.message.network_id for each in page}, total) == ({"1", "2"}, 2)
        assert {each.message.chat.address for each in page} == {PN}
        assert {each.message.sender.address for each in page} == {PN}
        assert await house.storage.messages.find(OWNER, SHOP, name, "1") is not None
        seen = await house.storage.contacts.chat(SHOP, name)
        assert seen is not None
        assert seen.address == PN
        assert await house.storage.contacts.canonical(SHOP, name) == PN
    ((contact,), total) = await house.storage.contacts.contacts(OWNER, SHOP, limit=10, skip=0)
    assert (contact.pn, contact.lid, total) == (PN, LID, 1)


async def test_two_contacts_become_one_that_keeps_every_name_and_the_older_birth(house: House) -> None:
    await accept(house, received("1", chat(LID), ann(called="Ann")), received("2", chat(PN), ann(PN, called="")))
    await Contacts.update({Contacts.name: "Ann from the bakery"}).where(Contacts.address == LID)
    await Contacts.update({Contacts.created_at: 1}).where(Contacts.address == LID)
    await accept(house, received("3", chat(PN, pn=PN, lid=LID), BOTH))
    (contact,) = await Contacts.select()
    assert (contact["address"], contact["name"], contact["created_at"]) == (PN, "Ann from the bakery", 1)
    assert len(await Chats.select()) == 1
    assert {row["network_id"] for row in await Messages.select().where(Messages.chat == PN)} == {"1", "2", "3"}


async def test_a_message_that_is_there_under_both_names_is_kept_once(house: House) -> None:
    await accept(house, received("1", chat(LID), ann()), received("1", chat(PN), ann(PN)))
    assert await Messages.count() == 2
    await accept(house, contacts(BOTH))
    assert [(row["chat"], row["network_id"]) for row in await Messages.select()] == [(PN, "1")]


async def test_a_redelivery_under_the_other_name_stops_quietly(house: House) -> None:
    first, *rest = await accept(
        house,
        received("1", chat(PN, pn=PN, lid=LID), BOTH),
        received("1", chat(LID), ann()),
        received("1", chat(PN), ann(PN)),
    )
    assert first is not None
    assert rest == [None, None]


async def test_events_are_told_with_the_number_and_both_names_and_each_conversation_counts_on(house: House) -> None:
    answers = await accept(
        house, received("1", chat(LID), ann()), contacts(BOTH), received("2", chat(LID), ann()), sent("3", chat(LID))
    )
    first, _, second, third = (each for each in answers if each is not None)
    assert (first.event.conversation, first.sequence) == (LID, 1)
    assert (second.event.conversation, second.sequence) == (PN, 1)
    assert (third.event.conversation, third.sequence) == (PN, 2)
    assert isinstance(second.event, MessageReceived)
    assert second.event.message.sender == ann(PN, pn=PN, lid=LID)


async def test_in_a_group_only_the_people_have_two_names(house: House) -> None:
    await accept(house, received("1", CLUB, ann()), received("2", CLUB, BOTH))
    assert set(await people()) == {PN, CLUB.address}
    assert {row["chat"] for row in await Messages.select()} == {CLUB.address}


async def test_a_person_who_changes_the_number_takes_the_hidden_name_along(house: House) -> None:
    await accept(house, received("1", chat(PN), BOTH), contacts(ann(NEW_PN, pn=NEW_PN, lid=LID)))
    known = await people()
    assert (known[PN]["lid"], known[NEW_PN]["lid"]) == (None, LID)
    assert await house.storage.contacts.canonical(SHOP, LID) == NEW_PN


async def test_five_hundred_pairs_are_joined_at_once(house: House) -> None:
    def names(number: int) -> dict[str, Address]:
        return {"pn": Address(f"49{number:09}@s.whatsapp.net"), "lid": Address(f"{number}@lid")}

    await accept(house, contacts(*(ann(names(number)["lid"]) for number in range(0, 500, 2))))
    await accept(house, contacts(*(ann(names(number)["pn"], **names(number)) for number in range(500))))
    known = await people()
    assert len(known) == 500
    assert all(row["pn"] == address and row["lid"] for address, row in known.items())


# ---------------------------------------------------------------- names


async def test_the_name_of_our_users_wins_over_the_address_book_and_that_over_the_own_name(house: House) -> None:
    async def shown() -> tuple[str, str]:
        ((contact,), _) = await house.storage.contacts.contacts(OWNER, SHOP, limit=10, skip=0)
        return contact.name, contact.push_name

    await accept(house, received("1", chat(PN), ann(PN, called="annie")))
    assert await shown() == ("", "annie")
    await accept(house, contacts(ann(PN, called="Ann Book"), book=True), contacts(ann(PN, called="annie 2")))
    assert await shown() == ("Ann Book", "annie 2")
    await Contacts.update({Contacts.name: "VIP"}).where(Contacts.address == PN)
    await accept(house, contacts(ann(PN, called="Ann Book 2"), book=True))
    assert await shown() == ("VIP", "annie 2")
    await Contacts.update({Contacts.name: ""}).where(Contacts.address == PN)
    await accept(house, contacts(ann(PN, called=""), book=True))
    assert await shown() == ("", "annie 2")


# ---------------------------------------------------------------- history, votes, receipts


async def test_a_history_is_stored_and_neither_counted_nor_told_one_by_one(house: House) -> None:
    await house.endpoint("hook")
    long_ago = NOON - timedelta(days=30)
    old = (
        message("a", chat(PN), ann(PN), sent_at=long_ago),
        message("b", chat(PN), ME, from_me=True, sent_at=long_ago + timedelta(minutes=1)),
    )
    await accept(house, received("now", chat(PN), ann(PN, called="Ann now")))
    assert (await accept(house, history(*old)))[0] is not None
    assert await accept(house, history(*old)) == [None]
    page, total = await house.storage.messages.page(OWNER, SHOP, PN, limit=10, skip=0)
    assert ([each.message.network_id for each in page], total) == (["now", "b", "a"], 3)
    (day,) = await UsageDays.select()
    assert (day["messages_received"], day["messages_sent"]) == (1, 0)
    (row,) = await Chats.select()
    assert row["last_message_at"] == int(NOON.timestamp() * 1000)
    assert (await people())[PN]["push_name"] == "Ann now"
    assert ME.address not in await people()
    owed = [row["event_type"] for row in await Deliveries.select().order_by(Deliveries.id)]
    assert owed == ["message.received", "history.received"]


async def test_a_vote_told_by_digest_gets_its_positions_from_the_stored_poll(house: House) -> None:
    poll = Poll(question="Tea?", options=("yes", "no"), ref="poll-1")
    digest = hashlib.sha256(b"no").hexdigest()
    vote = PollAnswered(
        instance_id=SHOP, at=NOON, poll_ref="poll-1", sender=BOTH, chat=chat(LID, pn=PN, lid=LID), digests=(digest,)
    )
    _, known = await accept(house, sent("poll-1", chat(PN), poll), vote)
    assert known is not None
    assert isinstance(known.event, PollAnswered)
    assert known.event.options == (1,)
    (strange,) = await accept(
        house, PollAnswered(instance_id=SHOP, at=NOON, poll_ref="other", sender=BOTH, chat=CLUB, digests=(digest,))
    )
    assert strange is not None
    assert isinstance(strange.event, PollAnswered)
    assert (strange.event.options, strange.event.digests) == ((), (digest,))


async def test_reading_on_the_own_phone_moves_a_received_message(house: House) -> None:
    await accept(house, received("1", chat(PN, pn=PN, lid=LID), BOTH))
    read = MessageStatusChanged(
        instance_id=SHOP, at=NOON, chat=chat(LID), network_id="1", status=MessageStatus.READ, from_me=False
    )
    assert [each is not None for each in await accept(house, read, read)] == [True, False]
    (row,) = await Messages.select()
    assert row["status"] == "read"


async def test_the_echo_of_what_we_sent_is_not_counted_again(house: House) -> None:
    await house.endpoint("hook")
    assert (await accept(house, sent("1", chat(PN, pn=PN, lid=LID))))[0] is not None
    assert await accept(house, sent("1", chat(LID)), sent("1", chat(PN))) == [None, None]
    (day,) = await UsageDays.select()
    assert day["messages_sent"] == 1
    assert house.woken == [frozenset({EndpointId("hook")})]
