"""The `api` format: surface A's `{event, data, timestamp}`, with its names, key order and camelCase."""

from __future__ import annotations

from typing import Any, assert_never

from msgspec import structs

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    CallEnded,
    CallReceived,
    ChatChanged,
    ContactsUpdated,
    EndpointDisabled,
    EndpointTested,
    EndpointUpdated,
    Event,
    HistoryReceived,
    MemberChanged,
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    PollAnswered,
    PresenceChanged,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    SessionStarting,
    UsageLimitExceeded,
    type_of,
)
from gateway.domain.messages import Chat, Media, Message, Person, words_of
from gateway.webhooks.formats.fragments import camel, message_extras, other_names, person, place, whatsapp_kind
from gateway.webhooks.formats.moments import iso
from gateway.webhooks.formats.names import api_name
from gateway.webhooks.javascript import stringify


def api_body(accepted: AcceptedEvent) -> str:
    """The body for one event. Raises ValueError for one that has no name in this format."""
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
    return stringify({"event": name, "data": data, "timestamp": iso(event.at)})


def _api_data(event: Event) -> dict[str, Any]:
    match event:
        case MessageReceived(message=message):
            return {
                "messageId": message.network_id,
                "from": message.chat.address,
                "body": message.body,
                "type": whatsapp_kind(message.content),
                "timestamp": int(message.sent_at.timestamp()),
                "hasMedia": isinstance(message.content, Media),
                "pushName": message.sender.name,
                **other_names("from", message.chat),
                **message_extras(message),
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
                **other_names("to", message.chat),
                **message_extras(message),
            }
        case MessageStatusChanged():
            return {
                "messageId": event.network_id,
                "status": event.status.value,
                "from": event.chat.address,
                "fromMe": event.from_me,
                **other_names("from", event.chat),
            }
        case MessageEdited():
            return {
                "messageId": event.network_id,
                **place("from", event.chat),
                "body": words_of(event.content),
                "type": whatsapp_kind(event.content),
                "fromMe": event.from_me,
                "sender": person(event.sender),
            }
        case MessageDeleted():
            return {
                "messageId": event.network_id,
                **place("from", event.chat),
                "fromMe": event.from_me,
                "sender": person(event.sender),
            }
        case MessageReacted():
            return {
                "messageId": event.network_id,
                **place("from", event.chat),
                "emoji": list(event.emoji),
                "fromMe": event.from_me,
                "sender": person(event.sender),
            }
        case ButtonPressed():
            return {
                "queryId": event.query_id,
                "messageId": event.network_id,
                **(place("from", event.chat) if event.chat else {"from": None}),
                "data": event.data,
                "sender": person(event.sender),
            }
        case PollAnswered():
            return {
                "pollId": event.poll_ref,
                "options": list(event.options),
                "sender": person(event.sender),
                **(place("from", event.chat) if event.chat else {}),
                # Positions of a poll that was never stored are not known; then the digests are all there is.
                **({"digests": list(event.digests)} if event.digests else {}),
            }
        case MemberChanged():
            return {
                **place("from", event.chat),
                "member": person(event.member),
                "before": event.before,
                "after": event.after,
                "by": person(event.by),
                "isMe": event.is_me,
            }
        case ChatChanged():
            return {**place("from", event.chat), "changes": _changes(event), "by": person(event.by)}
        case PresenceChanged():
            return {
                **_whereabouts(event.chat, event.person),
                "presence": event.presence,
                "sender": person(event.person),
                **({"lastSeenAt": iso(event.last_seen_at)} if event.last_seen_at else {}),
            }
        case CallReceived():
            return {
                "callId": event.call_id,
                **_whereabouts(event.chat, event.sender),
                "video": event.video,
                "rejected": event.rejected,
                "sender": person(event.sender),
            }
        case CallEnded():
            return {
                "callId": event.call_id,
                **_whereabouts(None, event.sender),
                "reason": event.reason,
                "sender": person(event.sender),
            }
        case ContactsUpdated():
            return {"contacts": [person(each) for each in event.people], "fromAddressBook": event.from_address_book}
        case HistoryReceived():
            return {"progress": event.progress, "messages": [_past(message) for message in event.messages]}
        case SessionStarting() | SessionConnected():
            return {}
        case SessionDisconnected():
            return {"reason": event.reason, "willReconnect": event.will_reconnect}
        case SessionStalled():
            return {"reason": event.state.code, "message": event.state.sentence}
        case SessionRestricted():
            until = event.state.until
            return {
                "reason": event.state.code,
                "message": event.state.sentence,
                "until": iso(until) if until else None,
            }
        case SessionLoginRequired():
            return {
                "qrCode": event.qr_code,
                **({"pairingCode": event.pairing_code} if event.pairing_code else {}),
                **({"expiresAt": iso(event.expires_at)} if event.expires_at else {}),
            }
        case EndpointUpdated():
            return {"timestamp": iso(event.at), "endpointId": event.endpoint_id}
        case EndpointDisabled():
            return {"endpointId": event.endpoint_id, "reason": event.reason}
        case EndpointTested():
            return {"endpointId": event.endpoint_id, "message": "This is a test of your webhook."}
        case UsageLimitExceeded():
            return {
                "exceededLimits": [camel(each.limit) for each in event.exceeded],
                "usage": {camel(name): value for name, value in structs.asdict(event.used).items()},
                "limits": {camel(each.limit): each.most for each in event.exceeded},
                "timeWindowHours": event.limits.window_hours,
                "freesAt": iso(event.frees_at),
            }
        case _:
            assert_never(event)


def _sent_file(event: MessageSent) -> dict[str, Any]:
    content = event.message.content
    if not isinstance(content, Media):
        return {}
    # Surface A tells a URL send by its URL and an upload by its file name.
    return {"mediaUrl": event.media_url} if event.media_url else {"filename": content.file_name}


def _past(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.network_id,
        **place("from", message.chat),
        "fromMe": message.from_me,
        "body": message.body,
        "type": whatsapp_kind(message.content),
        "timestamp": int(message.sent_at.timestamp()),
        "hasMedia": isinstance(message.content, Media),
        "pushName": message.sender.name,
        **message_extras(message),
    }


def _whereabouts(chat: Chat | None, who: Person) -> dict[str, Any]:
    # What happens outside of any chat happens with the person alone.
    return place("from", chat) if chat else {"from": who.address, **other_names("from", who)}


def _changes(event: ChatChanged) -> dict[str, Any]:
    changes = {
        "subject": event.title,
        "description": event.description,
        "pictureChanged": event.picture_changed or None,
        "onlyAdminsWrite": event.only_admins_write,
        "onlyAdminsEdit": event.only_admins_edit,
        "disappearingSeconds": event.disappearing_seconds,
        "inviteLink": event.invite_link,
        "deleted": event.deleted or None,
    }
    return {key: value for key, value in changes.items() if value is not None}
