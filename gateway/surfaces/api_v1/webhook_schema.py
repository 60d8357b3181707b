"""`api_webhook_schema`: this surface's JSON for the webhook of an instance, and the endpoint that it means."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.webhooks import Endpoint
from gateway.services.webhooks import EndpointChange, FilterChange

MASK = "***"
WEBHOOK_FIELDS = {"url": "api_webhook_schema.url", "headers": "api_webhook_schema.headers"}
"""What refusals of an endpoint's parts call them, where the endpoint stands in the body of an instance."""
DEFAULT_EVENTS = ("message",)
_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "message": ("message.received", "message.sent"),
        "message_ack": ("message.status_changed",),
        "callback_query": ("button.pressed",),
        "qr": ("session.login_required",),
        "ready": ("session.connected",),
        "status_changed": ("session.starting", "session.disconnected", "session.stalled", "session.restricted"),
        "error": ("session.disconnected", "session.stalled", "session.restricted"),
    }
)
"""What each of this surface's event names stands for."""


class WebhookFilters(Struct, frozen=True, rename="camel"):
    """Which messages are told. It never stops storing them."""

    allow_groups: bool = True
    allow_private: bool = True
    allowed_numbers: tuple[str, ...] = ()


class WebhookSchema(Struct, frozen=True, rename="camel"):
    """The webhook of an instance. What it is sent along with is masked in answers."""

    url: str | None = None
    enabled: bool = True
    headers: dict[str, str] | None = None
    auth_token: str | None = None
    """Sent as `Authorization: Bearer`."""
    events: tuple[str, ...] | None = None
    filters: WebhookFilters | None = None

    def to_endpoint_change(self) -> EndpointChange | None:
        """The endpoint that is meant; None when there is no URL. Raises InvalidInput naming the part."""
        if not self.url:
            return None
        headers = dict(self.headers or {})
        if self.auth_token:
            headers["Authorization"] = f"Bearer {self.auth_token}"
        rules = self.filters or WebhookFilters()
        events = DEFAULT_EVENTS if self.events is None else self.events
        unknown = next((each for each in events if each not in _TYPES), None)
        if unknown is not None:
            raise InvalidInput(
                f"api_webhook_schema.events: {unknown[:64]!r} is not one of {', '.join(sorted(_TYPES))}",
                field="api_webhook_schema.events",
            )
        return EndpointChange(
            url=self.url,
            enabled=self.enabled,
            headers=headers,
            filter=FilterChange(
                types=tuple(dict.fromkeys(name for each in events for name in _TYPES[each])),
                delivery="message_ack" in events,
                read="message_ack" in events,
                allow_groups=rules.allow_groups,
                allow_private=rules.allow_private,
                allowed_numbers=rules.allowed_numbers,
            ),
        )


def shown(endpoint: Endpoint | None) -> dict[str, Any]:
    """The endpoint in this surface's words, its headers masked; empty when there is none."""
    if endpoint is None:
        return {}
    rules = endpoint.filter
    told = [word for word, types in _TYPES.items() if set(types) <= set(rules.types)]
    return {
        "url": endpoint.url,
        "enabled": endpoint.enabled,
        "headers": dict.fromkeys(endpoint.headers, MASK),
        "events": told if rules.types else list(_TYPES),
        "filters": {
            "allowGroups": rules.allow_groups,
            "allowPrivate": rules.allow_private,
            "allowedNumbers": list(rules.allowed_numbers),
        },
    }
