"""Texts in no encoding, made readable. Pure.

WhatsApp's protobufs do not promise that their texts are UTF-8, and nothing on the way checks; Python's protobuf then
hands out bytes where it says `str`. That is too rare to look for in every message, so it is mended when a conversion
stumbles.
"""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as Protobuf


def mend(message: Protobuf) -> None:
    """Replace what is no UTF-8 in every text of a message, in place, by the replacement character."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            if isinstance(value, bytes):
                setattr(message, field.name, _readable(value))
            elif field.is_repeated and any(isinstance(each, bytes) for each in value):
                texts = [_readable(each) for each in value]
                del value[:]
                value.extend(texts)
        elif isinstance(value, Protobuf):
            mend(value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            for each in value:
                mend(each)


def _readable(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
