"""Wire format of `/api/webhooks`."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.domain.ids import EndpointId, InstanceId
from gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint, Ordering, Trigger, WebhookFormat
from gateway.services.webhooks import (
    DeliveryQuery,
    EndpointChange,
    FilterChange,
    NewSecret,
    ShownDelivery,
)
from gateway.surfaces.http import iso, maybe_iso, moment_of

_Flag = bool | None


class WebhookBody(Struct, frozen=True, rename="camel"):
    """What to set; absent keeps, or means the default for a new webhook."""

    url: Annotated[str | None, Meta(examples=["https://example.com/webhook"])] = None
    enabled: _Flag = None
    format: Annotated[
        WebhookFormat | None,
        Meta(
            description="`api`: {event, data, timestamp}; `standard`: Standard Webhooks;"
            " `api_v1` and `legacy`: the Instance Manager's."
        ),
    ] = None
    events: Annotated[tuple[str, ...] | None, Meta(description="Event types wanted; empty means all.")] = None
    notify_received: _Flag = None
    notify_sent: _Flag = None
    notify_delivery: Annotated[_Flag, Meta(description="Message statuses other than read.")] = None
    notify_read: _Flag = None
    notify_status: Annotated[_Flag, Meta(description="Connection states and QR codes.")] = None
    allow_groups: _Flag = None
    allow_private: _Flag = None
    allowed_numbers: Annotated[tuple[str, ...] | None, Meta(description="Empty means everybody.")] = None
    headers: Annotated[
        dict[str, str] | None, Meta(description="Extra request headers; replaces all. Never shown again.")
    ] = None
    max_retries: Annotated[int | None, Meta(description="Retries after the first attempt, 0 to 50.")] = None
    retry_interval: Annotated[
        int | UnsetType | None,
        Meta(description="Milliseconds before the first retry, doubled each time; null: Standard Webhooks schedule."),
    ] = UNSET
    ordering: Annotated[Ordering | None, Meta(description="`strict`: events of one chat wait for each other.")] = None
    concurrency: Annotated[int | None, Meta(description="Requests at once, 1 to 64.")] = None
    rate_limit: Annotated[
        int | UnsetType | None, Meta(description="Requests a second, 1 to 10,000; null: no limit.")
    ] = UNSET
    secret: Annotated[
        str | None, Meta(description="A new signing secret; the former ones sign along for 24 hours.")
    ] = None

    def to_change(self) -> EndpointChange:
        return EndpointChange(
            url=self.url,
            enabled=self.enabled,
            format=self.format,
            filter=FilterChange(
                types=self.events,
                received=self.notify_received,
                sent=self.notify_sent,
                delivery=self.notify_delivery,
                read=self.notify_read,
                status=self.notify_status,
                allow_groups=self.allow_groups,
                allow_private=self.allow_private,
                allowed_numbers=self.allowed_numbers,
            ),
            headers=self.headers,
            max_retries=self.max_retries,
            retry_interval_ms=self.retry_interval,
            ordering=self.ordering,
            concurrency=self.concurrency,
            rate_limit=self.rate_limit,
            secret=self.secret,
        )


class NewWebhookBody(WebhookBody, frozen=True, rename="camel"):
    """A webhook to make."""

    instance_id: Annotated[str | None, Meta(description="Absent: every instance of your tenant.")] = None


class SecretBody(Struct, frozen=True):
    """A secret of one's own choice; absent makes a random one."""

    secret: str | None = None


class WebhookItem(Struct, frozen=True, rename="camel"):
    """A webhook, without its secret and the values of its headers."""

    id: str
    instance_id: str | None
    url: str
    enabled: bool
    format: WebhookFormat
    events: list[str]
    notify_received: bool
    notify_sent: bool
    notify_delivery: bool
    notify_read: bool
    notify_status: bool
    allow_groups: bool
    allow_private: bool
    allowed_numbers: list[str]
    header_names: list[str]
    max_retries: int
    retry_interval: int | None
    ordering: Ordering
    concurrency: int
    rate_limit: int | None
    disabled_reason: str | None
    disabled_at: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookItem":
        rules = endpoint.filter
        return cls(
            id=endpoint.id,
            instance_id=endpoint.instance_id,
            url=endpoint.url,
            enabled=endpoint.enabled,
            format=endpoint.format,
            events=list(rules.types),
            notify_received=rules.received,
            notify_sent=rules.sent,
            notify_delivery=rules.delivery,
            notify_read=rules.read,
            notify_status=rules.status,
            allow_groups=rules.allow_groups,
            allow_private=rules.allow_private,
            allowed_numbers=list(rules.allowed_numbers),
            header_names=sorted(endpoint.headers),
            max_retries=endpoint.max_retries,
            retry_interval=endpoint.retry_interval_ms,
            ordering=endpoint.ordering,
            concurrency=endpoint.concurrency,
            rate_limit=endpoint.rate_limit,
            disabled_reason=endpoint.disabled_reason,
            disabled_at=maybe_iso(endpoint.disabled_at),
            created_at=iso(endpoint.created_at),
            updated_at=iso(endpoint.updated_at),
        )


class SecretReply(Struct, frozen=True, rename="camel"):
    """A webhook with its new secret, shown this once."""

    webhook: WebhookItem
    secret: Annotated[str, Meta(description="Its text keys the HMAC of `X-Webhook-Signature`.")]
    standard_secret: Annotated[str, Meta(description="The same for Standard Webhooks libraries.")]

    @classmethod
    def of(cls, made: NewSecret) -> "SecretReply":
        return cls(webhook=WebhookItem.of(made.endpoint), secret=made.secret, standard_secret=made.standard_secret)


class WebhookList(Struct, frozen=True):
    """Webhooks, oldest first."""

    webhooks: list[WebhookItem]


class DeliveryItem(Struct, frozen=True, rename="camel"):
    """One event owed to one webhook."""

    id: int
    webhook_id: str
    instance_id: str
    event_id: str
    event: str
    state: DeliveryState
    attempts: int
    due_at: str
    created_at: str
    finished_at: str | None
    last_status: int | None
    last_error: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryItem":
        return cls(
            id=delivery.id,
            webhook_id=delivery.endpoint_id,
            instance_id=delivery.instance_id,
            event_id=delivery.event_id,
            event=delivery.event_type,
            state=delivery.state,
            attempts=delivery.attempts,
            due_at=iso(delivery.due_at),
            created_at=iso(delivery.created_at),
            finished_at=maybe_iso(delivery.finished_at),
            last_status=delivery.last_status,
            last_error=delivery.last_error,
        )


class DeliveryPage(Struct, frozen=True, rename="camel"):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryItem]
    total: int
    limit: int
    skip: int
    has_more: bool


class AttemptItem(Struct, frozen=True, rename="camel"):
    """One HTTP try."""

    number: int
    trigger: Trigger
    started_at: str
    duration_ms: int
    address: str | None
    status: int | None
    response: str
    error: str | None
    next_attempt_at: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptItem":
        return cls(
            number=attempt.number,
            trigger=attempt.trigger,
            started_at=iso(attempt.started_at),
            duration_ms=attempt.duration_ms,
            address=attempt.address,
            status=attempt.status,
            response=attempt.response,
            error=attempt.error,
            next_attempt_at=maybe_iso(attempt.next_attempt_at),
        )


class DeliveryReply(Struct, frozen=True, rename="camel"):
    """A delivery with what is sent, byte for byte, and its tries."""

    delivery: DeliveryItem
    payload: str
    tries: list[AttemptItem]

    @classmethod
    def of(cls, shown: ShownDelivery) -> "DeliveryReply":
        return cls(
            delivery=DeliveryItem.of(shown.delivery),
            payload=shown.delivery.payload,
            tries=[AttemptItem.of(each) for each in shown.attempts],
        )


class RangeBody(
    Struct,
    frozen=True,
    rename={"endpoint_id": "endpointId", "instance_id": "instanceId", "since": "from", "until": "to"},
):
    """Which deliveries to send again, by when their events were accepted."""

    endpoint_id: str
    state: Annotated[DeliveryState | None, Meta(description="Default: those given up (`dead`).")] = None
    instance_id: str | None = None
    since: Annotated[str | None, Meta(description="ISO 8601, included.")] = None
    until: Annotated[str | None, Meta(description="ISO 8601, not included.")] = None

    def to_query(self) -> DeliveryQuery:
        return DeliveryQuery(
            endpoint_id=EndpointId(self.endpoint_id),
            instance_id=InstanceId(self.instance_id) if self.instance_id else None,
            states=(self.state or DeliveryState.DEAD,),
            since=moment_of(self.since, "from"),
            until=moment_of(self.until, "to"),
        )


class RangeReply(Struct, frozen=True):
    """How many will be sent again. At most 10,000 at once; ask again for the rest."""

    queued: int
