"""The `api_v1` format: surface B's `{instance_id, provider, message}` with the same again in flat keys.

Its receivers grew up with four shapes that agree on no name; this is their union, in the two spellings that they read.
`message.timestamp` is ISO 8601 and the flat `timestamp` seconds since 1970, as they were.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    EndpointTested,
    Event,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    SessionStarting,
    UsageLimitExceeded,
    type_of,
)
from gateway.domain.instances import Identity, SessionStateKind
from gateway.domain.messages import (
    Chat,
    ContactCard,
    Location,
    Media,
    Message,
    MessageStatus,
    Poll,
    Text,
    Unknown,
)
from gateway.webhooks.formats.flat import contact_of, is_group, number_of, other_side, parties_of
from gateway.webhooks.formats.moments import iso
from gateway.webhooks.formats.names_v1 import api_v1_name
from gateway.webhooks.javascript import stringify

_ACKS: Final = {
    MessageStatus.FAILED: -1,
    MessageStatus.PENDING: 0,
    MessageStatus.SENT: 1,
    MessageStatus.DELIVERED: 2,
    MessageStatus.READ: 3,
    MessageStatus.PLAYED: 4,
}
"""The numbers of whatsapp-web.js (MessageAck), which its users compare with."""
LIFE_CYCLES: Final = {
    SessionStateKind.STOPPED: "stopped",
    SessionStateKind.STARTING: "start",
    SessionStateKind.LOGIN_REQUIRED: "qr_ready",
    SessionStateKind.CONNECTED: "client_ready",
    SessionStateKind.RECONNECTING: "start",
    SessionStateKind.STALLED: "start",
    SessionStateKind.RESTRICTED: "error",
    SessionStateKind.LOGGED_OUT: "error",
    SessionStateKind.FAILED: "error",
}
"""Where a session stands, in the words of surface B's routes."""
AUTH_STATUSES: Final = {
    SessionStateKind.STOPPED: "disconnected",
    SessionStateKind.STARTING: "pending",
    SessionStateKind.LOGIN_REQUIRED: "qr_ready",
    SessionStateKind.CONNECTED: "client_ready",
    SessionStateKind.RECONNECTING: "disconnected",
    SessionStateKind.STALLED: "disconnected",
    SessionStateKind.RESTRICTED: "disconnected",
    SessionStateKind.LOGGED_OUT: "failed",
    SessionStateKind.FAILED: "failed",
}
"""Whether it is logged in, in the same words."""


def api_v1_body(accepted: AcceptedEvent, teller: Identity, name: str | None = None) -> str:
    """The body for one event, under one of its names. Raises ValueError for one that has none in this format."""
    event = accepted.event
    name = name or api_v1_name(event)
    if name is None:
        raise ValueError(f"{type_of(event)} has no name in the api_v1 format")
    head = {
        "event": name,
        "instance_id": event.instance_id,
        "instanceId": event.instance_id,
        "provider": teller.provider.value,
    }
    match event:
        case MessageReceived(message=message) | MessageSent(message=message):
            told, at = _message(message, teller), message.sent_at
        case _:
            told, at = _news(event, name, teller), event.at
    tail = {"timestamp": int(at.timestamp()), "received_at": iso(accepted.created_at)}
    return stringify(head | told | tail)


def _message(message: Message, teller: Identity) -> dict[str, Any]:
    sender, receiver = parties_of(message, teller)
    other = other_side(message)
    contact = contact_of(other)
    return {
        "message": {
            "id": message.network_id,
            "body": message.body,
            "fromMe": message.from_me,
            "timestamp": iso(message.sent_at),
            "contact": contact,
            "type": message.kind,
            "chatId": message.chat.address,
            **_more(message),
        },
        **_place(message.network_id, message.chat),
        "from": sender,
        "to": receiver,
        "body": message.body,
        "type": message.kind,
        "message_type": message.kind,
        "is_group": is_group(message.chat),
        "isGroup": is_group(message.chat),
        "from_me": message.from_me,
        "fromMe": message.from_me,
        "contact": contact,
        "contact_name": other.name,
    }


def _more(message: Message) -> dict[str, Any]:
    """What only some messages have. The file itself is fetched with a credential."""
    more: dict[str, Any] = {}
    match message.content:
        case Media() as media:
            more["media"] = {"mimetype": media.mime_type, "filename": media.file_name, "size": media.size}
        case Location() as point:
            more["location"] = {"latitude": point.latitude, "longitude": point.longitude}
        case ContactCard() as card:
            more["card"] = {"name": card.name, "phone": card.phone}
        case Poll() as poll:
            more["poll"] = {"id": poll.ref, "options": list(poll.options), "multiple": poll.multiple}
        case Text() | Unknown():
            pass  # its words are the body; what nobody knows has none
        case _ as never:
            assert_never(never)
    if message.reply_to:
        more["replyTo"] = message.reply_to
    if message.mentions:
        more["mentions"] = list(message.mentions)
    if message.forwarded:
        more["forwarded"] = True
    return more


def _place(network_id: str | None, chat: Chat | None) -> dict[str, Any]:
    return {"message_id": network_id, "messageId": network_id, "chat_id": chat.address if chat else None}


def _news(event: Event, name: str, teller: Identity) -> dict[str, Any]:
    match event:
        case MessageStatusChanged():
            return {
                **_place(event.network_id, event.chat),
                "status": event.status.value,
                "ack": _ACKS[event.status],
                "is_group": is_group(event.chat),
                "isGroup": is_group(event.chat),
                "from_me": event.from_me,
                "fromMe": event.from_me,
            }
        case ButtonPressed():
            return {
                "callback_query": {"id": event.query_id, "data": event.data},
                **_place(event.network_id, event.chat),
                "from": number_of(event.sender),
                "data": event.data,
                "is_group": is_group(event.chat),
                "isGroup": is_group(event.chat),
                "contact": contact_of(event.sender),
                "contact_name": event.sender.name,
            }
        case SessionLoginRequired():
            return {
                "qr_code": event.qr_code,
                **({"pairing_code": event.pairing_code} if event.pairing_code else {}),
                "expires_at": iso(event.expires_at) if event.expires_at else None,
                **_state(event, name),
            }
        case SessionConnected():
            return {**_state(event, name), "account": teller.account or None}
        case SessionStarting() | SessionDisconnected() | SessionStalled() | SessionRestricted():
            return _state(event, name)
        case UsageLimitExceeded():
            exceeded = ", ".join(f"{each.limit} {each.used} of {each.most}" for each in event.exceeded)
            return {
                "error": f"The instance did more than it may within {event.limits.window_hours} hours: {exceeded}.",
                "code": "limit_exceeded",
            }
        case EndpointTested():
            return {"details": "This is a test of your webhook."}
        case _:
            raise ValueError(f"{type_of(event)} has no body in the api_v1 format")


def _state(
    event: SessionStarting
    | SessionConnected
    | SessionDisconnected
    | SessionStalled
    | SessionRestricted
    | SessionLoginRequired,
    name: str,
) -> dict[str, Any]:
    state = event.state
    return {
        "status": LIFE_CYCLES[state.kind],
        "auth_status": AUTH_STATUSES[state.kind],
        "code": state.code,
        **({"error": state.sentence} if name == "error" else {"details": state.sentence}),
    }
