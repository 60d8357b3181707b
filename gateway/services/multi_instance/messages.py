"""A message of the old system as one of ours. Pure.

`messageType` is `text`, `image`, `video` or `document` for what its API sent, and the first key of the WhatsApp message
for what came in (`conversation`, `imageMessage`, ...). Which file it was is not kept there; `mediaUrl` of a send by URL
is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import Chat, ChatKind, Content, Message, Person
from gateway.services.importing import content
from gateway.services.importing.content import AddressOf, address_in, kind_of_chat, network_id_in
from gateway.services.importing.row import OldRow, moment_of


def message_of(row: OldRow, address_of: AddressOf, created_at: datetime, now: datetime) -> Message:
    """What was said. Raises OddRow."""
    address = address_in(row, "remoteJid", address_of)
    network_id = network_id_in(row, row.text("messageId"))
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
    """Its content in our words."""
    return content.content_of(
        row.text("messageType"),
        row.text("content"),
        caption=row.text("caption"),
        mime_type=row.line("mimeType"),
        file_name=row.line("fileName") or None,
        has_media=row.flag("hasMedia", default=False),
    )


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
