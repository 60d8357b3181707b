"""Instances (a tenant's configured presence on a provider) and the state of their sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from gateway.domain.ids import InstanceId, TenantId, UserId


class ProviderName(StrEnum):
    """The networks there can be instances of. Values are the wire names."""

    TELEGRAM = "telegram"
    WHATSAPP = "whatsappweb"
    WHATSAPP_CLOUD = "whatsapp-official"
    MESSENGER = "facebook-messenger"
    INSTAGRAM = "instagram"
    SLACK = "slack"
    DISCORD = "discord"


LOGGED_OUT_HERE = "Logged out."
"""The sentence of a login that somebody ended here; when the network ended it, it is another one."""


class SessionStateKind(StrEnum):
    """Where a session stands. Only `connected` means messages flow."""

    STOPPED = "stopped"
    STARTING = "starting"
    LOGIN_REQUIRED = "login_required"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    STALLED = "stalled"
    """The connection stands, but nothing proves that messages flow; it is being opened again."""
    RESTRICTED = "restricted"
    """The network limits the account; `SessionState.until` tells how long, when the network said so."""
    LOGGED_OUT = "logged_out"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether only a person can bring it back (new credentials, a new login, a start)."""
        return self in {SessionStateKind.STOPPED, SessionStateKind.LOGGED_OUT, SessionStateKind.FAILED}


class SessionState(Struct, frozen=True, kw_only=True):
    """A state as a value: what, a stable code, a sentence for a person, and since when."""

    kind: SessionStateKind
    code: str
    sentence: str
    at: datetime
    until: datetime | None = None
    """When a restriction ends, as far as the network said."""


class InstanceOptions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an instance is for, beyond its network. Kept for whoever serves that; holds no credentials."""

    serves: tuple[str, ...] = ("api",)
    """`api`, `mcp`, or both."""
    agent: dict[str, Any] = {}
    """How its messages are answered by an agent."""
    mcp: dict[str, Any] = {}
    receives: bool = True
    """Whether what arrives is fetched, where the network waits to be asked; a session that does not still sends."""


class Instance(Struct, frozen=True, kw_only=True):
    """A tenant's presence on one provider. Credentials live apart, sealed; they are not part of this value."""

    id: InstanceId
    tenant_id: TenantId
    user_id: UserId
    name: str
    description: str
    provider: ProviderName
    state: SessionState
    wanted: bool
    """Whether its owner wants it running; a restart of the process brings exactly these back."""
    sent_messages: int
    received_messages: int
    last_activity_at: datetime | None
    created_at: datetime
    updated_at: datetime
    label: str = ""
    options: InstanceOptions = InstanceOptions()
    account: str = ""
    """Who it is on the network, as people write it, once it was connected: a phone number, or `@name`."""
    flows: bool = False
    """Whether messages flow right now; known to whoever sees the sessions, not to the store."""


class Identity(Struct, frozen=True, kw_only=True):
    """Whose an instance is and who it is on its network: what hardly ever changes about it."""

    tenant_id: TenantId
    provider: ProviderName
    account: str = ""
    """As `Instance.account`."""


class Credentials(Struct, frozen=True, kw_only=True):
    """A provider's secrets and options for one instance, as the provider's own checked JSON object."""

    values: dict[str, str | int | bool | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self.values))})"


class LoginCode(Struct, frozen=True, kw_only=True):
    """What a person has to scan (`qr_code`) or type (`pairing_code`), and until when it is good."""

    qr_code: str | None = None
    pairing_code: str | None = None
    expires_at: datetime | None = None

    @property
    def text(self) -> str:
        """The code itself, whichever kind it is."""
        return self.qr_code or self.pairing_code or ""


class JournalLine(Struct, frozen=True, kw_only=True):
    """One line of a session's own diary, for logs and state histories."""

    at: datetime
    level: str
    text: str
    state: SessionStateKind | None = None
