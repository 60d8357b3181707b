"""Wire format of `/api/stats`."""

from typing import Any

from msgspec import Struct, structs

from gateway.domain.usage import Calendar, Counters, UsageDay
from gateway.services.usage import DailyUsage, InstanceUsage, SystemUsage, UserUsage
from gateway.surfaces.http import iso


class Totals(Struct, frozen=True, rename="camel", kw_only=True):
    """The seven counters. `totalMediaSize` in bytes."""

    messages_sent: int
    messages_received: int
    media_sent: int
    media_received: int
    total_media_size: int
    api_calls: int
    webhook_sent: int

    @classmethod
    def of(cls, counters: Counters) -> "Totals":
        return cls(**_fields(counters))


class UserTotals(Totals, frozen=True, rename="camel", kw_only=True):
    """The counters of every instance together."""

    instance_count: int


class InstanceTotals(Totals, frozen=True, rename="camel", kw_only=True):
    """The counters of one instance."""

    instance_id: str
    name: str

    @classmethod
    def of_instance(cls, usage: InstanceUsage) -> "InstanceTotals":
        return cls(instance_id=usage.instance_id, name=usage.name, **_fields(usage.counters))


class UserStats(Struct, frozen=True):
    """What the caller's instances did."""

    total: UserTotals
    instances: list[InstanceTotals]

    @classmethod
    def of(cls, usage: UserUsage) -> "UserStats":
        return cls(
            total=UserTotals(instance_count=len(usage.instances), **_fields(usage.total)),
            instances=[InstanceTotals.of_instance(each) for each in usage.instances],
        )


class DayStats(Struct, frozen=True, rename="camel", kw_only=True):
    """One day of an instance; `date` is the moment it began."""

    date: str
    messages_sent: int
    messages_received: int
    media_sent: int
    media_received: int

    @classmethod
    def of(cls, day: UsageDay, calendar: Calendar) -> "DayStats":
        return cls(
            date=iso(calendar.midnight(day.day)),
            messages_sent=day.counters.messages_sent,
            messages_received=day.counters.messages_received,
            media_sent=day.counters.media_sent,
            media_received=day.counters.media_received,
        )


class PeriodTotals(Totals, frozen=True, rename="camel", kw_only=True):
    """The counters of one instance and their days, oldest first."""

    daily_stats: list[DayStats]


class InstanceStats(Struct, frozen=True):
    """What an instance did."""

    usage: PeriodTotals

    @classmethod
    def of(cls, usage: DailyUsage) -> "InstanceStats":
        days = [DayStats.of(day, usage.calendar) for day in usage.days]
        return cls(usage=PeriodTotals(daily_stats=days, **_fields(usage.total)))


class HowMany(Struct, frozen=True):
    """All of them, and those that are connected or have a connected instance."""

    total: int
    active: int


class SystemStats(Struct, frozen=True):
    """The whole deployment; `usage` over the last 30 days."""

    instances: HowMany
    users: HowMany
    usage: Totals

    @classmethod
    def of(cls, usage: SystemUsage) -> "SystemStats":
        return cls(
            instances=HowMany(total=usage.instances, active=usage.instances_connected),
            users=HowMany(total=usage.users, active=usage.users_connected),
            usage=Totals.of(usage.total),
        )


def _fields(counters: Counters) -> dict[str, Any]:
    return structs.asdict(counters)
