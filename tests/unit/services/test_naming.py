"""One person, one address, whichever name an event tells."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.domain.events import ContactsUpdated, Event, HistoryReceived, MessageReceived, MessageSent
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.messages import Chat, ChatKind, Message, Person, Text
from gateway.services.naming import Names, names_of, pairs_of

SHOP = InstanceId("shop")
TENANTS = {SHOP: TenantId("ours")}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PN = Address("4915100000001@s.whatsapp.net")
LID = Address("900000000000001@lid")
CLUB = Chat(address=Address("1203@g.us"), kind=ChatKind.GROUP)


def by(name: Address, pn: Address | None = None, lid: Address | None = None) -> Person:
    return Person(address=name, pn=pn, lid=lid)


def said(sender: Person, chat: Chat, *, from_me: bool = False, mentions: tuple[Address, ...] = ()) -> Message:
    return Message(
        network_id="1",
        chat=chat,
        sender=sender,
        content=Text(text="hello"),
        sent_at=NOON,
        from_me=from_me,
        mentions=mentions,
    )


def private(name: Address, pn: Address | None = None, lid: Address | None = None) -> Chat:
    return Chat(address=name, kind=ChatKind.PRIVATE, pn=pn, lid=lid)


def names(*events: Event) -> Names:
    return Names([(SHOP, PN, LID)], pairs_of(events, TENANTS))


def test_a_hidden_name_becomes_the_number_wherever_it_is_told() -> None:
    event = MessageReceived(instance_id=SHOP, at=NOON, message=said(by(LID), private(LID), mentions=(LID,)))
    told = names().renamed(event)
    assert isinstance(told, MessageReceived)
    assert told.message.chat == private(PN, pn=PN, lid=LID)
    assert told.message.sender == by(PN, pn=PN, lid=LID)
    assert told.message.mentions == (PN,)


def test_a_number_alone_gets_its_hidden_name_too() -> None:
    event = ContactsUpdated(instance_id=SHOP, at=NOON, people=(by(PN), by(Address("2@lid"))))
    told = names().renamed(event)
    assert isinstance(told, ContactsUpdated)
    assert told.people == (by(PN, pn=PN, lid=LID), by(Address("2@lid")))


def test_another_instance_knows_other_people() -> None:
    event = ContactsUpdated(instance_id=InstanceId("cafe"), at=NOON, people=(by(LID),))
    assert names().renamed(event) is event


def test_what_needs_no_other_name_stays_the_same_object() -> None:
    event = HistoryReceived(instance_id=SHOP, at=NOON, messages=(said(by(Address("3@lid")), CLUB),))
    assert names().renamed(event) is event


def test_a_pair_is_news_once_and_a_new_number_is_news_again() -> None:
    moved = Address("4915100000009@s.whatsapp.net")
    assert names(ContactsUpdated(instance_id=SHOP, at=NOON, people=(by(PN, pn=PN, lid=LID),))).news == []
    (pair,) = names(ContactsUpdated(instance_id=SHOP, at=NOON, people=(by(moved, pn=moved, lid=LID),))).news
    assert (pair.pn, pair.lid) == (moved, LID)


def test_we_are_no_contact_of_our_own() -> None:
    event = MessageSent(instance_id=SHOP, at=NOON, message=said(by(PN, pn=PN, lid=LID), CLUB, from_me=True))
    assert list(pairs_of([event], TENANTS)) == []


def test_a_network_with_one_name_for_each_asks_for_nobody() -> None:
    event = MessageReceived(instance_id=SHOP, at=NOON, message=said(by(Address("100")), private(Address("100"))))
    assert list(names_of([event])) == []
