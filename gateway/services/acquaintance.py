"""Whom and which chats a batch of events lets an instance know, written into its address book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    CallReceived,
    ContactsUpdated,
    HistoryReceived,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    PresenceChanged,
    chat_of,
    person_of,
)
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.messages import Chat, ChatKind, Person
from gateway.storage.contacts import ContactStore, Sight

_IN_PASSING = (MessageStatusChanged, ButtonPressed, CallReceived)
"""Events that name a chat and neither start nor move it."""


class Acquaintance:
    """What is learnt from one batch. `saw` each event in order, then `write` once, in the batch's transaction."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._sights: list[Sight] = []
        self._chats: list[tuple[TenantId, InstanceId, Chat, datetime | None]] = []
        self._named: dict[bool, list[tuple[TenantId, InstanceId, Person]]] = {True: [], False: []}

    def saw(self, accepted: Sequence[AcceptedEvent]) -> None:
        """Learn from events."""
        for each in accepted:
            event = each.event
            match event:
                case PresenceChanged():
                    pass  # somebody already known is online: nothing about them changed
                case ContactsUpdated():
                    self._named[event.from_address_book] += (
                        (each.tenant_id, event.instance_id, person) for person in event.people
                    )
                case HistoryReceived():
                    for message in event.messages:
                        sender = None if message.from_me else message.sender
                        self._meet(each, sender, message.chat, at=message.sent_at)
                        self._chats.append((each.tenant_id, event.instance_id, message.chat, message.sent_at))
                case _:
                    chat = chat_of(event)
                    self._meet(each, person_of(event), chat, at=self._now)
                    if chat is not None and not isinstance(event, _IN_PASSING):
                        moved_at = event.message.sent_at if isinstance(event, MessageReceived | MessageSent) else None
                        self._chats.append((each.tenant_id, event.instance_id, chat, moved_at))

    async def write(self, contacts: ContactStore) -> None:
        """Remember it."""
        await contacts.saw(self._sights, self._now)
        for by_address_book, people in self._named.items():
            await contacts.named(people, self._now, by_address_book=by_address_book)
        await contacts.saw_chats(self._chats)

    def _meet(self, accepted: AcceptedEvent, person: Person | None, chat: Chat | None, *, at: datetime) -> None:
        if person is not None and not (chat and chat.kind is ChatKind.CHANNEL) and not person.is_bot:
            self._sight(accepted, person, at)
        if chat is not None and chat.kind is not ChatKind.PRIVATE and not isinstance(accepted.event, _IN_PASSING):
            self._sight(accepted, chat, at)

    def _sight(self, accepted: AcceptedEvent, who: Person | Chat, at: datetime) -> None:
        self._sights.append(Sight(tenant_id=accepted.tenant_id, instance_id=accepted.event.instance_id, who=who, at=at))
