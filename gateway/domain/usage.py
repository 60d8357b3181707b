"""Usage: what an instance did, counted by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final

from msgspec import Struct

from gateway.domain.ids import InstanceId


class Counters(Struct, frozen=True, kw_only=True):
    """The seven counters of a day. Sizes in bytes."""

    messages_sent: int = 0
    messages_received: int = 0
    media_sent: int = 0
    media_received: int = 0
    total_media_size: int = 0
    api_calls: int = 0
    webhook_sent: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Calendar(Struct, frozen=True):
    """Where a usage day begins and ends."""

    zone: tzinfo = UTC

    def day_of(self, moment: datetime) -> date:
        """The day that an aware moment belongs to."""
        return moment.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """The moment a day begins, aware."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


UTC_DAYS: Final = Calendar()


class UsageDay(Struct, frozen=True, kw_only=True):
    """One instance's counters on one day."""

    instance_id: InstanceId
    day: date
    counters: Counters


class Activity(Struct, frozen=True, kw_only=True):
    """What happened, for people to read."""

    id: int
    instance_id: InstanceId
    action: str
    details: dict[str, Any]
    created_at: datetime
