"""What `/api/v1/instances` answers. Where a dialect says a thing twice, the fuller of the two is read."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Ports(Struct, frozen=True):
    """Where an instance is reached: the gateway's own port."""

    api: int | None = None
    mcp: int | None = None


class Details(Struct, frozen=True, kw_only=True):
    """What one goes on with after an instance was processed."""

    display_name: str
    ports: Ports
    api_key: str | None
    """Its key; None where keys are secret and this one was told before."""
    auth_status: str
    status_check_url: str


class Processed(Struct, frozen=True, kw_only=True):
    """What was done to bring an instance to where it is wanted."""

    instance_id: str
    action: str
    """create, update, recreate, start or no_change."""
    details: Details
    message: str = ""

    def __repr__(self) -> str:
        return f"Processed({self.instance_id}, {self.action})"


class Created(Struct, frozen=True, kw_only=True):
    """A new instance, on its way."""

    instance_id: str
    status_check_url: str
    api_endpoint: str
    process_result: Processed

    @property
    def api_key(self) -> str | None:
        """The key that selects the instance: `InstanceClient(url, token=created.api_key)`."""
        return self.process_result.details.api_key

    def __repr__(self) -> str:
        return f"Created({self.instance_id})"


class ManagedInstance(Struct, frozen=True, kw_only=True):
    """An instance as the manager lists it."""

    id: str
    company_id: str
    """Your label."""
    provider: str
    type_instance: list[str]
    status: str
    """Of its task: running or stopped."""
    memory_status: str
    """Of its life: start, qr_ready, client_ready, stopped or error."""
    auth_status: str
    is_ready_for_messages: bool
    account: str | None = None
    ports: Ports = Ports()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_activity: datetime | None = None


class InstanceList(Struct, frozen=True):
    """Oldest first."""

    instances: list[ManagedInstance]


class ShownInstance(Struct, frozen=True):
    """One of them."""

    instance: ManagedInstance


class AuthStatus(Struct, frozen=True, kw_only=True):
    """Whether an instance is logged in at its network. Asking changes nothing."""

    auth_status: str
    is_ready_for_messages: bool
    whatsapp_state: str | None = None
    phone_number: str | None = None
    account: str | None = None


class QrPicture(Struct, frozen=True):
    """The code to scan, as a picture."""

    qr_url: str
    """A PNG, for an image tag."""


class Qr(Struct, frozen=True, kw_only=True):
    """What a person has to scan. Whoever has it can link the account to their own device."""

    qr_code: str
    expires_in: int
    """Seconds."""
    data: QrPicture

    def __repr__(self) -> str:
        return f"Qr(expires_in={self.expires_in})"


class Key(Struct, frozen=True, kw_only=True):
    """The key of an instance, and how it is used."""

    api_key: str
    """Masked where keys are secret: see `masked`."""
    generated_at: datetime | None = None
    usage_count: int = 0
    last_use: datetime | None = None
    masked: bool = False

    def __repr__(self) -> str:
        return f"Key(usage_count={self.usage_count})"


class KeyAnswer(Struct, frozen=True):
    """The key, nested."""

    data: Key


class LogLine(Struct, frozen=True):
    """A line of an instance's log."""

    timestamp: datetime
    level: str
    message: str


class Logs(Struct, frozen=True):
    """Lines, oldest first."""

    logs: list[LogLine]


class LogsAnswer(Struct, frozen=True):
    """The lines, nested."""

    data: Logs


class Done(Struct, frozen=True):
    """It happened."""

    success: bool = True
    message: str = ""
