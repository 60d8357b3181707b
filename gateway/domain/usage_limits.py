"""Usage limits: how much an instance may do within so many hours, and what it has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.domain.ids import InstanceId, UserId
from gateway.domain.usage import Calendar, Counters, UsageDay

DEFAULT_WINDOW_HOURS: Final = 24
LONGEST_WINDOW_HOURS: Final = 366 * 24

LIMIT_EXCEEDED: Final = "limit_exceeded"
"""State code of an instance that was stopped because it did more than it may."""

COUNTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "max_messages_sent": "messages_sent",
        "max_messages_received": "messages_received",
        "max_media_sent": "media_sent",
        "max_media_received": "media_received",
        "max_media_size": "total_media_size",
        "max_api_calls": "api_calls",
        "max_webhook_calls": "webhook_sent",
    }
)
"""The counter that each limit bounds."""


class UsageLimits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be done within the window. None and 0 are no limit. `max_media_size` in bytes.

    The window counts whole UTC days: those that began within the last `window_hours`. With 24, that is today.
    """

    max_messages_sent: int | None = None
    max_messages_received: int | None = None
    max_media_sent: int | None = None
    max_media_received: int | None = None
    max_media_size: int | None = None
    max_api_calls: int | None = None
    max_webhook_calls: int | None = None
    window_hours: int = DEFAULT_WINDOW_HOURS

    @property
    def is_empty(self) -> bool:
        """Whether nothing is limited."""
        return not any(getattr(self, name) for name in COUNTERS)

    def counts_from(self, now: datetime) -> datetime:
        """Days that began before this count no more."""
        return now - timedelta(hours=self.window_hours)


class Exceeded(Struct, frozen=True, kw_only=True):
    """One limit and what was done."""

    limit: str
    """Its name: `max_messages_sent`."""
    most: int
    used: int


class LimitOwner(Struct, frozen=True, kw_only=True):
    """Whose limits: an instance's, a user's (for each of their instances), or everybody's who has none of their own."""

    instance_id: InstanceId | None = None
    user_id: UserId | None = None

    @property
    def key(self) -> str:
        """The one name of this owner."""
        if self.instance_id is not None:
            return f"instance|{self.instance_id}"
        return f"user|{self.user_id}" if self.user_id is not None else "default"


EVERYBODY: Final = LimitOwner()


def used_within(limits: UsageLimits, days: Sequence[UsageDay], now: datetime, calendar: Calendar) -> Counters:
    """What was done within the window."""
    total = Counters()
    for day in days:
        if calendar.midnight(day.day) >= limits.counts_from(now):
            total += day.counters
    return total


def exceeded_by(limits: UsageLimits, used: Counters) -> tuple[Exceeded, ...]:
    """Limits that are passed: more was done than they allow."""
    return tuple(
        Exceeded(limit=name, most=most, used=done)
        for name, counter in COUNTERS.items()
        if (most := getattr(limits, name)) and (done := getattr(used, counter)) > most
    )


def frees_at(
    limits: UsageLimits, days: Sequence[UsageDay], passed: Sequence[Exceeded], now: datetime, calendar: Calendar
) -> datetime:
    """When enough days will have left the window for every passed limit to allow something again."""
    counted = sorted(
        (day for day in days if calendar.midnight(day.day) >= limits.counts_from(now)), key=lambda day: day.day
    )
    latest = now
    for each in passed:
        over = each.used - each.most
        for day in counted:
            over -= getattr(day.counters, COUNTERS[each.limit])
            if over <= 0:
                latest = max(latest, calendar.midnight(day.day).astimezone(UTC) + timedelta(hours=limits.window_hours))
                break
    return latest
