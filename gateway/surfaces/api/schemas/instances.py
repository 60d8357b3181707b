"""Wire format of `/api/instances`: the instance itself, its webhook fields and how it is doing."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance, SessionStateKind
from gateway.domain.webhooks import Endpoint
from gateway.services.instances import InstanceChange, NewInstance
from gateway.services.webhooks import EndpointChange, FilterChange
from gateway.surfaces.api.words import Status, provider_of, status_of
from gateway.surfaces.http import iso, maybe_iso


class WebhookSettingsBody(Struct, frozen=True, rename="camel"):
    """How events are told; absent or null keeps, or means the default on a new instance."""

    notify_received: Annotated[bool | None, Meta(description="Default true.")] = None
    notify_sent: Annotated[bool | None, Meta(description="Default true.")] = None
    notify_delivery: Annotated[bool | None, Meta(description="Statuses other than read. Default false.")] = None
    notify_read: Annotated[bool | None, Meta(description="Default false.")] = None
    max_retries: Annotated[int | None, Meta(description="Retries after the first attempt; default 3.")] = None
    retry_interval: Annotated[int | None, Meta(description="Milliseconds before the first retry; default 60000.")] = (
        None
    )
    secret: Annotated[str | None, Meta(description="Signs each delivery; empty keeps. Default: a random one.")] = None
    headers: Annotated[dict[str, str] | None, Meta(description="Sent along; replaces all of them.")] = None


class _WebhookFields(Struct, frozen=True, rename="camel", kw_only=True):
    """The webhook fields beside the others, as older clients send them."""

    webhook_enabled: Annotated[bool | None, Meta(description="Default: whether there is a webhookUrl.")] = None
    notify_received: bool | None = None
    notify_sent: bool | None = None
    notify_delivery: bool | None = None
    notify_read: bool | None = None
    max_retries: int | None = None
    retry_interval: int | None = None
    webhook_secret: str | None = None
    headers: dict[str, str] | None = None
    webhook_settings: Annotated[
        WebhookSettingsBody | None, Meta(description="The same nested; it wins over the flat fields.")
    ] = None

    def to_endpoint_change(self, url: str | None) -> EndpointChange | None:
        """The change of the instance's own endpoint; None when nothing about it was said."""
        nested = self.webhook_settings or WebhookSettingsBody()

        def given(name: str) -> Any:
            inner = getattr(nested, name)
            return getattr(self, name) if inner is None else inner

        flags = FilterChange(
            received=given("notify_received"),
            sent=given("notify_sent"),
            delivery=given("notify_delivery"),
            read=given("notify_read"),
        )
        interval = given("retry_interval")
        change = EndpointChange(
            url=url,
            enabled=self.webhook_enabled,
            filter=None if flags == FilterChange() else flags,
            headers=given("headers"),
            max_retries=given("max_retries"),
            retry_interval_ms=UNSET if interval is None else interval,
            secret=nested.secret or self.webhook_secret or None,
        )
        return None if change == EndpointChange() else change


class NewInstanceBody(_WebhookFields, frozen=True, rename="camel", kw_only=True):
    """An instance to make. `name` is required."""

    name: Annotated[str | None, Meta(examples=["Support bot"])] = None
    description: str | None = None
    provider: Annotated[
        str | None, Meta(description="The network: whatsapp (the default) or telegram.", examples=["telegram"])
    ] = None
    config: Annotated[
        dict[str, Any] | None,
        Meta(description="What the network needs; for Telegram `token`, `mode`, ...; for WhatsApp nothing."),
    ] = None
    token: Annotated[str | None, Meta(description="Short for `config.token`.")] = None
    webhook_url: Annotated[str | None, Meta(examples=["https://example.com/webhook"])] = None

    def to_new_instance(self) -> NewInstance:
        """Raises InvalidInput for a missing name or an unknown provider."""
        if not self.name:
            raise InvalidInput("Name is required", field="name")
        return NewInstance(
            name=self.name,
            provider=provider_of(self.provider),
            description=self.description or "",
            config=_config(self.config, self.token) or {},
            webhook=self.to_endpoint_change(self.webhook_url) if self.webhook_url else None,
        )


class InstanceChangesBody(_WebhookFields, frozen=True, rename="camel", kw_only=True):
    """What to change; absent leaves as it is."""

    name: str | None = None
    description: str | UnsetType | None = UNSET
    config: Annotated[dict[str, Any] | None, Meta(description="Replaces the network's settings; reconnects.")] = None
    token: Annotated[str | None, Meta(description="Short for `config.token`.")] = None
    webhook_url: Annotated[str | UnsetType | None, Meta(description="Empty or null removes the webhook.")] = UNSET

    def to_change(self) -> InstanceChange:
        url = None if isinstance(self.webhook_url, UnsetType) else self.webhook_url or ""
        return InstanceChange(
            name=self.name,
            description=None if isinstance(self.description, UnsetType) else self.description or "",
            config=_config(self.config, self.token),
            webhook=self.to_endpoint_change(url),
        )


class WebhookSettings(Struct, frozen=True, rename="camel"):
    """How events are told. The secret is never shown, and of custom headers only the names."""

    notify_received: bool
    notify_sent: bool
    notify_delivery: bool
    notify_read: bool
    max_retries: int
    retry_interval: Annotated[int | None, Meta(description="Milliseconds; null means the Standard Webhooks schedule.")]
    header_names: list[str]

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookSettings":
        return cls(
            notify_received=endpoint.filter.received,
            notify_sent=endpoint.filter.sent,
            notify_delivery=endpoint.filter.delivery,
            notify_read=endpoint.filter.read,
            max_retries=endpoint.max_retries,
            retry_interval=endpoint.retry_interval_ms,
            header_names=list(endpoint.headers),
        )


class ConnectionStatus(Struct, frozen=True, rename="camel"):
    """Whether messages flow."""

    ready: bool
    status: Status
    has_qr: Annotated[bool, Meta(description="Whether somebody has to scan a QR code now.")]
    code: Annotated[str, Meta(description="Why it stands there, for a program.")]
    until: Annotated[str | None, Meta(description="When a restriction ends, if the network said so.")]

    @classmethod
    def of(cls, instance: Instance) -> "ConnectionStatus":
        kind = instance.state.kind
        return cls(
            ready=instance.flows,
            status=status_of(kind, code=instance.state.code, flows=instance.flows),
            has_qr=kind is SessionStateKind.LOGIN_REQUIRED,
            code=instance.state.code,
            until=maybe_iso(instance.state.until),
        )


class InstanceReply(Struct, frozen=True, rename="camel", kw_only=True):
    """An instance."""

    id: str
    name: str
    description: Annotated[str | None, Meta(description="Null when there is none.")]
    user_id: str
    provider: str
    status: Status
    state_code: Annotated[str, Meta(description="Why it stands there, for a program.")]
    state_message: Annotated[str, Meta(description="The same for a person.")]
    state_until: Annotated[str | None, Meta(description="When a restriction ends, if the network said so.")]
    webhook_url: str | None
    webhook_enabled: bool
    sent_messages: int
    received_messages: int
    last_activity: str | None
    created_at: str
    updated_at: str


def instance_fields(instance: Instance, endpoint: Endpoint | None) -> dict[str, Any]:
    """What all answers with an instance have in common."""
    return {
        "id": instance.id,
        "name": instance.name,
        "description": instance.description or None,
        "user_id": instance.user_id,
        "provider": instance.provider.value,
        "status": status_of(instance.state.kind, code=instance.state.code, flows=instance.flows),
        "state_code": instance.state.code,
        "state_message": instance.state.sentence,
        "state_until": maybe_iso(instance.state.until),
        "webhook_url": endpoint.url if endpoint else None,
        "webhook_enabled": endpoint is not None and endpoint.enabled,
        "sent_messages": instance.sent_messages,
        "received_messages": instance.received_messages,
        "last_activity": maybe_iso(instance.last_activity_at),
        "created_at": iso(instance.created_at),
        "updated_at": iso(instance.updated_at),
    }


class ShownInstance(InstanceReply, frozen=True, rename="camel", kw_only=True):
    """An instance, its webhook settings and its connection."""

    webhook_settings: WebhookSettings | None
    connection_status: ConnectionStatus

    @classmethod
    def of(cls, instance: Instance, endpoint: Endpoint | None) -> "ShownInstance":
        return cls(
            **instance_fields(instance, endpoint),
            webhook_settings=WebhookSettings.of(endpoint) if endpoint else None,
            connection_status=ConnectionStatus.of(instance),
        )


class CreatedInstanceReply(InstanceReply, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """An instance just made."""

    instance_key: Annotated[
        str | None, Meta(description="Its secret key, shown this once; absent when the key is the id.")
    ] = None


class InstanceList(Struct, frozen=True):
    """Every instance within reach, oldest first."""

    instances: list[ShownInstance]

    @classmethod
    def of(cls, instances: list[Instance], endpoints: Mapping[InstanceId, Endpoint]) -> "InstanceList":
        return cls(instances=[ShownInstance.of(each, endpoints.get(each.id)) for each in instances])


class InstanceStatus(Struct, frozen=True, rename="camel", kw_only=True):
    """How an instance is doing."""

    instance_id: str
    status: Status
    state_code: str
    state_message: str
    state_until: str | None
    ready: bool
    has_qr: bool
    last_activity: str | None
    connection_details: ConnectionStatus

    @classmethod
    def of(cls, instance: Instance) -> "InstanceStatus":
        connection = ConnectionStatus.of(instance)
        return cls(
            instance_id=instance.id,
            status=connection.status,
            state_code=instance.state.code,
            state_message=instance.state.sentence,
            state_until=connection.until,
            ready=connection.ready,
            has_qr=connection.has_qr,
            last_activity=maybe_iso(instance.last_activity_at),
            connection_details=connection,
        )


def _config(config: dict[str, Any] | None, token: str | None) -> dict[str, object] | None:
    if token is None:
        return config
    return {**(config or {}), "token": token}
