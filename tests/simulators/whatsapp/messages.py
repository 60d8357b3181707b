"""Messages from phones to linked devices: encrypted per device in private chats, once with a sender key in groups."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.simulators.whatsapp.handset import Said
from tests.simulators.whatsapp.jid import JID, SERVER
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.shapes import Shape, shape_of
from tests.simulators.whatsapp.signal.session import Sealed

if TYPE_CHECKING:
    from tests.simulators.whatsapp.directory import Device, User
    from tests.simulators.whatsapp.world import World

LOW_ON_PREKEYS = 10
"""When a device has fewer one-time keys left than this, the server asks it for more."""


def new_id() -> str:
    """A message id as WhatsApp's own apps make them."""
    return "3EB0" + secrets.token_hex(9).upper()


class Messages:
    """The phones' side of sending. Everything goes through the mail of the device, so nothing is lost on the way."""

    def __init__(self, world: World) -> None:
        self._world = world

    def to_companion(self, device: Device, message: Any) -> str:
        """An account's phone to one of its own devices: keys, history and other matters of the protocol."""
        user, message_id = device.user, "3A" + secrets.token_hex(9).upper()
        attrs = {
            "id": message_id,
            "from": user.pn,
            "type": "text",
            "category": "peer",
            "t": _now(),
            "notify": user.name,
        }
        sealed = self._seal(user, device, message.SerializeToString())
        self._world.push(device, Node("message", attrs, [_enc(sealed, Shape("text"))]))
        return message_id

    def write(self, sender: User, to: User, message: Any, message_id: str | None = None, **attrs: str) -> str:
        """In a private chat: to the linked devices of `to`, and a copy to those of the sender."""
        message_id = message_id or new_id()
        sender.handset.say(Said(message_id, to.lid, message))
        raw, shape = message.SerializeToString(), shape_of(message)
        for device in list(to.devices.values()):
            about = {"from": sender.lid, "sender_pn": sender.pn, **attrs}
            self._post(sender, device, message_id, raw, shape, about)
        if sender.devices:
            copy = Message()
            copy.deviceSentMessage.destinationJID = str(to.lid)
            copy.deviceSentMessage.message.CopyFrom(message)
            raw = copy.SerializeToString()
            for device in list(sender.devices.values()):
                about = {"from": sender.lid, "recipient": to.lid, "peer_recipient_pn": to.pn, **attrs}
                self._post(sender, device, message_id, raw, shape, about)
        return message_id

    def write_in(
        self, sender: User, chat: JID, people: Iterable[User], message: Any, message_id: str | None = None, **attrs: str
    ) -> str:
        """In a group, or as a status: to the linked devices of all `people`."""
        message_id = message_id or new_id()
        sender.handset.say(Said(message_id, chat, message))
        party, group, shape = sender.handset.party, str(chat), shape_of(message)
        distribution = party.distribution(group)
        sealed = Sealed("skmsg", party.encrypt_for_group(group, message.SerializeToString()))
        for user in people:
            for device in list(user.devices.values()):
                encs = [_enc(self._maybe_damage(device, sealed), shape)]
                if (group, device.address) not in sender.handset.sender_keys_given:
                    sender.handset.sender_keys_given.add((group, device.address))
                    encs.insert(0, _enc(self._seal(sender, device, _handing_out(group, distribution)), Shape("text")))
                about = {"from": chat, "participant": sender.lid, "participant_pn": sender.pn, **attrs}
                self._send(sender, device, message_id, encs, shape, about)
        return message_id

    def repeat(self, sender: User, device: Device, said: Said, count: str) -> None:
        """Once more for one device that could not read it, under a session that was just made."""
        message, shape = Message(), shape_of(said.message)
        message.CopyFrom(said.message)
        about: dict[str, Any] = {"from": sender.lid, "sender_pn": sender.pn}
        if not said.chat.is_person:
            group = str(said.chat)
            about = {"from": said.chat, "participant": sender.lid, "participant_pn": sender.pn}
            message.MergeFromString(_handing_out(group, sender.handset.party.distribution(group)))
        enc = _enc(self._seal(sender, device, message.SerializeToString()), shape)
        enc.attrs["count"] = count
        self._send(sender, device, said.id, [enc], shape, about)

    def _post(
        self, sender: User, device: Device, message_id: str, raw: bytes, shape: Shape, about: dict[str, Any]
    ) -> None:
        sealed = self._maybe_damage(device, self._seal(sender, device, raw))
        self._send(sender, device, message_id, [_enc(sealed, shape)], shape, about)

    def _send(
        self, sender: User, device: Device, message_id: str, encs: list[Node], shape: Shape, about: dict[str, Any]
    ) -> None:
        attrs = {
            "id": message_id,
            "type": shape.type,
            "t": _now(),
            "notify": sender.name,
            "addressing_mode": "lid",
            "edit": shape.edit,
            **about,
        }
        if shape.poll:
            encs = [*encs, Node("meta", {"polltype": shape.poll})]
        self._world.push(device, Node("message", attrs, encs))

    def _seal(self, sender: User, device: Device, raw: bytes) -> Sealed:
        party = sender.handset.party
        if not party.knows(device.address):
            party.open(device.address, device.take_bundle())
            self.ask_for_prekeys(device)
        return party.encrypt(device.address, raw)

    def ask_for_prekeys(self, device: Device) -> None:
        """Let a device know when few of its one-time keys are left."""
        if len(device.one_time) < LOW_ON_PREKEYS:
            attrs = {"from": SERVER, "type": "encrypt", "id": secrets.token_hex(5).upper(), "t": _now()}
            self._world.push(device, Node("notification", attrs, [Node("count", {"value": str(len(device.one_time))})]))

    def _maybe_damage(self, device: Device, sealed: Sealed) -> Sealed:
        if self._world.faults.take("damage", device.user.phone) is None:
            return sealed
        return Sealed(sealed.kind, sealed.data[:-3] + bytes(byte ^ 0xFF for byte in sealed.data[-3:]))


def _handing_out(group: str, distribution: bytes) -> bytes:
    message = Message()
    message.senderKeyDistributionMessage.groupID = group
    message.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage = distribution
    return bytes(message.SerializeToString())


def _enc(sealed: Sealed, shape: Shape) -> Node:
    hidden = "hide" if shape.edit or shape.type == "reaction" else None
    attrs = {"v": "2", "type": sealed.kind, "mediatype": shape.media, "decrypt-fail": hidden}
    return Node("enc", attrs, sealed.data)


def _now() -> str:
    return str(int(time.time()))
