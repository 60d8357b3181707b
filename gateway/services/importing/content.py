"""What older systems called contents, statuses and addresses, in our words. Pure.

Which file a message showed is in none of their databases, so it cannot be fetched again: a media message keeps what is
known of it and has no `ref`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import ChatKind, Content, Media, MediaKind, MessageStatus, Text, Unknown
from gateway.services.importing.row import OddRow, OldRow

AddressOf = Callable[[str], Address]
"""The network's canonical spelling. Raises InvalidInput for what is no address."""

LONGEST_ADDRESS: Final = 255
LONGEST_NETWORK_ID: Final = 255
_TEXTS: Final = frozenset({"text", "chat", "conversation", "extendedtext", "extendedtextmessage"})
_MEDIA: Final = MappingProxyType(
    {
        "image": MediaKind.IMAGE,
        "photo": MediaKind.IMAGE,
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
"""Words, and the numbers of WhatsApp that are sometimes written in their place."""


def address_in(row: OldRow, name: str, address_of: AddressOf, network: str = "WhatsApp") -> Address:
    """The address a column holds. Raises OddRow."""
    text = row.text(name).strip()
    try:
        address = address_of(text)
    except InvalidInput:
        raise OddRow(f"{name} is no address on {network}.") from None
    if len(address) > LONGEST_ADDRESS:
        raise OddRow(f"{name} is too long for an address.")
    return address


def kind_of_chat(address: Address) -> ChatKind:
    """What WhatsApp says by the server behind the @."""
    server = address.rpartition("@")[2]
    if server == "newsletter" or address == "status@broadcast":
        return ChatKind.CHANNEL
    return ChatKind.GROUP if server in ("g.us", "broadcast") else ChatKind.PRIVATE


def network_id_in(row: OldRow, text: str) -> str:
    """A network's id of a message as it may be stored; its row's own id stands in for none. Raises OddRow."""
    network_id = text.strip() or f"imported-{row.identifier('id')}"
    if len(network_id) > LONGEST_NETWORK_ID or not network_id.isprintable():
        raise OddRow("Its message id is none.")
    return network_id


def content_of(
    kind: str,
    words: str,
    *,
    caption: str = "",
    mime_type: str = "",
    file_name: str | None = None,
    has_media: bool = False,
) -> Content:
    """A content in our words; a kind nobody knows keeps its name, and its words if there are any."""
    kind = kind.strip()
    word = kind.lower().removesuffix("message")
    media = _MEDIA.get(word)
    if media is None and has_media and word not in _TEXTS:
        media = _by_mime(mime_type)
    if media is not None:
        return Media(
            media=media,
            ref="",
            mime_type=mime_type or "application/octet-stream",
            file_name=file_name,
            caption=caption or words,
        )
    if word in _TEXTS or kind.lower() in _TEXTS or words:
        return Text(text=words)
    return Unknown(network_kind=kind[:64] or "unknown")


def status_of(word: str, *, from_me: bool) -> MessageStatus:
    """How far it got; a word nobody knows is what a message of its direction has at least."""
    known = _STATUSES.get(word.strip().lower())
    return known or (MessageStatus.SENT if from_me else MessageStatus.DELIVERED)


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
