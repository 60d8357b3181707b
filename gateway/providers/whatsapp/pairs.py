"""Which two addresses are one person: remembered from events, and asked for where one is missing.

WhatsApp tells both names with most messages, but only one with receipts, group changes and mentions. A session keeps
one `Pairs`, teaches it what each conversion brought, and asks its device's own store for what `missing` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from gateway.domain.events import Event
from gateway.domain.ids import Address
from gateway.domain.messages import Chat, Person
from gateway.providers.whatsapp.context import Note
from gateway.providers.whatsapp.jids import is_lid

CAPACITY: Final = 20_000
"""People remembered; beyond it the ones learned first are forgotten and asked for again."""


class Pairs:
    """The pairs one session knows. `pns` and `lids` are for `Context`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.pns: dict[Address, Address] = {}
        self.lids: dict[Address, Address] = {}

    def learn(self, lid: Address, pn: Address) -> None:
        """These are one person. A person who changed the number is known by the new one from now on."""
        before = self.pns.pop(lid, None)
        if before is not None and before != pn:
            self.lids.pop(before, None)
        self.pns[lid] = pn
        self.lids[pn] = lid
        while len(self.pns) > self._capacity:
            oldest = next(iter(self.pns))
            self.lids.pop(self.pns.pop(oldest), None)

    def learn_from(self, converted: Sequence[Event | Note]) -> None:
        """Every pair that a conversion's result tells."""
        for each in _named(converted):
            if isinstance(each, Person | Chat) and each.pn and each.lid and self.pns.get(each.lid) != each.pn:
                self.learn(each.lid, each.pn)


def missing(converted: Sequence[Event | Note]) -> frozenset[Address]:
    """The `@lid` addresses in a conversion's result whose phone number was not known."""
    found: set[Address] = set()
    for each in _named(converted):
        if isinstance(each, str):
            found.add(each)
        elif each.lid and not each.pn:
            found.add(each.lid)
    return frozenset(found)


def _named(value: object) -> Iterator[Person | Chat | Address]:
    # People and chats wherever they are in an event, and the bare addresses of mentions.
    if isinstance(value, Person | Chat):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name == "mentions":
                yield from (address for address in inner if is_lid(address))
            elif isinstance(inner, Struct | tuple):
                yield from _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, Struct):
                yield from _named(inner)
