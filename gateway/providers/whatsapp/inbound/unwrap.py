"""What is inside a WhatsApp message: wrappers taken off, the one field that says something found. Pure.

A message is a protobuf with a field for each kind of content. Disappearing, view-once, captioned, edited and many newer
messages wrap another message (`FutureProofMessage`); what the own phone sent is wrapped in a `DeviceSentMessage`.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as Protobuf
from google.protobuf.unknown_fields import UnknownFieldSet
from msgspec import Struct
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ContextInfo, FutureProofMessage, Message

MAX_DEPTH: Final = 16
"""Wrappers taken off; WhatsApp's own nest three or four deep."""

SILENT: Final = frozenset(
    {
        "senderKeyDistributionMessage",
        "fastRatchetKeySenderKeyDistributionMessage",
        "messageContextInfo",
        "groupRootKeyShare",
        "rootSecretDistributeMessage",
        "stickerSyncRmrMessage",
        "statusLinkPreviewMetadata",
        "messageHistoryNotice",
        "albumMessage",  # the heading of an album, whose pictures follow as messages of their own
    }
)
"""Fields that say nothing to a person: keys, settings, and what goes along with a content."""


class Inside(Struct, frozen=True, kw_only=True):
    """What a message holds. `field` is the protobuf's name of its content, empty when it has none."""

    message: Message
    field: str = ""
    edited: bool = False
    """Whether it came in the wrapper of an edit."""


def inside(message: Message) -> Inside:
    """Take the wrappers off and name the content.

    A field this version of the library does not know is named by its number, as `field_123`.
    """
    edited = False
    for _ in range(MAX_DEPTH):
        wrapped = _wrapped(message)
        if wrapped is None:
            break
        name, message = wrapped
        edited = edited or name == "editedMessage"
    return Inside(message=message, field=_content_field(message), edited=edited)


def context_of(content: object) -> ContextInfo | None:
    """What a content tells about itself: quote, mentions, forwarding."""
    if isinstance(content, Protobuf) and "contextInfo" in content.DESCRIPTOR.fields_by_name:
        return content.contextInfo if content.HasField("contextInfo") else None
    return None


def _wrapped(message: Message) -> tuple[str, Message] | None:
    for field, value in message.ListFields():
        inner = _message_in(field, value)
        if inner is not None:
            return field.name, inner
    return None


def _message_in(field: FieldDescriptor, value: object) -> Message | None:
    if isinstance(value, FutureProofMessage) or field.name == "deviceSentMessage":
        return value.message if value.HasField("message") else None  # type: ignore[attr-defined]  # both have it
    return None


def _content_field(message: Message) -> str:
    for field, _ in message.ListFields():
        if field.name not in SILENT:
            return str(field.name)
    unknown = UnknownFieldSet(message)
    return f"field_{unknown[0].field_number}" if len(unknown) else ""
