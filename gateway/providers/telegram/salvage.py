"""What can still be told of a message that neither the library nor the mapping could digest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.domain.events import Event, MessageReceived
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import Chat, ChatKind, Message, Person, Unknown
from gateway.providers.telegram.people import CHAT_KINDS


def salvage(raw: Mapping[str, Any], instance_id: InstanceId) -> tuple[Event, ...]:
    """What can still be told of a new message that the library or the mapping could not digest: that it came.

    Empty for anything else. Takes nothing for granted, for the update is odd by definition.
    """
    kind = next((name for name in ("message", "channel_post") if isinstance(raw.get(name), Mapping)), None)
    if kind is None:
        return ()
    message = raw[kind]
    number, date, chat = message.get("message_id"), message.get("date"), message.get("chat")
    if not (isinstance(number, int) and isinstance(date, int) and isinstance(chat, Mapping)):
        return ()
    if not isinstance(chat.get("id"), int):
        return ()
    sender = message.get("sender_chat") or message.get("from") or chat
    if not (isinstance(sender, Mapping) and isinstance(sender.get("id"), int)):
        sender = chat
    try:
        said_at = datetime.fromtimestamp(date, UTC)
    except (ValueError, OverflowError, OSError):
        return ()  # a date no calendar has
    return (
        MessageReceived(
            instance_id=instance_id,
            at=said_at,
            message=Message(
                network_id=str(number),
                chat=Chat(
                    address=Address(str(chat["id"])),
                    kind=CHAT_KINDS.get(str(chat.get("type")), ChatKind.GROUP),
                    title=_raw_name(chat),
                ),
                sender=Person(address=Address(str(sender["id"])), name=_raw_name(sender)),
                content=Unknown(network_kind="unreadable"),
                sent_at=said_at,
            ),
        ),
    )


def _raw_name(one: Mapping[str, Any]) -> str:
    words = (one.get("title"),) if one.get("title") else (one.get("first_name"), one.get("last_name"))
    return " ".join(word for word in words if isinstance(word, str))
