"""A received message as a person would tell it: kind, text, and what else there is to it, as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.simulators.whatsapp.polls import options_of

_WRAPPERS = {
    "ephemeralMessage": "ephemeral",
    "viewOnceMessage": "view_once",
    "viewOnceMessageV2": "view_once",
    "documentWithCaptionMessage": "",
    "editedMessage": "",
}
_FILES = {
    "imageMessage": "image",
    "videoMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
}


def describe(message: Any) -> dict[str, Any]:
    """`kind`, `text`, `context` (reply and mentions) and `details` (whatever else that kind has)."""
    marks: dict[str, Any] = {}
    inner = _unwrap(message, marks)
    told = _content(inner)
    told.setdefault("text", "")
    told["details"] = {**marks, **told.get("details", {})}
    told["context"] = _context(inner)
    return told


def _unwrap(message: Any, marks: dict[str, Any]) -> Any:
    for name, mark in _WRAPPERS.items():
        if message.HasField(name):
            if mark:
                marks[mark] = True
            return _unwrap(getattr(message, name).message, marks)
    return message


def _content(message: Any) -> dict[str, Any]:
    for field, kind in _FILES.items():
        if message.HasField(field):
            return _file(getattr(message, field), kind)
    if message.HasField("extendedTextMessage"):
        text = message.extendedTextMessage
        preview = {"title": text.title, "description": text.description, "matched": text.matchedText}
        return {"kind": "text", "text": text.text, "details": {"preview": preview} if text.matchedText else {}}
    if message.conversation:
        return {"kind": "text", "text": message.conversation}
    if message.HasField("reactionMessage"):
        reaction = message.reactionMessage
        return {"kind": "reaction", "text": reaction.text, "details": {"target": reaction.key.ID}}
    if message.HasField("protocolMessage"):
        return _protocol(message.protocolMessage)
    if message.HasField("locationMessage"):
        return _location(message.locationMessage)
    return _other(message)


def _other(message: Any) -> dict[str, Any]:
    if message.HasField("contactMessage"):
        contact = message.contactMessage
        return {"kind": "contact", "text": contact.displayName, "details": {"vcards": [contact.vcard]}}
    if message.HasField("contactsArrayMessage"):
        contacts = message.contactsArrayMessage
        cards = [each.vcard for each in contacts.contacts]
        return {"kind": "contact", "text": contacts.displayName, "details": {"vcards": cards}}
    if message.HasField("pollUpdateMessage"):
        return {"kind": "vote", "details": {"target": message.pollUpdateMessage.pollCreationMessageKey.ID}}
    options = options_of(message)
    if options:
        poll = next(value for field, value in message.ListFields() if field.name.startswith("pollCreationMessage"))
        details = {"options": options, "selectable": poll.selectableOptionsCount}
        return {"kind": "poll", "text": poll.name, "details": details}
    names = [field.name for field, _ in message.ListFields() if field.name != "messageContextInfo"]
    return {"kind": names[0] if names else "empty"}


def _file(file: Any, kind: str) -> dict[str, Any]:
    details = {
        "path": file.directPath,
        "key": base64.b64encode(file.mediaKey).decode(),
        "mimetype": file.mimetype,
        "length": file.fileLength,
        "filename": getattr(file, "fileName", ""),
        "seconds": getattr(file, "seconds", 0),
        "width": getattr(file, "width", 0),
        "height": getattr(file, "height", 0),
    }
    if kind == "audio" and file.PTT:
        kind = "voice"
    elif kind == "video" and file.gifPlayback:
        kind = "gif"
    shown = {name: value for name, value in details.items() if value}
    return {"kind": kind, "text": getattr(file, "caption", ""), "details": shown}


def _protocol(protocol: Any) -> dict[str, Any]:
    target = {"target": protocol.key.ID}
    if protocol.type == protocol.REVOKE and protocol.HasField("key"):
        return {"kind": "revoke", "details": {**target, "own": protocol.key.fromMe}}
    if protocol.type == protocol.MESSAGE_EDIT:
        return {"kind": "edit", "text": describe(protocol.editedMessage)["text"], "details": target}
    return {"kind": f"protocol:{protocol.Type.Name(protocol.type).lower()}"}


def _location(place: Any) -> dict[str, Any]:
    details: Mapping[str, Any] = {
        "latitude": place.degreesLatitude,
        "longitude": place.degreesLongitude,
        "address": place.address,
    }
    return {"kind": "location", "text": place.name, "details": dict(details)}


def _context(message: Any) -> dict[str, Any]:
    for field, value in message.ListFields():
        if field.message_type is not None and "contextInfo" in field.message_type.fields_by_name:
            info = value.contextInfo
            context = {
                "reply_to": info.stanzaID,
                "reply_author": info.participant,
                "mentions": list(info.mentionedJID),
                "forwarded": info.isForwarded,
                "expiration": info.expiration,
            }
            return {name: each for name, each in context.items() if each}
    return {}
