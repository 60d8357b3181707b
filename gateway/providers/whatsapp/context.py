"""What a conversion is given beside the event itself, and what it may say beside events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct, field

from gateway.domain.events import Event, MessageReceived
from gateway.domain.ids import Address, InstanceId

_LATEST: Final = 32_503_680_000
"""The year 3000 in seconds: a time beyond it is noise."""


class Note(Struct, frozen=True):
    """A line for the instance's journal: something no subscriber needs to be told, but its owner may want to know."""

    text: str
    level: str = "info"
    unread: MessageReceived | None = None
    """For a message that could not be decrypted: what can be told of it, should no readable copy come. It carries the
    message's own network id, so emitting it too early would make the readable copy a redelivery."""


Converted: TypeAlias = tuple[Event | Note, ...]


class Context(Struct, frozen=True, kw_only=True):
    """Whose event it is, when it is read, and who is known under which two names."""

    instance_id: InstanceId
    now: datetime
    pn: Address | None = None
    lid: Address | None = None
    """The account's own two addresses."""
    pns: Mapping[Address, Address] = field(default_factory=dict)
    """The phone-number address of a `@lid` address, as far as known; see `pairs`."""
    lids: Mapping[Address, Address] = field(default_factory=dict)
    """The other way round."""
    history_days: int = 0
    history_messages: int = 0
    """How far back a history is taken, and at most how many messages of one sync; with 0 it brings people alone."""

    def is_me(self, address: Address | None) -> bool:
        """Whether it is one of the account's own addresses."""
        return address is not None and address in (self.pn, self.lid)

    def pn_of(self, lid: Address) -> Address | None:
        """The phone-number address behind a `@lid` address."""
        return self.pn if lid == self.lid else self.pns.get(lid)

    def lid_of(self, pn: Address) -> Address | None:
        """The `@lid` address behind a phone-number address."""
        return self.lid if pn == self.pn else self.lids.get(pn)

    def at(self, seconds: float) -> datetime:
        """A moment of the network, in seconds since 1970; now, where it told none."""
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else self.now
