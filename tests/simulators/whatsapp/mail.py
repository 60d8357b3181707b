"""What the network keeps for a linked device until the device says it has it."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node

_ACKNOWLEDGED = frozenset({"message", "receipt", "notification", "call"})
"""Stanzas that a client acknowledges; others are of the moment."""

_PREVIEWED = ("message", "receipt", "notification")


class Slip(NamedTuple):
    """What an acknowledgement names. Several receipts may speak of one message, hence the rest of it."""

    tag: str
    id: str
    source: JID | str
    participant: JID | str
    type: str


class Mail:
    """Stanzas on their way to one device, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[Slip, Node] = {}
        self.delivered: dict[str, None] = {}
        """Ids of messages that the device acknowledged or sent a receipt for, in that order: they never come again."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, node: Node) -> None:
        if node.tag in _ACKNOWLEDGED:
            self._waiting[_slip(node)] = node

    def acknowledge(self, ack: Node) -> None:
        """`<ack class=... id=... to=...>` from the device."""
        tag, id_ = ack.get("class", ""), ack.get("id", "")
        if tag == "message":
            self.arrived([id_])
        else:
            slip = Slip(tag, id_, ack.get("to") or "", ack.get("participant") or "", ack.get("type") or "")
            self._waiting.pop(slip, None)

    def arrived(self, ids: list[str], *, readable: bool = True) -> None:
        """The device has these messages; not `readable` means that it asks for them again."""
        for each in ids:
            if self._waiting.pop(_message(each), None) is not None and readable:
                self.delivered[each] = None

    def waiting(self) -> list[Node]:
        """What a device that just logged in has not got yet."""
        return list(self._waiting.values())

    def clear(self) -> None:
        self._waiting.clear()


def preview(nodes: list[Node]) -> dict[str, str]:
    """How many stanzas of each kind wait, as the server announces them."""
    counts = {tag: sum(node.tag == tag for node in nodes) for tag in _PREVIEWED}
    return {"count": str(len(nodes)), "appdata": "0", **{tag: str(count) for tag, count in counts.items()}}


def _slip(node: Node) -> Slip:
    if node.tag == "message":
        return _message(node.get("id", ""))
    source, participant = node.get("from") or "", node.get("participant") or ""
    return Slip(node.tag, node.get("id", ""), source, participant, node.get("type") or "")


def _message(message_id: str) -> Slip:
    """A message's id is its own: receipts name the chat by other addresses than the message did."""
    return Slip("message", message_id, "", "", "")
