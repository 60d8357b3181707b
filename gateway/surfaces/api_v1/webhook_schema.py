"""`api_webhook_schema`: this surface's JSON for the webhook of an instance, and the endpoint that it means."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES
from gateway.domain.webhooks import Endpoint, WebhookFormat
from gateway.services.webhooks import EndpointChange, FilterChange

MASK = "***"
WEBHOOK_FIELDS = {
    name: f"api_webhook_schema.{path}"
    for name, path in (
        ("url", "url"),
        ("headers", "headers"),
        ("events", "events"),
        ("allowedNumbers", "filters.allowedNumbers"),
        ("secret", "secret"),
    )
}
"""What refusals of an endpoint's parts call them, where the endpoint stands in the body of an instance."""
DEFAULT_EVENTS = ("message",)
EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "message": ("message.received", "message.sent"),
        "message_ack": ("message.status_changed",),
        "callback_query": ("button.pressed",),
        "qr": ("session.login_required",),
        "ready": ("session.connected",),
        "status_changed": (
            "session.starting",
            "session.connected",
            "session.disconnected",
            "session.stalled",
            "session.restricted",
            "session.login_required",
        ),
        "error": ("session.disconnected", "session.restricted", "usage.limit_exceeded"),
    }
)
"""What this surface's event names stand for."""
_ACKS = frozenset({"message_ack", *EVENTS["message_ack"]})
_AUTHORIZATION = "authorization"


class WebhookFilters(Struct, frozen=True, rename="camel"):
    """Which messages are told; absent keeps, and everybody is the default. It never stops storing them."""

    allow_groups: bool | None = None
    allow_private: bool | None = None
    allowed_numbers: Annotated[tuple[str, ...] | None, Meta(description="With or without `+`.")] = None


class WebhookSchema(Struct, frozen=True, rename="camel"):
    """The webhook of an instance; absent keeps. What it is sent along with is masked in answers."""

    url: Annotated[str | None, Meta(examples=["https://example.com/webhook"])] = None
    enabled: Annotated[bool | None, Meta(description="Default true.")] = None
    headers: Annotated[dict[str, str] | None, Meta(description='Replaces all of them; "***" keeps a value.')] = None
    auth_token: Annotated[
        str | None, Meta(description='Sent as `Authorization: Bearer`; "" takes it away, "***" keeps it.')
    ] = None
    events: Annotated[tuple[str, ...] | None, Meta(description='Default ["message"].')] = None
    filters: WebhookFilters | None = None
    format: Annotated[WebhookFormat | None, Meta(description="The body it is sent; default `api_v1`.")] = None
    secret: Annotated[str | None, Meta(description="Signs what is sent; never shown. Default: a random one.")] = None

    def to_endpoint_change(self, old: Endpoint | None = None) -> EndpointChange | None:
        """The endpoint that is meant, given the one there is; None when neither has a URL.

        An empty `url` removes it. Raises InvalidInput naming the part.
        """
        if old is None and not self.url:
            return None
        if self.url == "":
            return EndpointChange(url="")
        return EndpointChange(
            url=self.url,
            enabled=self.enabled,
            format=(WebhookFormat.API_V1 if old is None else None) if self.format is None else self.format,
            headers=self._headers({} if old is None else old.headers),
            filter=self._filter(old),
            secret=self.secret,
        )

    def _filter(self, old: Endpoint | None) -> FilterChange:
        rules = self.filters or WebhookFilters()
        chosen = FilterChange(
            allow_groups=rules.allow_groups,
            allow_private=rules.allow_private,
            allowed_numbers=rules.allowed_numbers,
        )
        if self.events is None and old is not None:
            return chosen
        events = tuple(dict.fromkeys(self.events or DEFAULT_EVENTS))
        # What it is told already may be in other words of ours: whoever sends back what was shown changes nothing.
        known = {*EVENTS, *EVENT_TYPES, *(old.filter.types if old else ())}
        unknown = next((each for each in events if each not in known), None)
        if unknown is not None:
            raise InvalidInput(
                f"events: {unknown[:64]!r} is not one of {', '.join(sorted(EVENTS))}",
                field="events",
            )
        acks = not _ACKS.isdisjoint(events)
        return FilterChange(
            types=events,
            delivery=acks,
            read=acks,
            allow_groups=rules.allow_groups,
            allow_private=rules.allow_private,
            allowed_numbers=rules.allowed_numbers,
        )

    def _headers(self, old: Mapping[str, str]) -> dict[str, str] | None:
        token = None if self.auth_token == MASK else self.auth_token
        if self.headers is None and token is None:
            return None
        held = {name.lower(): (name, value) for name, value in old.items()}
        headers = dict(old if self.headers is None else self.headers)
        for name, value in headers.items():
            if value == MASK:
                headers[name] = _kept(name, held)
        names = {name.lower(): name for name in headers}
        if token is not None:
            headers.pop(names.get(_AUTHORIZATION, ""), None)
            return headers | ({"Authorization": f"Bearer {token}"} if token else {})
        if _AUTHORIZATION in held and _AUTHORIZATION not in names:
            name, value = held[_AUTHORIZATION]
            headers[name] = value
        return headers


def _kept(name: str, held: Mapping[str, tuple[str, str]]) -> str:
    if name.lower() not in held:
        raise InvalidInput(f"headers: {MASK} keeps a value, and {name[:64]!r} has none yet", field="headers")
    return held[name.lower()][1]


def shown(endpoint: Endpoint | None) -> dict[str, Any]:
    """The endpoint in this surface's words, its headers masked; empty when there is none."""
    if endpoint is None:
        return {}
    rules = endpoint.filter
    bearer = any(
        name.lower() == _AUTHORIZATION and value.startswith("Bearer ") for name, value in endpoint.headers.items()
    )
    return {
        "url": endpoint.url,
        "enabled": endpoint.enabled,
        "format": endpoint.format.value,
        "headers": dict.fromkeys(endpoint.headers, MASK),
        "authToken": MASK if bearer else None,
        "events": events_of(rules.types),
        "filters": {
            "allowGroups": rules.allow_groups,
            "allowPrivate": rules.allow_private,
            "allowedNumbers": list(rules.allowed_numbers),
        },
    }


def events_of(types: tuple[str, ...]) -> list[str]:
    """The events that an endpoint is told, in this surface's words where it has them."""
    if not types:
        return list(EVENTS)
    words = [word for word, meant in EVENTS.items() if word in types or set(meant) <= set(types)]
    said = {name for word in words for name in (word, *EVENTS[word])}
    return [*words, *(name for name in types if name not in said)]
