"""Events as neonize tells them: real protobuf objects, made in one line each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from neonize.proto import Neonize_pb2 as neonize
from neonize.proto.waCommon.WACommon_pb2 import MessageKey
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.events import Event
from gateway.domain.ids import Address, InstanceId
from gateway.providers.whatsapp.context import Context, Note
from gateway.providers.whatsapp.inbound.convert import convert

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 21, 11, 59, tzinfo=UTC)

ME_PN, ME_LID = Address("4915100000001@s.whatsapp.net"), Address("100000000000001@lid")
ANN_PN, ANN_LID = Address("4915100000002@s.whatsapp.net"), Address("100000000000002@lid")
BOB_PN, BOB_LID = Address("4915100000003@s.whatsapp.net"), Address("100000000000003@lid")
GROUP = Address("120363000000000001@g.us")

CONTEXT = Context(
    instance_id=InstanceId("instance-1"), now=NOW, pn=ME_PN, lid=ME_LID, history_days=30, history_messages=1000
)


def jid(address: str = "", device: int = 0) -> neonize.JID:
    """A JID as whatsmeow tells one, devices and agents included."""
    user, _, server = address.partition("@")
    agent = 1 if server == "lid" and device else 0
    return neonize.JID(User=user, RawAgent=agent, Device=device, Integrator=0, Server=server, IsEmpty=not address)


def source(
    chat: str = ANN_LID,
    sender: str = ANN_LID,
    *,
    sender_alt: str = ANN_PN,
    recipient_alt: str = "",
    from_me: bool = False,
    group: bool = False,
) -> neonize.MessageSource:
    """Where something was said; from Ann in private unless told otherwise."""
    return neonize.MessageSource(
        Chat=jid(chat),
        Sender=jid(sender, device=3),
        SenderAlt=jid(sender_alt, device=3),
        RecipientAlt=jid(recipient_alt),
        BroadcastListOwner=jid(),
        IsFromMe=from_me,
        IsGroup=group,
    )


def from_my_phone() -> neonize.MessageSource:
    """The own phone wrote to Ann."""
    return source(ANN_LID, ME_PN, sender_alt="", recipient_alt=ANN_PN, from_me=True)


def in_group(sender: str = ANN_LID, sender_alt: str = ANN_PN) -> neonize.MessageSource:
    """Somebody wrote to the group."""
    return source(GROUP, sender, sender_alt=sender_alt, group=True)


def info(where: neonize.MessageSource | None = None, **fields: Any) -> neonize.MessageInfo:
    """What WhatsApp tells about a message."""
    given: dict[str, Any] = {
        "ID": "3EB0AAAA",
        "ServerID": 0,
        "Type": "text",
        "Pushname": "Ann",
        "Timestamp": int(SENT.timestamp() * 1000),
        "Category": "",
        "Multicast": False,
        "MediaType": "",
        "Edit": "",
    }
    return neonize.MessageInfo(MessageSource=where or source(), **(given | fields))


def arrived(message: wa.Message, about: neonize.MessageInfo | None = None, **fields: Any) -> neonize.Message:
    """Event 17."""
    flags = (
        "IsEphemeral",
        "IsViewOnce",
        "IsViewOnceV2",
        "IsViewOnceV2Extension",
        "IsDocumentWithCaption",
        "IsLottieSticker",
        "IsEdit",
    )
    given: dict[str, Any] = dict.fromkeys(flags, False) | {"UnavailableRequestID": "", "RetryCount": 0}
    return neonize.Message(Info=about or info(), Message=message, **(given | fields))


def text(words: str = "hello") -> wa.Message:
    """The simplest message."""
    return wa.Message(conversation=words)


def key(network_id: str = "3EB0BBBB", *, from_me: bool = False) -> MessageKey:
    """Which message is meant."""
    return MessageKey(remoteJID=ANN_LID, fromMe=from_me, ID=network_id)


def told(code: int, payload: Any, context: Context = CONTEXT, **options: Any) -> list[Event]:
    """The events of a protobuf, after its way over the wire."""
    converted = convert(code, payload.SerializePartialToString(), context, **options)
    return [each for each in converted if not isinstance(each, Note)]


def noted(code: int, payload: Any, context: Context = CONTEXT) -> list[Note]:
    """The notes of a protobuf."""
    converted = convert(code, payload.SerializePartialToString(), context)
    return [each for each in converted if isinstance(each, Note)]
