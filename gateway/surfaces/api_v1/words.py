"""Surface B's words for what the rest of the gateway calls otherwise: states of a session, networks.

Two kinds of status live side by side on this surface: the task's (`running`, `stopped`), which once was a container's,
and the life cycle's (`start`, `qr_ready`, `client_ready`, ...).
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Instance, ProviderName, SessionStateKind


class TaskStatus(StrEnum):
    """Whether the session's task is alive."""

    RUNNING = "running"
    STOPPED = "stopped"


class LifeCycle(StrEnum):
    """Where a session stands."""

    START = "start"
    QR_READY = "qr_ready"
    CLIENT_READY = "client_ready"
    STOPPED = "stopped"
    ERROR = "error"


class AuthStatus(StrEnum):
    """Whether the instance is logged in at its network."""

    PENDING = "pending"
    QR_READY = "qr_ready"
    CLIENT_READY = "client_ready"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


class WhatsAppState(StrEnum):
    """The same in the words of the library that this surface's clients grew up with."""

    QR_READY = "QR_READY"
    READY = "READY"
    DISCONNECTED = "DISCONNECTED"


_LIFE_CYCLES = MappingProxyType(
    {
        SessionStateKind.STOPPED: LifeCycle.STOPPED,
        SessionStateKind.STARTING: LifeCycle.START,
        SessionStateKind.LOGIN_REQUIRED: LifeCycle.QR_READY,
        SessionStateKind.CONNECTED: LifeCycle.CLIENT_READY,
        SessionStateKind.RECONNECTING: LifeCycle.START,
        SessionStateKind.STALLED: LifeCycle.START,
        SessionStateKind.RESTRICTED: LifeCycle.ERROR,
        SessionStateKind.LOGGED_OUT: LifeCycle.ERROR,
        SessionStateKind.FAILED: LifeCycle.ERROR,
    }
)
_AUTH_STATUSES = MappingProxyType(
    {
        SessionStateKind.STOPPED: AuthStatus.DISCONNECTED,
        SessionStateKind.STARTING: AuthStatus.PENDING,
        SessionStateKind.LOGIN_REQUIRED: AuthStatus.QR_READY,
        SessionStateKind.CONNECTED: AuthStatus.CLIENT_READY,
        SessionStateKind.RECONNECTING: AuthStatus.DISCONNECTED,
        SessionStateKind.STALLED: AuthStatus.DISCONNECTED,
        SessionStateKind.RESTRICTED: AuthStatus.DISCONNECTED,
        SessionStateKind.LOGGED_OUT: AuthStatus.FAILED,
        SessionStateKind.FAILED: AuthStatus.FAILED,
    }
)
_WELL = frozenset({SessionStateKind.STARTING, SessionStateKind.LOGIN_REQUIRED, SessionStateKind.CONNECTED})


def task_status_of(instance: Instance) -> TaskStatus:
    """Whether its task is alive."""
    return TaskStatus.STOPPED if instance.state.kind.is_final else TaskStatus.RUNNING


def life_cycle_of(kind: SessionStateKind, *, flows: bool = False) -> LifeCycle:
    """Where its session stands; a restricted account is ready as long as messages flow."""
    return LifeCycle.CLIENT_READY if flows else _LIFE_CYCLES[kind]


def auth_status_of(instance: Instance) -> AuthStatus:
    """Whether it is logged in."""
    return AuthStatus.CLIENT_READY if instance.flows else _AUTH_STATUSES[instance.state.kind]


def whatsapp_state_of(instance: Instance) -> WhatsAppState | None:
    """The library's word; None for other networks."""
    if instance.provider is not ProviderName.WHATSAPP:
        return None
    if instance.flows:
        return WhatsAppState.READY
    waits = instance.state.kind is SessionStateKind.LOGIN_REQUIRED
    return WhatsAppState.QR_READY if waits else WhatsAppState.DISCONNECTED


def is_healthy(instance: Instance) -> bool:
    """Whether its task is alive and nothing stands in its way; one that waits for a person is well."""
    return instance.flows or instance.state.kind in _WELL


_PROVIDERS = MappingProxyType(
    {each.value: each for each in ProviderName}
    | {
        "whatsapp": ProviderName.WHATSAPP,
        "messenger": ProviderName.MESSENGER,
        "facebook_messenger": ProviderName.MESSENGER,
        "whatsapp_official": ProviderName.WHATSAPP_CLOUD,
    }
)
"""Wire names of the networks, and their other spellings."""


def provider_of(word: str) -> ProviderName:
    """The network that a caller named. Raises InvalidInput naming those there are."""
    provider = _PROVIDERS.get(word.strip().lower())
    if provider is None:
        there = ", ".join(each.value for each in ProviderName)
        raise InvalidInput(f"provider must be one of {there}", field="provider")
    return provider
