"""Who is online and who is typing, in both directions.

A client sees a person's presence after subscribing to it, and typing only while it says that it is online itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.group_state import Group
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler
from tests.simulators.whatsapp.world import Feature, World


@dataclass(frozen=True)
class Typing:
    """What a client told a chat: `state` is composing, recording or paused."""

    device: Device
    chat: JID
    state: str


class Presence(Feature):
    """Presence of people, and what clients said about themselves."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.online: dict[str, bool] = {}  # phone -> whether the person is online
        self.last_seen: dict[str, int] = {}
        self.available: dict[JID, bool] = {}  # client device -> what it said last
        self.subscriptions: dict[str, dict[JID, Device]] = {}  # phone -> devices that follow it
        self.typing: list[Typing] = []
        self.stanzas: Mapping[str, Handler] = {"presence": self._presence, "chatstate": self._chatstate}

    # What people do

    def comes_online(self, person: User) -> None:
        self.online[person.phone] = True
        self._spread(person)

    def goes_offline(self, person: User, last_seen: int | None = None) -> None:
        self.online[person.phone] = False
        self.last_seen[person.phone] = last_seen if last_seen is not None else int(time.time())
        self._spread(person)

    def types(self, person: User, to: User, state: str = "composing", group: Group | None = None) -> int:
        """Composing, recording or paused, towards an account; returns how many devices were told."""
        told = 0
        media = "audio" if state == "recording" else None
        child = Node("composing" if state == "recording" else state, {"media": media})
        source: dict[str, JID] = {"from": person.lid}
        if group is not None:
            source = {"from": group.jid, "participant": person.lid}
        for device in list(to.devices.values()):
            if device.connection is not None and self.available.get(device.pn):
                device.connection.send(Node("chatstate", dict(source), [child]))
                told += 1
        return told

    # What a client says

    def _presence(self, connection: Connection, node: Node) -> None:
        device = connection.require_device()
        kind = node.get("type", "available")
        self.world.stats[f"presence {kind}"] += 1
        if kind in ("available", "unavailable"):
            self.available[device.pn] = kind == "available"
            return
        person = self.world.directory.find(node.jid("to").bare()) if node.get("to") is not None else None
        if person is None:
            return
        followers = self.subscriptions.setdefault(person.phone, {})
        if kind == "subscribe":
            followers[device.pn] = device
            self._show(person, device)
        elif kind == "unsubscribe":
            followers.pop(device.pn, None)

    def _chatstate(self, connection: Connection, node: Node) -> None:
        device = connection.require_device()
        for child in node.children:
            state = "recording" if child.get("media") == "audio" else child.tag
            self.typing.append(Typing(device, node.jid("to"), state))
            self.world.stats[f"chatstate {state}"] += 1

    def _spread(self, person: User) -> None:
        for device in self.subscriptions.get(person.phone, {}).values():
            self._show(person, device)

    def _show(self, person: User, device: Device) -> None:
        """Presence is of the moment: a client that is away is not told later."""
        if device.connection is None:
            return
        attrs: dict[str, JID | str] = {"from": person.lid}
        if not self.online.get(person.phone):
            attrs["type"] = "unavailable"
            seen = self.last_seen.get(person.phone)
            attrs["last"] = str(seen) if seen is not None else "deny"
        device.connection.send(Node("presence", attrs))
