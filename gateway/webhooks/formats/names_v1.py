"""Surface B's names of events. Some events have two: subscribers choose by either, and hear the one they chose."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gateway.domain.events import (
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
)
from gateway.domain.instances import SessionStateKind

API_V1_NAMES: Final = ("message", "message_ack", "qr", "ready", "callback_query", "status_changed", "error")
"""What subscribers may ask for."""
TEST: Final = "test"
"""Told to whoever asked for it, and to be subscribed to by nobody."""

_ERRORS: Final = frozenset({SessionStateKind.RESTRICTED, SessionStateKind.LOGGED_OUT, SessionStateKind.FAILED})
"""The states that this surface calls `error`; a connection that is being opened again is none."""


def api_v1_names(event: Event) -> tuple[str, ...]:
    """Every name of an event on surface B, the most particular first; empty for what it never tells."""
    match event:
        case MessageReceived() | MessageSent():
            return ("message",)
        case MessageStatusChanged():
            return ("message_ack",)
        case ButtonPressed():
            return ("callback_query",)
        case SessionLoginRequired():
            return ("qr", "status_changed")
        case SessionConnected():
            return ("ready", "status_changed")
        case SessionDisconnected() | SessionRestricted() if event.state.kind in _ERRORS:
            return ("error", "status_changed")
        case SessionStarting() | SessionDisconnected() | SessionStalled() | SessionRestricted():
            return ("status_changed",)
        case UsageLimitExceeded():
            return ("error",)
        case EndpointTested():
            return (TEST,)
        case _:
            return ()  # this surface has always told these seven; `standard` tells everything


def api_v1_name(event: Event, chosen: Collection[str] = ()) -> str | None:
    """The name under which somebody hears an event who chose these; None for what surface B never tells."""
    names = api_v1_names(event)
    return next((name for name in names if name in chosen), names[0] if names else None)
