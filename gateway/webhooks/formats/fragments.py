"""What the events of the `api` format have in common: people, chats and messages as surface A shows them."""

from __future__ import annotations

from typing import Any, Final, assert_never

from gateway.domain.messages import (
    Chat,
    ChatKind,
    ContactCard,
    Content,
    Location,
    Media,
    Message,
    Person,
    Poll,
    Text,
    Unknown,
    kind_of,
)

_WHATSAPP_MEDIA: Final = {
    "image": "imageMessage",
    "video": "videoMessage",
    "animation": "videoMessage",
    "video_note": "ptvMessage",
    "audio": "audioMessage",
    "voice": "audioMessage",
    "document": "documentMessage",
    "sticker": "stickerMessage",
}


def person(who: Person | None) -> dict[str, Any] | None:
    """Somebody: id and name, and of the rest what is known."""
    if who is None:
        return None
    extras = {"username": who.username, "phone": who.phone, "pn": who.pn, "lid": who.lid}
    return {"id": who.address, "name": who.name, **{key: value for key, value in extras.items() if value}}


def place(key: str, chat: Chat) -> dict[str, Any]:
    """A chat's address under `key`, and its two names on WhatsApp when it is one person's and they are known."""
    return {key: chat.address, **other_names(key, chat)}


def other_names(key: str, who: Person | Chat) -> dict[str, Any]:
    """`<key>Pn` and `<key>Lid`, each when known."""
    names = {f"{key}Pn": who.pn, f"{key}Lid": who.lid}
    return {name: address for name, address in names.items() if address}


def message_extras(message: Message) -> dict[str, Any]:
    """What follows surface A's documented keys of a message: who, which names, what kind of content."""
    extras: dict[str, Any] = {}
    if message.chat.kind is not ChatKind.PRIVATE:
        extras["participant"] = message.sender.address
        extras |= other_names("participant", message.sender)
        extras["chatTitle"] = message.chat.title
    if message.reply_to:
        extras["replyTo"] = message.reply_to
    if message.mentions:
        extras["mentions"] = list(message.mentions)
    if message.forwarded:
        extras["forwarded"] = True
    match message.content:
        case Media() as media:
            extras |= {"mediaType": media.media.value, "mimeType": media.mime_type}
            if not message.from_me:
                extras |= {"fileName": media.file_name, "fileSize": media.size}
        case Location() as point:
            extras["location"] = {"latitude": point.latitude, "longitude": point.longitude}
            if point.title:
                extras["location"] |= {"title": point.title, "address": point.address}
        case ContactCard() as card:
            extras["contact"] = {"name": card.name, "phone": card.phone}
        case Poll() as poll:
            extras["poll"] = {"id": poll.ref, "options": list(poll.options), "multiple": poll.multiple}
        case Unknown(network_kind=kind):
            extras["networkKind"] = kind
        case Text():
            pass  # its words are the body
        case _ as never:
            assert_never(never)
    return extras


def whatsapp_kind(content: Content) -> str:
    """The first key of a WhatsApp message, which is what surface A has always called `type`."""
    match content:
        case Text():
            return "conversation"
        case Media():
            return _WHATSAPP_MEDIA[content.media.value]
        case Location():
            return "locationMessage"
        case ContactCard():
            return "contactMessage"
        case Poll():
            return "pollCreationMessage"
        case Unknown():
            return kind_of(content)
        case _:
            assert_never(content)


def camel(word: str) -> str:
    """A field's name as the `api` format writes it."""
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)
