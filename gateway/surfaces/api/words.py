"""Surface A's words for what the rest of the gateway calls otherwise: states, and names of events and actions.

The only place where they meet, so that an answer, a filter and a webhook never disagree.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES
from gateway.domain.instances import ProviderName, SessionStateKind
from gateway.domain.usage_limits import LIMIT_EXCEEDED


class Status(StrEnum):
    """Where an instance stands, in this surface's words."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    QR_RECEIVED = "qr_received"
    CONNECTED = "connected"
    LOGGED_OUT = "logged_out"
    ERROR = "error"
    LIMIT_EXCEEDED = "limit_exceeded"
    AUTH_EXPIRED = "auth_expired"


_STATUSES = MappingProxyType(
    {
        SessionStateKind.STOPPED: Status.DISCONNECTED,
        SessionStateKind.STARTING: Status.CONNECTING,
        SessionStateKind.LOGIN_REQUIRED: Status.QR_RECEIVED,
        SessionStateKind.CONNECTED: Status.CONNECTED,
        SessionStateKind.RECONNECTING: Status.CONNECTING,
        SessionStateKind.STALLED: Status.CONNECTING,
        SessionStateKind.RESTRICTED: Status.ERROR,
        SessionStateKind.LOGGED_OUT: Status.LOGGED_OUT,
        SessionStateKind.FAILED: Status.ERROR,
    }
)

_IRREGULAR = MappingProxyType(
    {
        "message.status_changed": "message_status",
        "message.reacted": "message_reaction",
        "chat.member_changed": "member_changed",
        "chat.changed": "group_changed",
        "presence.changed": "presence",
        "history.received": "history",
        "session.connected": "connection_opened",
        "session.disconnected": "connection_closed",
        "session.stalled": "connection_stalled",
        "session.restricted": "connection_restricted",
        "session.login_required": "qr_received",
        "endpoint.updated": "webhook_updated",
        "endpoint.tested": "test",
        "instance.logged_out": "instance_logout",
        "usage.limit_exceeded": "limit_exceeded",
    }
)
"""Every other name only has its dot turned into an underscore."""

INSTANCE_ACTIONS = (
    "instance.created",
    "instance.updated",
    "instance.reconnected",
    "instance.stopped",
    "instance.logged_out",
)
"""What people do to an instance. It is written to the activity log and is no event."""

_ALIASES = MappingProxyType(
    {
        "connected": "session.connected",  # what the activity log of older versions said
        "disconnected": "session.disconnected",
        "logout": "instance.logged_out",
    }
)
_NEVER = frozenset({"auth_refresh_attempt", "auth_expired"})
"""Words that clients know and ask for, and that nothing here says."""


def status_of(kind: SessionStateKind, *, code: str = "", flows: bool = False) -> Status:
    """The word for a session's state; a restricted account is connected as long as messages flow."""
    if code == LIMIT_EXCEEDED and kind is SessionStateKind.STOPPED:
        return Status.LIMIT_EXCEEDED
    if flows and kind is SessionStateKind.RESTRICTED:
        return Status.CONNECTED
    return _STATUSES[kind]


def word_of(name: str) -> str:
    """The word for an event type or an action: `session.connected` is `connection_opened` here."""
    return _IRREGULAR.get(name) or name.replace(".", "_")


_NAMES = MappingProxyType({word_of(name): name for name in (*EVENT_TYPES, *INSTANCE_ACTIONS)} | dict(_ALIASES))


def names_of(words: str | None, field: str) -> tuple[str, ...] | None:
    """The event types and actions meant by a comma separated filter; None when there is no filter.

    Accepts this surface's words, their older forms and our own dotted names. A word that nothing ever says leaves an
    empty filter, which matches nothing. Raises InvalidInput for a word nobody knows.
    """
    asked = [word.strip() for word in (words or "").split(",") if word.strip()]
    if not asked:
        return None
    names: dict[str, None] = {}
    for word in asked:
        name = _NAMES.get(word, word)
        if name in _NAMES.values():
            names[name] = None
        elif word not in _NEVER:
            raise InvalidInput(f"{field}: {word[:64]!r} is not one of {', '.join(sorted(_NAMES))}", field=field)
    return tuple(names)


_PROVIDERS = MappingProxyType(
    {
        "telegram": ProviderName.TELEGRAM,
        "whatsapp": ProviderName.WHATSAPP,
        "whatsappweb": ProviderName.WHATSAPP,
        "whatsapp-web": ProviderName.WHATSAPP,
    }
)
"""Wire names and aliases of the networks this version speaks to."""
DEFAULT_PROVIDER = "whatsapp"
"""What this surface means when a caller names no provider."""


def provider_of(word: str | None) -> ProviderName:
    """The provider that a caller named. Raises InvalidInput naming those there are."""
    asked = (word or DEFAULT_PROVIDER).strip().lower()
    provider = _PROVIDERS.get(asked)
    if provider is not None:
        return provider
    there = ", ".join(f'"provider": "{name}"' for name in sorted({"whatsapp", "telegram"}))
    raise InvalidInput(f"Provider {asked[:64]!r} is not available here; use {there}.", field="provider")
