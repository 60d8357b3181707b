"""What can still be told of a message that a conversion could not digest: that it came. Pure."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from neonize.proto.Neonize_pb2 import MessageInfo

from gateway.domain.messages import Message, Unknown
from gateway.providers.whatsapp.context import Context, Converted
from gateway.providers.whatsapp.inbound.mend import mend
from gateway.providers.whatsapp.inbound.messages import network_id_of, said
from gateway.providers.whatsapp.inbound.printable import printable
from gateway.providers.whatsapp.inbound.source import source_of


def salvage(payload: bytes, context: Context) -> Converted:
    """A message of unknown content with the id, chat, sender and time that came with it.

    Empty when not even those can be read. Takes nothing for granted, for the payload is odd by definition.
    """
    try:
        info = _info(payload)
        if info is None:
            return ()
        source = source_of(info.MessageSource, context)
        if not source.chat.address:
            return ()
        message = Message(
            network_id=network_id_of(info),
            chat=source.chat,
            sender=source.sender,
            content=Unknown(network_kind="unreadable"),
            sent_at=context.at(info.Timestamp / 1000),
            from_me=source.from_me,
        )
    except DecodeError:
        return ()
    return (printable(said(context, message)),)


def _info(payload: bytes) -> MessageInfo | None:
    # Read as a message without fields, every field is kept as it lies, and the one with the sender can be read alone.
    for field in UnknownFieldSet(Empty.FromString(payload)):
        if field.field_number == 1 and isinstance(field.data, bytes):
            info = MessageInfo.FromString(field.data)
            mend(info)
            return info
    return None
