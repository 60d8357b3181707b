"""What callers may ask of an endpoint, checked, and what it becomes then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.egress import EgressRefused, check_user_headers
from gateway.webhooks.formats import API_NAMES, API_V1_NAMES
from gateway.webhooks.schedule import DEFAULT_RETRIES, DEFAULT_RETRY_INTERVAL_MS, LONGEST_WAIT_MS, STANDARD_RETRIES

MOST_RETRIES = 50
MOST_AT_ONCE = 64
MOST_PER_SECOND = 10_000
MOST_NUMBERS = 1000
DEFAULT_RATE = 100
"""Deliveries a second that surface B has always promised its receivers not to exceed."""
_EVENT_NAMES = frozenset(EVENT_TYPES) | API_NAMES | frozenset(API_V1_NAMES)
_SECRET = re.compile(r"[\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]{1,256}")
_NUMBER = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,128}")


class FilterChange(Struct, frozen=True, kw_only=True):
    """What to change of a filter; None keeps."""

    types: tuple[str, ...] | None = None
    received: bool | None = None
    sent: bool | None = None
    delivery: bool | None = None
    read: bool | None = None
    status: bool | None = None
    allow_groups: bool | None = None
    allow_private: bool | None = None
    allowed_numbers: tuple[str, ...] | None = None

    def applied_to(self, old: EventFilter) -> EventFilter:
        """The filter after the change."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(old, **given)


class EndpointChange(Struct, frozen=True, kw_only=True):
    """What to set on an endpoint, new or old; None keeps, or means the default for a new one."""

    url: str | None = None
    """Empty removes the endpoint that belongs to an instance's own fields."""
    enabled: bool | None = None
    format: WebhookFormat | None = None
    filter: FilterChange | None = None
    headers: dict[str, str] | None = None
    """Replaces all of them."""
    max_retries: int | None = None
    retry_interval_ms: int | UnsetType | None = UNSET
    """None is the Standard Webhooks schedule."""
    ordering: Ordering | None = None
    concurrency: int | None = None
    rate_limit: int | UnsetType | None = UNSET
    """Deliveries a second; None for no limit."""
    secret: str | None = None
    """The new secret; the former ones sign along for 24 h. None or empty keeps."""


def check_values(change: EndpointChange) -> None:
    """Everything that can be checked without asking anybody. Raises InvalidInput naming the field."""
    _within(change.max_retries, 0, MOST_RETRIES, "maxRetries")
    _within(change.concurrency, 1, MOST_AT_ONCE, "concurrency")
    if isinstance(change.rate_limit, int):
        _within(change.rate_limit, 1, MOST_PER_SECOND, "rateLimit")
    if isinstance(change.retry_interval_ms, int):
        _within(change.retry_interval_ms, 0, LONGEST_WAIT_MS, "retryInterval")
    if change.secret and not _SECRET.fullmatch(change.secret):
        raise InvalidInput("secret must be 1 to 256 characters without control characters", field="secret")
    if change.headers is not None:
        _check_headers(change.headers)
    if change.filter is not None:
        _check_filter(change.filter)


def _check_headers(headers: Mapping[str, str]) -> None:
    try:
        check_user_headers(headers)
    except EgressRefused as refusal:
        raise InvalidInput(refusal.sentence, field="headers", code=refusal.code) from None


def _check_filter(change: FilterChange) -> None:
    for name in change.types or ():
        if name not in _EVENT_NAMES:
            raise InvalidInput(f"events: there is no event {name[:64]!r}", field="events")
    numbers = change.allowed_numbers or ()
    if len(numbers) > MOST_NUMBERS:
        raise InvalidInput(f"allowedNumbers must have at most {MOST_NUMBERS} entries", field="allowedNumbers")
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        raise InvalidInput("allowedNumbers must hold phone numbers, ids or usernames", field="allowedNumbers")


def _within(value: int | None, least: int, most: int, field: str) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidInput(f"{field} must be between {least} and {most}", field=field)


def changed(old: Endpoint, change: EndpointChange, now: datetime) -> Endpoint:
    """The endpoint after a change. Switching it on forgets why the gateway had switched it off."""
    values: dict[str, object] = {
        name: value
        for name in ("url", "enabled", "format", "headers", "max_retries", "ordering", "concurrency")
        if (value := getattr(change, name)) is not None
    }
    if not isinstance(change.retry_interval_ms, UnsetType):
        values["retry_interval_ms"] = change.retry_interval_ms
    if not isinstance(change.rate_limit, UnsetType):
        values["rate_limit"] = change.rate_limit
    if change.filter is not None:
        values["filter"] = change.filter.applied_to(old.filter)
    if change.enabled:
        values |= {"disabled_reason": None, "disabled_at": None}
    return msgspec.structs.replace(old, updated_at=now, **values)


def schedule_defaults(format_: WebhookFormat) -> tuple[int, int | None]:
    """Retries and the interval (ms; None is the Standard Webhooks schedule) of an endpoint that says neither."""
    if format_ is WebhookFormat.STANDARD:
        return STANDARD_RETRIES, None
    return DEFAULT_RETRIES, DEFAULT_RETRY_INTERVAL_MS


def default_rate(format_: WebhookFormat) -> int | None:
    """Deliveries a second at most, of an endpoint that does not say; None is as fast as it takes them."""
    return DEFAULT_RATE if format_ in (WebhookFormat.API_V1, WebhookFormat.LEGACY) else None
