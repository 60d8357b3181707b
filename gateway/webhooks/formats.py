"""The bodies endpoints are sent, rendered once at commit and frozen.

`api` is surface A's `{event, data, timestamp}` with its names, key order and camelCase; `eventId`, `sequence` and
`chatId` (what the sequence counts within) follow the documented keys, so that receivers can drop duplicates and
restore order. `standard` is the
`{type, timestamp, data}` of Standard Webhooks around the event's own words in snake_case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, assert_never

import msgspec

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    EndpointDisabled,
    EndpointTested,
    EndpointUpdated,
    Event,
    MemberChanged,
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    PollAnswered,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionStarting,
    type_of,
)
from gateway.domain.messages import (
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
    words_of,
)
from gateway.domain.webhooks import WebhookFormat
from gateway.webhooks.javascript import stringify

MAX_PAYLOAD_BYTES: Final = 1_000_000
"""A body above this is refused before it is committed; receivers commonly take 1 MB at most."""

API_NAMES: Final = frozenset(
    {
        "message_received",
        "message_sent",
        "message_status",
        "message_edited",
        "message_deleted",
        "message_reaction",
        "button_pressed",
        "poll_answered",
        "member_changed",
        "connection_opened",
        "connection_closed",
        "qr_received",
        "webhook_updated",
        "endpoint_disabled",
        "test",
    }
)
"""Every name that `api_name` gives."""

_OURS: Final = frozenset({"type", "at", "instance_id", "dedupe_key"})

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


def render(format: WebhookFormat, accepted: AcceptedEvent) -> str:  # noqa: A002 - it is the word for it
    """The body for one event. Raises ValueError when the format has no name for it; ask `has_name` first."""
    match format:
        case WebhookFormat.API:
            return _api(accepted)
        case WebhookFormat.STANDARD:
            return _standard(accepted)
        case _:
            assert_never(format)


def has_name(format: WebhookFormat, event: Event) -> bool:  # noqa: A002 - it is the word for it
    """Whether the format can tell this event at all."""
    return format is not WebhookFormat.API or api_name(event) is not None


def api_name(event: Event) -> str | None:
    """Surface A's name of an event; None for what it never tells."""
    match event:
        case MessageReceived():
            return "message_received"
        case MessageSent():
            return "message_sent"
        case MessageStatusChanged():
            return "message_status"
        case MessageEdited():
            return "message_edited"
        case MessageDeleted():
            return "message_deleted"
        case MessageReacted():
            return "message_reaction"
        case ButtonPressed():
            return "button_pressed"
        case PollAnswered():
            return "poll_answered"
        case MemberChanged():
            return "member_changed"
        case SessionStarting():
            return None
        case SessionConnected():
            return "connection_opened"
        case SessionDisconnected():
            return "connection_closed"
        case SessionLoginRequired():
            return "qr_received"
        case EndpointUpdated():
            return "webhook_updated"
        case EndpointDisabled():
            return "endpoint_disabled"
        case EndpointTested():
            return "test"
        case _:
            assert_never(event)


def _standard(accepted: AcceptedEvent) -> str:
    event = accepted.event
    told = msgspec.to_builtins(event)
    # Storage leaves defaults out; a receiver should not have to know them.
    fields = {name: told.get(name, getattr(event, name)) for name in event.__struct_fields__ if name not in _OURS}
    if "message" in fields:
        fields["message"].setdefault("from_me", False)
    data = {"id": accepted.id, "sequence": accepted.sequence, "instance_id": event.instance_id}
    if event.conversation:
        data["conversation"] = event.conversation
    data |= fields
    return stringify({"type": type_of(event), "timestamp": _iso(event.at), "data": data})


def _api(accepted: AcceptedEvent) -> str:
    event = accepted.event
    name = api_name(event)
    if name is None:
        raise ValueError(f"{type_of(event)} has no name in the api format")
    data = {
        "instanceId": event.instance_id,
        **_api_data(event),
        "eventId": accepted.id,
        "sequence": accepted.sequence,
        **({"chatId": event.conversation} if event.conversation else {}),
    }
    return stringify({"event": name, "data": data, "timestamp": _iso(event.at)})


def _api_data(event: Event) -> dict[str, Any]:
    match event:
        case MessageReceived(message=message):
            return {
                "messageId": message.network_id,
                "from": message.chat.address,
                "body": message.body,
                "type": _whatsapp_kind(message.content),
                "timestamp": int(message.sent_at.timestamp()),
                "hasMedia": isinstance(message.content, Media),
                "pushName": message.sender.name,
                **_message_extras(message),
            }
        case MessageSent(message=message):
            return {
                "messageId": message.network_id,
                "to": message.chat.address,
                "body": message.body,
                "type": message.kind,
                "timestamp": int(message.sent_at.timestamp()),
                "hasMedia": isinstance(message.content, Media),
                **_sent_file(event),
                **_message_extras(message),
            }
        case MessageStatusChanged():
            return {
                "messageId": event.network_id,
                "status": event.status.value,
                "from": event.chat.address,
                "fromMe": event.from_me,
            }
        case MessageEdited():
            return {
                "messageId": event.network_id,
                "from": event.chat.address,
                "body": words_of(event.content),
                "type": _whatsapp_kind(event.content),
                "fromMe": event.from_me,
                "sender": _person(event.sender),
            }
        case MessageDeleted():
            return {
                "messageId": event.network_id,
                "from": event.chat.address,
                "fromMe": event.from_me,
                "sender": _person(event.sender),
            }
        case MessageReacted():
            return {
                "messageId": event.network_id,
                "from": event.chat.address,
                "emoji": list(event.emoji),
                "fromMe": event.from_me,
                "sender": _person(event.sender),
            }
        case ButtonPressed():
            return {
                "queryId": event.query_id,
                "messageId": event.network_id,
                "from": event.chat.address if event.chat else None,
                "data": event.data,
                "sender": _person(event.sender),
            }
        case PollAnswered():
            return {"pollId": event.poll_ref, "options": list(event.options), "sender": _person(event.sender)}
        case MemberChanged():
            return {
                "from": event.chat.address,
                "member": _person(event.member),
                "before": event.before,
                "after": event.after,
                "by": _person(event.by),
                "isMe": event.is_me,
            }
        case SessionStarting() | SessionConnected():
            return {}
        case SessionDisconnected():
            return {"reason": event.reason, "willReconnect": event.will_reconnect}
        case SessionLoginRequired():
            return {
                "qrCode": event.qr_code,
                **({"pairingCode": event.pairing_code} if event.pairing_code else {}),
                **({"expiresAt": _iso(event.expires_at)} if event.expires_at else {}),
            }
        case EndpointUpdated():
            return {"timestamp": _iso(event.at), "endpointId": event.endpoint_id}
        case EndpointDisabled():
            return {"endpointId": event.endpoint_id, "reason": event.reason}
        case EndpointTested():
            return {"endpointId": event.endpoint_id, "message": "This is a test of your webhook."}
        case _:
            assert_never(event)


def _sent_file(event: MessageSent) -> dict[str, Any]:
    content = event.message.content
    if not isinstance(content, Media):
        return {}
    # Surface A tells a URL send by its URL and an upload by its file name.
    return {"mediaUrl": event.media_url} if event.media_url else {"filename": content.file_name}


def _message_extras(message: Message) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if message.chat.kind is not ChatKind.PRIVATE:
        extras["participant"] = message.sender.address
        extras["chatTitle"] = message.chat.title
    if message.reply_to:
        extras["replyTo"] = message.reply_to
    match message.content:
        case Media() as media:
            extras |= {"mediaType": media.media.value, "mimeType": media.mime_type}
            if not message.from_me:
                extras |= {"fileName": media.file_name, "fileSize": media.size}
        case Location() as place:
            extras["location"] = {"latitude": place.latitude, "longitude": place.longitude}
            if place.title:
                extras["location"] |= {"title": place.title, "address": place.address}
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


def _whatsapp_kind(content: Content) -> str:
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


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    extras = {"username": person.username, "phone": person.phone}
    return {"id": person.address, "name": person.name, **{key: value for key, value in extras.items() if value}}


def _iso(moment: datetime) -> str:
    """As JavaScript's `toISOString`: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
