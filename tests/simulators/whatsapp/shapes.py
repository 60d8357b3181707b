"""How a message shows on the outside of its stanza: type, media type, edit mark. Source: whatsmeow's send code."""

from __future__ import annotations

from typing import Any, NamedTuple

_WRAPPERS = ("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage", "editedMessage")
_MEDIA = {
    "imageMessage": "image",
    "videoMessage": "video",
    "audioMessage": "audio",
    "stickerMessage": "sticker",
    "documentMessage": "document",
    "contactMessage": "vcard",
    "contactsArrayMessage": "contact_array",
    "locationMessage": "location",
}
_POLLS = ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3")

EDITED, REVOKED, REVOKED_BY_ADMIN = "1", "7", "8"


class Shape(NamedTuple):
    """`type` of the stanza, `media` of its enc nodes, `edit` mark, `poll` type; empty where there is none."""

    type: str
    media: str = ""
    edit: str = ""
    poll: str = ""


def unwrap(message: Any) -> Any:
    """The message inside wrappers that only say how to treat it."""
    for name in _WRAPPERS:
        if message.HasField(name):
            return unwrap(getattr(message, name).message)
    return message


def shape_of(message: Any) -> Shape:
    inner = unwrap(message)
    if inner.HasField("reactionMessage"):
        return Shape("reaction", edit=REVOKED if not inner.reactionMessage.text else "")
    if any(inner.HasField(name) for name in _POLLS):
        return Shape("poll", poll="creation")
    if inner.HasField("pollUpdateMessage"):
        return Shape("poll", poll="vote")
    if inner.HasField("protocolMessage"):
        return Shape("text", edit=_edit_mark(inner.protocolMessage))
    for name, media in _MEDIA.items():
        if inner.HasField(name):
            return Shape("media", _finer(inner, name) or media)
    return Shape("text")


def _finer(message: Any, name: str) -> str:
    if name == "audioMessage" and message.audioMessage.PTT:
        return "ptt"
    if name == "videoMessage" and message.videoMessage.gifPlayback:
        return "gif"
    if name == "locationMessage" and message.locationMessage.isLive:
        return "livelocation"
    return ""


def _edit_mark(protocol: Any) -> str:
    if protocol.type == protocol.REVOKE:
        return REVOKED if protocol.key.fromMe else REVOKED_BY_ADMIN
    return EDITED if protocol.type == protocol.MESSAGE_EDIT else ""
