"""Surface A's names of events."""

from __future__ import annotations

from typing import Final, assert_never

from gateway.domain.events import (
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
)

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
        "group_changed",
        "presence",
        "call_received",
        "call_ended",
        "contacts_updated",
        "history",
        "connection_opened",
        "connection_closed",
        "connection_stalled",
        "connection_restricted",
        "qr_received",
        "webhook_updated",
        "endpoint_disabled",
        "limit_exceeded",
        "test",
    }
)
"""Every name that `api_name` gives."""


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
        case ChatChanged():
            return "group_changed"
        case PresenceChanged():
            return "presence"
        case CallReceived():
            return "call_received"
        case CallEnded():
            return "call_ended"
        case ContactsUpdated():
            return "contacts_updated"
        case HistoryReceived():
            return "history"
        case SessionStarting():
            return None
        case SessionConnected():
            return "connection_opened"
        case SessionDisconnected():
            return "connection_closed"
        case SessionStalled():
            return "connection_stalled"
        case SessionRestricted():
            return "connection_restricted"
        case SessionLoginRequired():
            return "qr_received"
        case EndpointUpdated():
            return "webhook_updated"
        case EndpointDisabled():
            return "endpoint_disabled"
        case EndpointTested():
            return "test"
        case UsageLimitExceeded():
            return "limit_exceeded"
        case _:
            assert_never(event)
