"""`api_webhook_schema` as an instance's first endpoint. Pure.

That system wrote `{url, enabled, headers, authToken, events, filters {allowGroups, allowPrivate, allowedNumbers}}`,
each version another part of it, and told messages only, whatever `events` asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.webhooks import EventFilter, WebhookFormat
from gateway.services.endpoint_changes import EndpointChange, FilterChange, check_values, schedule_defaults
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.importing.webhooks import OldWebhook, Webhook, WebhookRules, endpoint_for

FORMAT: Final = WebhookFormat.API
"""The body its receivers are sent."""

_MESSAGES: Final = "message"
_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        _MESSAGES: ("message.received", "message.sent"),
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
        "error": ("session.disconnected", "session.restricted"),
    }
)
"""Its `events` by our names for them."""


def webhook_of(instance: Instance, row: OldRow, rules: WebhookRules, now: datetime) -> Webhook | None:
    """The endpoint; None when the instance has no URL. What cannot be used switches it off. Raises OddRow."""
    held = row.json("api_webhook_schema")
    if held is None and row.text("api_webhook_schema").strip() not in ("", "null"):
        raise OddRow("api_webhook_schema is no JSON.")
    if not held:
        return None
    if not isinstance(held, dict):
        raise OddRow("api_webhook_schema is no JSON object.")
    url = held.get("url")
    if url is None or url == "":
        return None
    if not isinstance(url, str):
        raise OddRow("The url in api_webhook_schema is no text.")
    max_retries, retry_interval_ms = schedule_defaults(FORMAT)
    old = OldWebhook(
        url=url.replace("\0", "").strip(),
        enabled=_flag(held, "enabled"),
        format=FORMAT,
        filter=_filter(held, instance.provider),
        headers=_headers(held),
        max_retries=max_retries,
        retry_interval_ms=retry_interval_ms,
    )
    return endpoint_for(instance, old, rules, now)


def _headers(held: Mapping[str, Any]) -> object:
    """Its headers; `authToken` was sent as a bearer, beside them."""
    headers, token = held.get("headers"), held.get("authToken")
    if not isinstance(token, str) or not token:
        return headers
    if headers is None or isinstance(headers, dict):
        given = dict(headers or {})
        if not any(name.lower() == "authorization" for name in given):
            given["Authorization"] = f"Bearer {token}"
        return given
    return headers


def _filter(held: Mapping[str, Any], provider: ProviderName) -> EventFilter:
    rules = held.get("filters")
    if rules is not None and not isinstance(rules, dict):
        raise OddRow("The filters in api_webhook_schema are no JSON object.")
    rules = rules or {}
    types = _types(held.get("events"))
    # It told what was said on WhatsApp in both directions, and on Telegram what came in.
    sent = provider is ProviderName.WHATSAPP
    filter_ = EventFilter(
        types=types,
        received=True,
        sent=sent,
        delivery="message.status_changed" in types,
        read="message.status_changed" in types,
        status=any(name.startswith("session.") for name in types),
        allow_groups=_flag(rules, "allowGroups"),
        allow_private=_flag(rules, "allowPrivate"),
        allowed_numbers=_numbers(rules.get("allowedNumbers")),
    )
    try:
        check_values(EndpointChange(filter=FilterChange(types=types, allowed_numbers=filter_.allowed_numbers)))
    except InvalidInput as refusal:
        raise OddRow(f"{refusal.sentence}.") from None
    return filter_


def _types(events: object) -> tuple[str, ...]:
    """Without `events` messages are meant; a word nobody knows tells nothing, as there."""
    if events is None or events == []:
        return _TYPES[_MESSAGES]
    if not isinstance(events, list):
        raise OddRow("The events in api_webhook_schema are no list.")
    known = [name for word in events if isinstance(word, str) for name in _TYPES.get(word.strip().lower(), ())]
    if not known:
        raise OddRow("None of the events in api_webhook_schema is told here.")
    return tuple(dict.fromkeys(known))


def _numbers(held: object) -> tuple[str, ...]:
    if held is None:
        return ()
    if not isinstance(held, list):
        raise OddRow("The allowedNumbers in api_webhook_schema are no list.")
    return tuple(str(number).strip() for number in held)


def _flag(held: Mapping[str, Any], name: str) -> bool:
    """True unless it says otherwise; a filter that cannot be read must not let through what it kept back."""
    value = held.get(name)
    if value is None:
        return True
    if not isinstance(value, bool):
        raise OddRow(f"{name} in api_webhook_schema is neither true nor false.")
    return value
