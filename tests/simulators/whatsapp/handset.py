"""A person's phone: device 0 of an account. It decrypts, remembers what it saw, and can repeat what it said."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.signal.party import Party

_SAID_KEPT = 4096
_SEEN_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that reached the phone. `message` is what was decrypted; `chat` is where it was written."""

    id: str
    sender: JID  # the LID of the device that sent it
    sender_phone: str
    chat: JID
    message: Any
    at: float = field(default_factory=time.time)
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A message that the phone sent; kept so that it can be repeated and answered to."""

    id: str
    chat: JID
    message: Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody let the phone know about a message: delivered, read, played, retry, ..."""

    id: str
    type: str
    sender_phone: str
    at: float = field(default_factory=time.time)


class Handset:
    """What a phone remembers."""

    def __init__(self) -> None:
        self.party = Party()
        self.seen: list[Seen] = []
        self._seen_ids: set[tuple[JID, str]] = set()
        self.receipts: list[Receipt] = []
        self.said: OrderedDict[str, Said] = OrderedDict()
        self.answers = ["delivered"]
        """Receipts it sends for every message by itself: delivered, read; played for voice notes only by hand."""
        self.sender_keys_given: set[tuple[str, str]] = set()  # (group, device address)

    def see(self, seen: Seen) -> None:
        self._seen_ids.add((seen.sender, seen.id))
        if len(self.seen) < _SEEN_KEPT:
            self.seen.append(seen)

    def has_seen(self, sender: JID, message_id: str) -> bool:
        return (sender, message_id) in self._seen_ids

    def say(self, said: Said) -> None:
        self.said[said.id] = said
        if len(self.said) > _SAID_KEPT:
            self.said.popitem(last=False)

    def find(self, message_id: str) -> Any | None:
        """A message it sent or received, decrypted."""
        said = self.said.get(message_id)
        if said is not None:
            return said.message
        return next((seen.message for seen in reversed(self.seen) if seen.id == message_id), None)

    def forget(self) -> None:
        """Empty the memory of messages and receipts; sessions stay."""
        self.seen.clear()
        self._seen_ids.clear()
        self.receipts.clear()
