"""`api_webhook_schema` as an instance's first endpoint. Pure.

That system wrote `{url, enabled, headers, authToken, events, filters {allowGroups, allowPrivate, allowedNumbers}}`,
each version another part of it, and told messages only, whatever `events` asked for. Its receivers are sent what they
read there: the oldest shape on WhatsApp, the one with flat keys on every other network.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.webhooks import EventFilter, WebhookFormat
from gateway.services.endpoint_changes import EndpointChange, FilterChange, check_values, schedule_defaults
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.importing.webhooks import OldWebhook, Webhook, WebhookRules, endpoint_for
from gateway.webhooks.formats import API_V1_NAMES

_FORMATS: Final = {ProviderName.WHATSAPP: WebhookFormat.LEGACY}
"""The body its receivers read: it sent another shape for WhatsApp than for every other network."""
_MESSAGES: Final = "message"
_ACKS: Final = "message_ack"
_STATES: Final = ("qr", "ready", "status_changed", "error")


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
    format_ = _format(held, instance.provider)
    max_retries, retry_interval_ms = schedule_defaults(format_)
    old = OldWebhook(
        url=url.replace("\0", "").strip(),
        enabled=_flag(held, "enabled"),
        format=format_,
        filter=_filter(held, instance.provider),
        headers=_headers(held),
        max_retries=max_retries,
        retry_interval_ms=retry_interval_ms,
    )
    return endpoint_for(instance, old, rules, now)


def _format(held: Mapping[str, Any], provider: ProviderName) -> WebhookFormat:
    said = held.get("format")
    known = {each.value: each for each in (WebhookFormat.API_V1, WebhookFormat.LEGACY)}
    if isinstance(said, str) and said in known:
        return known[said]
    return _FORMATS.get(provider, WebhookFormat.API_V1)


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
        delivery=_ACKS in types,
        read=_ACKS in types,
        status=any(name in types for name in _STATES),
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
        return (_MESSAGES,)
    if not isinstance(events, list):
        raise OddRow("The events in api_webhook_schema are no list.")
    words = [word.strip().lower() for word in events if isinstance(word, str)]
    known = [word for word in words if word in API_V1_NAMES]
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
