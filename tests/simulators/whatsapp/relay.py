"""Messages from clients: checked, acknowledged, and carried to every device they are meant for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError
from neonize.proto.waAdv.WAAdv_pb2 import ADVSignedDeviceIdentity

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User, participant_hash
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.jid import BROADCAST, GROUP, JID, LID, NEWSLETTER
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.phones import Phones
from tests.simulators.whatsapp.signal.session import PREKEY_MESSAGE
from tests.simulators.whatsapp.world import World


class Relay:
    """Carries what clients write."""

    def __init__(self, world: World, features: Features, phones: Phones) -> None:
        self._world = world
        self._features = features
        self._phones = phones
        self._status_readers: dict[JID, dict[JID, None]] = {}  # sending device -> those it gave its sender key

    def take(self, connection: Connection, node: Node) -> None:
        """A `<message>` of a client, with whatever trouble was ordered for it."""
        device, to = connection.require_device(), node.jid("to")
        if to.server == NEWSLETTER:
            self._features.newsletters.take_message(connection, node)
            return
        faults, phone = self._world.faults, device.user.phone
        if faults.take("lose_message", phone) is not None:
            return
        if faults.take("drop_before_relay", phone) is not None:
            connection.abort()
            return
        refusal = faults.take("refuse_message", phone)
        code = refusal.code if refusal is not None else self._objection(device, node, to)
        if code:
            self._world.stats[f"message refused {code}"] += 1
            connection.send(_ack(node, code))
            return
        if faults.take("drop_before_ack", phone) is not None:
            self._carry(device, node, to)
            connection.abort()
            return
        self._acknowledge(connection, node, phone, self._correction(device, node, to))
        self._carry(device, node, to)

    def _acknowledge(self, connection: Connection, node: Node, phone: str, correction: str | None) -> None:
        faults, ack = self._world.faults, _ack(node, phash=correction)
        if faults.take("lose_ack", phone) is not None:
            return
        slow = faults.take("slow_ack", phone)
        if slow is not None:
            asyncio.get_running_loop().call_later(slow.seconds, connection.send, ack)
            return
        connection.send(ack)
        if faults.take("drop_after_ack", phone) is not None:
            connection.close()

    def _objection(self, device: Device, node: Node, to: JID) -> int:
        """Why WhatsApp would not take this message; 0 if it would."""
        if not self._proves_itself(device, node):
            self._world.fault("rule", f"{device.pn} sent {node.get('id')} without its device identity")
            return 479
        if to.server == GROUP:
            group = self._features.groups.find(to)
            if group is None:
                return 404
            return 0 if group.may_write(device.user) else 403
        if to.server != BROADCAST and self._world.directory.find(to.bare()) is None:
            return 404
        return 0

    def _proves_itself(self, device: Device, node: Node) -> bool:
        """Whoever opens a session must show that account and device belong together."""
        encs = [*node.all("enc"), *(enc for each in _participants(node) for enc in each.all("enc"))]
        if not any(enc.get("type") == PREKEY_MESSAGE for enc in encs):
            return True
        shown = node.child("device-identity")
        if shown is None:
            return False
        try:
            certificate = ADVSignedDeviceIdentity.FromString(shown.data())
        except DecodeError:
            return False
        known = device.certificate
        return bool(
            certificate.details == known.details
            and certificate.accountSignature == known.accountSignature
            and certificate.deviceSignature == known.deviceSignature
        )

    def _correction(self, device: Device, node: Node, to: JID) -> str | None:
        """The hash of the devices a message should have been for, if the client's list is out of date.

        The message goes on without the others; the client drops its list and asks for a new one before the next.
        """
        listed = {each.jid("jid") for each in _participants(node)}
        group = self._features.groups.find(to) if to.server == GROUP else None
        other = self._world.directory.find(to.bare())
        people = group.members if group is not None else [other, device.user] if other is not None else []
        devices = {jid for user in people for jid in user.all_devices()}
        if not listed or not devices or any(jid.server != LID for jid in listed):
            return None
        right = participant_hash(devices)
        if node.get("phash") == right or (node.get("phash") is None and devices - {device.lid} <= listed):
            return None
        self._world.stats["device list out of date"] += 1
        return right

    def _carry(self, device: Device, node: Node, to: JID) -> None:
        shared = next((enc for enc in node.all("enc") if enc.get("type") == "skmsg"), None)
        targets = {each.jid("jid"): each.all("enc") for each in _participants(node)}
        if not targets and shared is None:  # to one device: a peer message, or a repetition it asked for
            target = node.jid("participant") if node.get("participant") is not None else to
            targets[target] = node.all("enc")
        elif shared is not None:
            for reader in self._readers(device, to, targets):
                targets[reader] = [*targets.get(reader, ()), shared]
        for jid, encs in targets.items():
            user = self._world.directory.find(jid.bare())
            if user is not None and not self._is_unwelcome(device, user, to):
                self._deliver(device, user, jid.device, node, encs, to)

    def _readers(self, device: Device, to: JID, targets: dict[JID, Any]) -> list[JID]:
        """Everybody who reads the part that is encrypted once."""
        if to.server == BROADCAST:
            readers = self._status_readers.setdefault(device.lid, {})
            readers.update(dict.fromkeys(targets))
            return [jid for jid in readers if self._exists(jid)]
        group = self._features.groups.find(to)
        people: Sequence[User] = group.members if group is not None else ()
        return [jid for user in people for jid in user.all_devices() if jid != device.lid]

    def _exists(self, jid: JID) -> bool:
        return jid.device == 0 or self._world.directory.find_device(jid) is not None

    def _is_unwelcome(self, device: Device, user: User, to: JID) -> bool:
        return to.is_person and user is not device.user and self._features.privacy.has_blocked(user, device.user)

    def _deliver(self, device: Device, user: User, number: int, node: Node, encs: Sequence[Node], to: JID) -> None:
        if number == 0:
            self._phones.hear(user, device, node, encs, to)
            return
        target = user.devices.get(number)
        if target is None or target is device:
            return
        attrs: dict[str, Any] = {
            "id": node.get("id"),
            "type": node.get("type"),
            "t": str(int(time.time())),
            "notify": device.user.name,
            "addressing_mode": "lid",
            "edit": node.get("edit"),
        }
        if not to.is_person:
            attrs.update({"from": to, "participant": device.lid, "participant_pn": device.user.pn})
        elif user is device.user:
            attrs.update({"from": device.lid, "recipient": to, "peer_recipient_pn": node.get("peer_recipient_pn")})
        else:
            attrs.update({"from": device.lid, "sender_pn": device.user.pn})
        others = [each for each in node.children if each.tag not in ("participants", "enc")]
        self._world.push(target, Node("message", attrs, [*encs, *others]))


def _participants(node: Node) -> list[Node]:
    participants = node.child("participants")
    return participants.all("to") if participants is not None else []


def _ack(node: Node, error: int = 0, phash: str | None = None) -> Node:
    attrs = {"class": "message", "from": node.get("to"), "id": node.get("id"), "t": str(int(time.time()))}
    attrs.update({"phash": phash, "error": str(error) if error else None})
    return Node("ack", attrs)
