"""The `legacy` format: the flat message that surface B's oldest WhatsApp receivers read, and nothing but messages.

`message` is a text here. What the instance itself wrote has `to` and `fromMe`, what it heard has neither.
"""

from __future__ import annotations

from typing import Any

from gateway.domain.events import AcceptedEvent, EndpointTested, Event, MessageReceived, MessageSent, type_of
from gateway.domain.instances import Identity
from gateway.domain.messages import Message
from gateway.webhooks.formats.flat import is_group, other_side, parties_of
from gateway.webhooks.javascript import stringify


def legacy_tells(event: Event) -> bool:
    """Whether the format has a body for it."""
    return isinstance(event, MessageReceived | MessageSent | EndpointTested)


def legacy_body(accepted: AcceptedEvent, teller: Identity) -> str:
    """The body for one event. Raises ValueError for what is no message."""
    event = accepted.event
    match event:
        case MessageReceived(message=message) | MessageSent(message=message):
            return stringify(_message(message, teller))
        case EndpointTested():
            return stringify(
                {
                    "from": "",
                    "name": "",
                    "message": "This is a test of your webhook.",
                    "isGroup": False,
                    "timestamp": int(event.at.timestamp()),
                    "messageId": accepted.id,
                }
            )
        case _:
            raise ValueError(f"{type_of(event)} has no body in the legacy format")


def _message(message: Message, teller: Identity) -> dict[str, Any]:
    sender, receiver = parties_of(message, teller)
    own = {"fromMe": True} if message.from_me else {}
    return {
        "from": sender,
        **({"to": receiver} if message.from_me else {}),
        "name": other_side(message).name,
        "message": message.body,
        "isGroup": is_group(message.chat),
        **own,
        "timestamp": int(message.sent_at.timestamp()),
        "messageId": message.network_id,
    }
