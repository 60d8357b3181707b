"""Usage: counting what the inbox does not see, and summing for people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.domain.errors import Forbidden
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.domain.usage import Calendar, Counters, UsageDay
from gateway.kit.clock import Clock
from gateway.services.instances import Instances
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage
from gateway.storage.usage import UsageKey


class Period(StrEnum):
    """How far back a sum goes. Days are UTC days; the period includes its first day whole."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"

    def since(self, today: date) -> date | None:
        """The first day of the period; None for everything."""
        match self:
            case Period.TODAY:
                return today
            case Period.WEEK:
                return today - timedelta(days=7)
            case Period.MONTH:
                return today - timedelta(days=30)
            case Period.YEAR:
                return today - timedelta(days=365)
            case Period.ALL:
                return None


class InstanceUsage(Struct, frozen=True, kw_only=True):
    """One instance's sums."""

    instance_id: InstanceId
    name: str
    counters: Counters


class UserUsage(Struct, frozen=True, kw_only=True):
    """Sums over everything within a principal's reach."""

    total: Counters
    instances: tuple[InstanceUsage, ...]


class DailyUsage(Struct, frozen=True, kw_only=True):
    """One instance's sum and its days."""

    total: Counters
    days: tuple[UsageDay, ...]
    calendar: Calendar


class SystemUsage(Struct, frozen=True, kw_only=True):
    """The deployment at a glance; `total` over the last 30 days."""

    instances: int
    instances_connected: int
    users: int
    users_connected: int
    total: Counters


class Usage:
    """Counts API calls in memory and adds them to the day on `flush`; every sum includes what is not flushed yet."""

    def __init__(self, storage: Storage, instances: Instances, clock: Clock, calendar: Calendar) -> None:
        self.calendar = calendar
        self._storage = storage
        self._instances = instances
        self._clock = clock
        self._pending: dict[UsageKey, int] = {}
        self._moving = asyncio.Lock()  # held while calls go from memory to the database, and by who adds up both

    def count_call(self, tenant_id: TenantId, instance_id: InstanceId) -> None:
        """One API call for an instance. Costs no write now."""
        key = (tenant_id, instance_id, self._today())
        self._pending[key] = self._pending.get(key, 0) + 1

    async def flush(self) -> int:
        """Write the counted calls; returns of how many instances and days. What cannot be written stays counted."""
        await self._storage.writable()  # before, so that nobody who adds up waits for the end of a switch
        async with self._moving:
            pending, self._pending = self._pending, {}
            try:
                known = {key: count for key, count in pending.items() if await self._storage.instances.find(key[1])}
                await self._storage.usage.add({key: Counters(api_calls=count) for key, count in known.items()})
            except BaseException:
                for key, count in pending.items():
                    self._pending[key] = self._pending.get(key, 0) + count
                raise
        return len(known)

    async def days_of(self, instance: Instance, since: date) -> list[UsageDay]:
        """One instance's days from `since` on, oldest first, on behalf of nobody."""
        return await self._days(OPERATOR, since, instance.id)

    async def of_user(self, who: Principal, period: Period) -> UserUsage:
        """Sums of every instance within reach."""
        instances = await self._instances.list(who)
        sums = {instance.id: Counters() for instance in instances}
        for day in await self._days(who, period.since(self._today())):
            if day.instance_id in sums:
                sums[day.instance_id] += day.counters
        return UserUsage(
            total=_sum(sums.values()),
            instances=tuple(
                InstanceUsage(instance_id=each.id, name=each.name, counters=sums[each.id]) for each in instances
            ),
        )

    async def of_instance(self, who: Principal, instance_id: InstanceId, period: Period) -> DailyUsage:
        """One instance's sum and days. Raises NotFound."""
        await self._instances.get(who, instance_id)
        days = await self._days(who, period.since(self._today()), instance_id)
        return DailyUsage(total=_sum(day.counters for day in days), days=tuple(days), calendar=self.calendar)

    async def of_system(self, who: Principal) -> SystemUsage:
        """The whole deployment; for admins only."""
        if not who.is_admin:
            raise Forbidden("Access denied")
        instances = await self._instances.list(who)
        connected = [each for each in instances if each.flows]
        here = {each.id for each in instances}  # calls of one that was deleted are counted until they are written
        days = await self._days(who, Period.MONTH.since(self._today()))
        return SystemUsage(
            instances=len(instances),
            instances_connected=len(connected),
            users=await self._storage.users.count(who),
            users_connected=len({each.user_id for each in connected}),
            total=_sum(day.counters for day in days if day.instance_id in here),
        )

    async def _days(self, who: Principal, since: date | None, instance_id: InstanceId | None = None) -> list[UsageDay]:
        async with self._moving:
            days = await self._storage.usage.days(who, since=since, instance_id=instance_id)
            pending = dict(self._pending)
        by_key = {(day.instance_id, day.day): day for day in days}
        for (tenant_id, owner, day), calls in pending.items():
            reachable = who.is_admin or tenant_id == who.tenant_id  # instance_id was checked by the caller
            if not reachable or (instance_id is not None and owner != instance_id) or (since and day < since):
                continue
            known = by_key.get((owner, day), UsageDay(instance_id=owner, day=day, counters=Counters()))
            by_key[owner, day] = UsageDay(
                instance_id=owner, day=day, counters=known.counters + Counters(api_calls=calls)
            )
        return [by_key[key] for key in sorted(by_key, key=lambda key: (key[1], key[0]))]

    def _today(self) -> date:
        return self.calendar.day_of(self._clock.now())


def _sum(counters: Iterable[Counters]) -> Counters:
    total = Counters()
    for each in counters:
        total += each
    return total
