"""One person, one address: which names an event tells, and the same event under the names that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from msgspec.structs import replace

from gateway.domain.events import Event
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.messages import Chat, ChatKind, Message, Person
from gateway.storage.names import Pair, is_lid

_BEARERS = frozenset({"message", "messages", "chat", "sender", "member", "by", "person", "people"})
"""The fields of events in which people, chats and messages are."""

Named = Person | Chat
N = TypeVar("N", Person, Chat)


class Names:
    """Who is who, as one transaction knows it: both names of everybody of whom both are known."""

    def __init__(self, known: Iterable[tuple[InstanceId, Address, Address]], pairs: Iterable[Pair]) -> None:
        self._pn: dict[tuple[str, str], Address] = {}
        self._lid: dict[tuple[str, str], Address] = {}
        for instance_id, pn, lid in known:
            self._learn(instance_id, pn, lid)
        before = dict(self._pn)
        newest = {(pair.instance_id, pair.lid): pair for pair in pairs}
        self.news = [pair for key, pair in newest.items() if before.get(key) != pair.pn]
        """The pairs that were not known."""
        for pair in self.news:
            self._learn(pair.instance_id, pair.pn, pair.lid)

    def _learn(self, instance_id: InstanceId, pn: Address, lid: Address) -> None:
        self._pn[instance_id, lid] = pn
        self._lid[instance_id, pn] = lid

    def renamed(self, event: Event) -> Event:
        """The event with everybody under their address, and both names of each where both are known."""
        if not self._pn:
            return event
        at = event.instance_id
        changes = {}
        for field in bearers(type(event)):
            before = getattr(event, field)
            after = self._any(at, before)
            if after is not before:
                changes[field] = after
        return replace(event, **changes) if changes else event

    def _any(self, at: InstanceId, value: object) -> object:
        match value:
            case Person():
                return self._one(at, value)
            case Chat():
                return self._one(at, value) if value.kind is ChatKind.PRIVATE else value
            case Message():
                return self._message(at, value)
            case tuple():
                told = tuple(self._any(at, each) for each in value)
                return value if all(after is before for after, before in zip(told, value, strict=True)) else told
            case _:
                return value  # nobody

    def _message(self, at: InstanceId, message: Message) -> Message:
        mentions = tuple(self._pn.get((at, name), name) for name in message.mentions)
        chat, sender = self._any(at, message.chat), self._one(at, message.sender)
        if chat is message.chat and sender is message.sender and mentions == message.mentions:
            return message
        return replace(message, chat=chat, sender=sender, mentions=mentions)

    def _one(self, at: InstanceId, who: N) -> N:
        lid = who.lid or (who.address if is_lid(who.address) else self._lid.get((at, who.pn or who.address)))
        if lid is None:
            return who
        pn = self._pn.get((at, lid), who.pn)
        if pn is None or (who.address, who.pn, who.lid) == (pn, pn, lid):
            return who
        return replace(who, address=pn, pn=pn, lid=lid)


def pairs_of(events: Sequence[Event], tenants: dict[InstanceId, TenantId]) -> Iterator[Pair]:
    """Both names of everybody of whom an event tells both, except of ourselves."""
    for event in events:
        for who in _outsiders(event):
            if who.pn and who.lid:
                yield Pair(tenant_id=tenants[event.instance_id], instance_id=event.instance_id, pn=who.pn, lid=who.lid)


def names_of(events: Sequence[Event]) -> Iterator[tuple[InstanceId, Address]]:
    """Every name by which a person of whom more may be known is told. Networks with one name for each have none."""
    for event in events:
        for who in _everybody(event):
            for name in (who.address, who.pn, who.lid):
                if name and "@" in name:
                    yield event.instance_id, name
        for message in _messages(event):
            for name in message.mentions:
                if is_lid(name):
                    yield event.instance_id, name


def _outsiders(event: Event) -> Iterator[Named]:
    own = {id(message.sender) for message in _messages(event) if message.from_me}
    return (who for who in _everybody(event) if id(who) not in own)


def _everybody(event: Event) -> Iterator[Named]:
    for field in bearers(type(event)):
        yield from _within(getattr(event, field))


def _within(value: object) -> Iterator[Named]:
    match value:
        case Person():
            yield value
        case Chat(kind=ChatKind.PRIVATE):
            yield value
        case Message():
            yield from _within(value.chat)
            yield value.sender
        case tuple():
            for each in value:
                yield from _within(each)
        case _:
            return  # nobody, or a group


def _messages(event: Event) -> Iterator[Message]:
    for field in bearers(type(event)):
        if field == "message":
            yield getattr(event, field)
        elif field == "messages":
            yield from getattr(event, field)


@lru_cache(maxsize=64)
def bearers(kind: type[Event]) -> tuple[str, ...]:
    """The fields of an event type that tell of somebody."""
    return tuple(name for name in kind.__struct_fields__ if name in _BEARERS)
