"""What phones do with messages that reach them: decrypt, check, remember, answer with receipts, ask for repetition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.handset import Seen
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.post import ask_again, send_receipt
from tests.simulators.whatsapp.signal.chains import MessageLost
from tests.simulators.whatsapp.signal.party import NoSession, PrekeyGone
from tests.simulators.whatsapp.signal.sender_keys import NoSenderKey
from tests.simulators.whatsapp.signal.session import NotGenuine
from tests.simulators.whatsapp.signal.wire import Garbled
from tests.simulators.whatsapp.world import World

_BROKEN = (NotGenuine, PrekeyGone, MessageLost, Garbled, DecodeError)
_FORGOTTEN = (NoSession, NoSenderKey)
_BEYOND_REPAIR = 5  # repetitions asked for before a phone gives up


class Phones:
    """The simulated device 0 of every account."""

    def __init__(self, world: World, features: Features) -> None:
        self._world = world
        self._features = features

    def hear(self, user: User, sender: Device, node: Node, encs: Sequence[Node], chat: JID) -> None:
        """A message of a client arrives. `encs` are those meant for this phone."""
        group = chat if not chat.is_person else None
        if user.handset.has_seen(sender.lid, node.get("id", "")):  # sent again, because the connection broke
            self._world.stats["message repeated"] += 1
            return
        message = None
        for enc in encs:
            try:
                message = self._open(user, sender, enc, str(chat))
            except _FORGOTTEN as error:
                self._world.log(user.phone, "asks again for", node.get("id"), error)
                self._ask_again(user, sender, node, enc, group)
                return
            except _BROKEN as error:
                text = f"{user.phone} could not read {enc.get('type')} {node.get('id')} of {sender.pn}: {error!r}"
                self._world.fault("unreadable", text)
                self._ask_again(user, sender, node, enc, group)
                return
        if message is None or not _says_something(message):
            return
        if user is sender.user:
            self._hear_own(sender, node, message, chat)
            return
        self._remember(user, sender, node, message, chat)
        for kind in user.handset.answers:
            send_receipt(self._world, user, sender.user, [node.get("id", "")], kind, group)

    def _open(self, user: User, sender: Device, enc: Node, group: str) -> Any:
        party, kind = user.handset.party, enc.get("type", "")
        if kind == "skmsg":
            plain = party.decrypt_in_group(group, sender.address, enc.data())
        else:
            plain = party.decrypt(sender.address, kind, enc.data(), sender.identity)
        self._world.stats[f"decrypted {kind}"] += 1
        message = Message.FromString(plain)
        if message.HasField("senderKeyDistributionMessage"):
            handed = message.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage
            party.take_distribution(group, sender.address, handed)
        return message

    def _ask_again(self, user: User, sender: Device, node: Node, enc: Node, group: JID | None) -> None:
        if int(enc.get("count", "0")) < _BEYOND_REPAIR:
            ask_again(self._world, user, sender, node, group)

    def _hear_own(self, sender: Device, node: Node, message: Any, chat: JID) -> None:
        """A companion tells its own phone what it sent, or asks the phone for something."""
        if message.HasField("deviceSentMessage"):
            self._remember(sender.user, sender, node, message.deviceSentMessage.message, chat)
            return
        protocol = message.protocolMessage
        asked = protocol.peerDataOperationRequestMessage
        if protocol.type == protocol.APP_STATE_SYNC_KEY_REQUEST:
            self._features.app_state.linked(sender)
        elif asked.HasField("historySyncOnDemandRequest"):
            wanted = asked.historySyncOnDemandRequest
            chat, before = JID.parse(wanted.chatJID), wanted.oldestMsgTimestampMS // 1000
            count = wanted.onDemandMsgCount
            self._features.history.on_demand(sender, node.get("id", ""), chat, before, count)
        self._remember(sender.user, sender, node, message, chat)

    def _remember(self, user: User, sender: Device, node: Node, message: Any, chat: JID) -> None:
        message_id = node.get("id", "")
        attrs = {name: str(value) for name, value in node.attrs.items()}
        seen = Seen(message_id, sender.lid, sender.user.phone, chat, message, attrs=attrs)
        user.handset.see(seen)


def _says_something(message: Any) -> bool:
    """Whether there is more in it than a sender key."""
    return any(
        field.name not in ("senderKeyDistributionMessage", "messageContextInfo") for field, _ in message.ListFields()
    )
