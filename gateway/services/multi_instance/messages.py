"""A message of the old system as one of ours. Pure.

`messageType` is `text`, `image`, `video` or `document` for what its API sent, and the first key of the WhatsApp message
for what came in (`conversation`, `imageMessage`, ...). Which file it was is not kept there, so it cannot be fetched
again; `mediaUrl` of a send by URL is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import (
    Chat,
    ChatKind,
    Content,
    Media,
    MediaKind,
    Message,
    MessageStatus,
    Person,
    Text,
    Unknown,
)
from gateway.services.multi_instance.row import OddRow, OldRow, moment_of

AddressOf = Callable[[str], Address]
"""The network's canonical spelling. Raises InvalidInput for what is no address."""

LONGEST_ADDRESS: Final = 255
_TEXTS: Final = frozenset({"text", "chat", "conversation", "extendedtext", "extendedtextmessage"})
_MEDIA: Final = MappingProxyType(
    {
        "image": MediaKind.IMAGE,
        "video": MediaKind.VIDEO,
        "gif": MediaKind.ANIMATION,
        "ptv": MediaKind.VIDEO_NOTE,
        "audio": MediaKind.AUDIO,
        "ptt": MediaKind.VOICE,
        "voice": MediaKind.VOICE,
        "document": MediaKind.DOCUMENT,
        "documentwithcaption": MediaKind.DOCUMENT,
        "file": MediaKind.DOCUMENT,
        "sticker": MediaKind.STICKER,
    }
)
_STATUSES: Final = MappingProxyType(
    {
        "pending": MessageStatus.PENDING,
        "server_ack": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivery_ack": MessageStatus.DELIVERED,
        "delivered": MessageStatus.DELIVERED,
        "received": MessageStatus.DELIVERED,
        "read": MessageStatus.READ,
        "played": MessageStatus.PLAYED,
        "failed": MessageStatus.FAILED,
        "error": MessageStatus.FAILED,
        "0": MessageStatus.FAILED,
        "1": MessageStatus.PENDING,
        "2": MessageStatus.SENT,
        "3": MessageStatus.DELIVERED,
        "4": MessageStatus.READ,
        "5": MessageStatus.PLAYED,
    }
)
"""Its words, and the numbers of WhatsApp that it sometimes wrote in their place."""


def address_in(row: OldRow, name: str, address_of: AddressOf) -> Address:
    """The address a column holds. Raises OddRow."""
    text = row.text(name).strip()
    try:
        address = address_of(text)
    except InvalidInput:
        raise OddRow(f"{name} is no address on WhatsApp.") from None
    if len(address) > LONGEST_ADDRESS:
        raise OddRow(f"{name} is too long for an address.")
    return address


def kind_of_chat(address: Address) -> ChatKind:
    """By the server behind the @."""
    server = address.rpartition("@")[2]
    if server == "newsletter" or address == "status@broadcast":
        return ChatKind.CHANNEL
    return ChatKind.GROUP if server in ("g.us", "broadcast") else ChatKind.PRIVATE


def message_of(row: OldRow, address_of: AddressOf, created_at: datetime, now: datetime) -> Message:
    """What was said. Raises OddRow."""
    address = address_in(row, "remoteJid", address_of)
    network_id = row.text("messageId").strip() or f"imported-{row.identifier('id')}"
    if len(network_id) > 255 or not network_id.isprintable():
        raise OddRow("messageId is no id of a message.")
    from_me = row.flag("fromMe", default=False)
    about = row.json("metadata")
    metadata: dict[str, Any] = about if isinstance(about, dict) else {}
    chat = Chat(address=address, kind=kind_of_chat(address))
    return Message(
        network_id=network_id,
        chat=chat,
        # Its own number is nowhere in that file, and who wrote in a group seldom: empty is unknown.
        sender=Person(address=Address("")) if from_me else _sender(chat, metadata, address_of),
        content=content_of(row),
        sent_at=_sent_at(metadata, now) or created_at,
        from_me=from_me,
    )


def content_of(row: OldRow) -> Content:
    """Its content in our words; a kind nobody knows keeps its name, and its words if there are any."""
    kind = row.text("messageType").strip()
    word = kind.lower().removesuffix("message")
    words = row.text("content")
    media = _MEDIA.get(word)
    if media is None and row.flag("hasMedia", default=False) and word not in _TEXTS:
        media = _by_mime(row.text("mimeType"))
    if media is not None:
        return Media(
            media=media,
            ref="",
            mime_type=row.line("mimeType") or "application/octet-stream",
            file_name=row.line("fileName") or None,
            caption=row.text("caption") or words,
        )
    if word in _TEXTS or kind.lower() in _TEXTS or words:
        return Text(text=words)
    return Unknown(network_kind=kind[:64] or "unknown")


def status_of(row: OldRow, *, from_me: bool) -> MessageStatus:
    """How far it got; a word nobody knows is what a message of its direction has at least."""
    known = _STATUSES.get(row.text("status").strip().lower())
    return known or (MessageStatus.SENT if from_me else MessageStatus.DELIVERED)


def media_url_of(row: OldRow) -> str | None:
    """Where a send by URL took its file from; a path of that machine or the file itself is not kept."""
    url = row.text("mediaUrl").strip()
    return url if url.startswith(("https://", "http://")) else None


def _sender(chat: Chat, metadata: dict[str, Any], address_of: AddressOf) -> Person:
    name = metadata.get("pushName")
    name = name.replace("\0", "") if isinstance(name, str) else ""
    if chat.kind is ChatKind.PRIVATE:
        return Person(address=chat.address, name=name)
    participant = metadata.get("participant")
    try:
        return Person(address=address_of(participant) if isinstance(participant, str) else Address(""), name=name)
    except InvalidInput:
        return Person(address=Address(""), name=name)


def _sent_at(metadata: dict[str, Any], now: datetime) -> datetime | None:
    """`timestamp` in seconds: a number, digits, or both halves of a 64-bit one, as protobuf.js spells it."""
    seconds = metadata.get("timestamp")
    if isinstance(seconds, dict):
        seconds = seconds.get("low")
    try:
        said = moment_of(float(seconds) * 1000) if isinstance(seconds, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return said if said is not None and said.year >= 2009 and said <= now else None


def _by_mime(mime_type: str) -> MediaKind:
    match mime_type.partition("/")[0]:
        case "image":
            return MediaKind.IMAGE
        case "video":
            return MediaKind.VIDEO
        case "audio":
            return MediaKind.AUDIO
        case _:
            return MediaKind.DOCUMENT
