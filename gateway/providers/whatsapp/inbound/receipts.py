"""Receipts (neonize's event 18): how far messages got. Pure.

What other people's devices tell is about messages of the instance; what the account's own devices tell is about
messages it received, read on the phone. One key for each message and status, whoever tells it: a group's second reader
is no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from neonize.proto.Neonize_pb2 import Receipt

from gateway.domain.events import MessageStatusChanged
from gateway.domain.messages import MessageStatus
from gateway.providers.whatsapp.context import Context, Converted
from gateway.providers.whatsapp.inbound.source import source_of

_TOLD_BY_OTHERS: Final[Mapping[int, MessageStatus]] = {
    Receipt.DELIVERED: MessageStatus.DELIVERED,
    Receipt.INACTIVE: MessageStatus.DELIVERED,  # arrived while nobody had WhatsApp open
    Receipt.READ: MessageStatus.READ,
    Receipt.PLAYED: MessageStatus.PLAYED,
}
_TOLD_BY_OWN_DEVICES: Final[Mapping[int, MessageStatus]] = {
    Receipt.READ: MessageStatus.READ,
    Receipt.READ_SELF: MessageStatus.READ,  # the same, with read receipts switched off
    Receipt.PLAYED: MessageStatus.PLAYED,
    Receipt.PLAYED_SELF: MessageStatus.PLAYED,
    # neonize 0.5 writes "played-self" under this name, and never the real server error (goneonize: EncodeReceipts).
    Receipt.SERVER_ERROR: MessageStatus.PLAYED,
}


def events_of(receipt: Receipt, context: Context) -> Converted:
    """A status for each message the receipt names; empty for receipts that devices need among themselves."""
    source = source_of(receipt.MessageSource, context)
    status = (_TOLD_BY_OWN_DEVICES if source.from_me else _TOLD_BY_OTHERS).get(receipt.Type)
    # An enum value the library does not know reads as the first one, which says "delivered".
    if status is None or not receipt.HasField("Type"):
        return ()
    place = f"{receipt.MessageSource.Chat.User}@{receipt.MessageSource.Chat.Server}"
    return tuple(
        MessageStatusChanged(
            instance_id=context.instance_id,
            at=context.at(receipt.Timestamp),
            dedupe_key=f"receipt:{place}:{network_id}:{status.value}",
            chat=source.chat,
            network_id=network_id,
            status=status,
            from_me=not source.from_me,
        )
        for network_id in dict.fromkeys(receipt.MessageIDs)
    )
