"""Receipts from clients: they clear the mail, tell authors, and may ask for a message once more."""

from __future__ import annotations

import time
from typing import Any

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.handset import Receipt
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.post import DELIVERED
from tests.simulators.whatsapp.signal.session import Bundle, OneTimeKey
from tests.simulators.whatsapp.world import World

_FOR_OWN_PHONE = frozenset({"sender", "peer_msg", "hist_sync", "read-self", "played-self"})


class Receipts:
    """Takes `<receipt>` stanzas."""

    def __init__(self, world: World, features: Features) -> None:
        self._world = world
        self._features = features

    def take(self, connection: Connection, node: Node) -> None:
        device, kind = connection.require_device(), node.get("type") or DELIVERED
        attrs = {"class": "receipt", "id": node.get("id"), "from": node.get("to"), "type": node.get("type")}
        attrs.update({"participant": node.get("participant"), "t": _now()})
        connection.send(Node("ack", attrs))
        ids = _ids(node)
        device.mail.arrived(ids, readable=kind != "retry")
        self._world.stats[f"receipt {kind}"] += len(ids)
        if kind == "retry":
            self._repeat(device, node)
        elif kind == "server-error":
            self._features.media_retry.take_receipt(connection, node)
        elif kind == "view":
            self._features.newsletters.take_views(connection, node)
        else:
            self._tell(device, node, kind, ids)

    def _tell(self, device: Device, node: Node, kind: str, ids: list[str]) -> None:
        """The author learns what happened to the message; so do the reader's own devices, of what was read."""
        author = device.user if kind in _FOR_OWN_PHONE else self._author(node)
        if author is None:
            return
        author.handset.receipts += [Receipt(each, kind, device.user.phone) for each in ids]
        if author is device.user:
            return
        to = node.jid("to")
        about: dict[str, Any] = {"from": device.user.lid}
        if not to.is_person:
            about = {"from": to, "participant": device.user.lid}
        shown = None if kind in (DELIVERED, "inactive") else kind
        self._push(list(author.devices.values()), node, {**about, "type": shown})
        if kind in ("read", "played"):
            siblings = [each for each in device.user.devices.values() if each is not device]
            own = {"from": device.user.lid, "recipient": to} if to.is_person else {**about, "participant": author.lid}
            self._push(siblings, node, {**own, "type": f"{kind}-self"})

    def _push(self, devices: list[Device], node: Node, attrs: dict[str, Any]) -> None:
        for device in devices:
            self._world.push(device, Node("receipt", {**attrs, "id": node.get("id"), "t": _now()}, node.content))

    def _author(self, node: Node) -> User | None:
        jid = node.jid("participant") if node.get("participant") is not None else node.jid("to")
        return self._world.directory.find(jid.bare())

    def _repeat(self, device: Device, node: Node) -> None:
        """The client could not read a message; its author sends it again under a new session."""
        jid = node.jid("participant") if node.get("participant") is not None else node.jid("to")
        author = self._world.directory.find(jid.bare())
        if author is None:
            return
        author.handset.receipts.append(Receipt(node.get("id", ""), "retry", device.user.phone))
        if jid.device:
            self._forward(device, author, jid, node)
            return
        said, retry = author.handset.said.get(node.get("id", "")), node.child("retry")
        if said is None or retry is None:
            self._world.log(device.pn, "asks again for a message nobody remembers:", node)
            return
        bundle = self._bundle(device, node)
        if bundle is None:
            return
        author.handset.party.open(device.address, bundle)
        self._world.stats["retry served"] += 1
        self._world.messages.repeat(author, device, said, retry.get("count", "1"))

    def _forward(self, device: Device, author: User, jid: JID, node: Node) -> None:
        """The author is a real client too."""
        target = author.devices.get(jid.device)
        if target is not None:
            to = node.jid("to")
            source = {"from": device.lid} if to.is_person else {"from": to, "participant": device.lid}
            attrs = {**source, "id": node.get("id"), "type": "retry", "t": _now()}
            self._world.push(target, Node("receipt", attrs, node.content))

    def _bundle(self, device: Device, node: Node) -> Bundle | None:
        """The keys in the receipt, or else those the server has."""
        keys = node.child("keys")
        if keys is None:
            return device.take_bundle()
        identity, signed, one_time = keys.child("identity"), keys.child("skey"), keys.child("key")
        if identity is None or signed is None or identity.data() != device.identity:
            self._world.fault("rule", f"{device.pn} asked again with keys that are not its own")
            return None
        number, value = _part(signed, "id"), _part(signed, "value")
        fresh = None
        if one_time is not None:
            fresh = OneTimeKey(int.from_bytes(_part(one_time, "id"), "big"), _part(one_time, "value"))
        return Bundle(
            device.registration_id,
            device.identity,
            int.from_bytes(number, "big"),
            value,
            _part(signed, "signature"),
            fresh,
        )


def _part(node: Node, tag: str) -> bytes:
    child = node.child(tag)
    return child.data() if child is not None else b""


def _ids(node: Node) -> list[str]:
    listed = node.child("list")
    return [node.get("id", ""), *(each.get("id", "") for each in (listed.all("item") if listed is not None else ()))]


def _now() -> str:
    return str(int(time.time()))
