"""Endpoints, deliveries and attempts: who wants events, what is owed to them, and each try at paying it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.ids import DeliveryId, EndpointId, EventId, InstanceId, TenantId


class WebhookFormat(StrEnum):
    """The body an endpoint is sent."""

    API = "api"
    """Surface A's `{event, data, timestamp}`."""
    API_V1 = "api_v1"
    """Surface B's envelope around a message, with the same again in flat keys."""
    LEGACY = "legacy"
    """The oldest shape: a flat message, and nothing but messages."""
    STANDARD = "standard"
    """Standard Webhooks' `{type, timestamp, data}`."""


class Ordering(StrEnum):
    """Whether a conversation's events wait for each other."""

    NONE = "none"
    STRICT = "strict"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    LEASED = "leased"
    DELIVERED = "delivered"
    DEAD = "dead"


class Trigger(StrEnum):
    """Why a try was made."""

    SCHEDULE = "schedule"
    MANUAL = "manual"


class EventFilter(Struct, frozen=True, kw_only=True):
    """What an endpoint gets. It never stops storing, counting or an agent."""

    types: tuple[str, ...] = ()
    """Event types wanted; empty means all."""
    received: bool = True
    sent: bool = True
    delivery: bool = False
    """Statuses other than read."""
    read: bool = False
    status: bool = True
    """Session states and QR codes."""
    allow_groups: bool = True
    allow_private: bool = True
    allowed_numbers: tuple[str, ...] = ()


class Endpoint(Struct, frozen=True, kw_only=True):
    """A URL that wants events, with how to sign, retry and order them. Its secrets live apart, sealed."""

    id: EndpointId
    tenant_id: TenantId
    instance_id: InstanceId | None
    """The one instance it listens to; None for every instance of the tenant."""
    url: str
    enabled: bool
    format: WebhookFormat
    filter: EventFilter
    headers: dict[str, str]
    max_retries: int
    """Retries after the first attempt; 0 means one attempt."""
    retry_interval_ms: int | None
    """Wait before retry k is this × 2^(k-1); None means the Standard Webhooks schedule."""
    ordering: Ordering
    concurrency: int
    created_at: datetime
    updated_at: datetime
    rate_limit: int | None = None
    """Deliveries a second at most; None for as fast as it takes them."""
    disabled_reason: str | None = None
    disabled_at: datetime | None = None
    is_first: bool = False
    """Whether it is the one that an instance's own webhook fields edit."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One event owed to one endpoint. `payload` is frozen at commit: the same bytes are signed, sent and replayed."""

    id: DeliveryId
    tenant_id: TenantId
    instance_id: InstanceId
    endpoint_id: EndpointId
    event_id: EventId
    event_type: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    last_status: int | None
    last_error: str | None
    payload: str = ""


class Attempt(Struct, frozen=True, kw_only=True):
    """One HTTP try, as it went."""

    number: int
    trigger: Trigger
    started_at: datetime
    duration_ms: int
    address: str | None
    """The IP address it connected to."""
    status: int | None
    response: str
    """The first 16 KiB of the answer."""
    error: str | None
    next_attempt_at: datetime | None
