"""Usage limits, held: at the moment of sending, and looked over every hour."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct

from gateway.domain.errors import GatewayError, TooManyRequests
from gateway.domain.events import UsageLimitExceeded
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.domain.usage import Counters, UsageDay
from gateway.domain.usage_limits import (
    LIMIT_EXCEEDED,
    Exceeded,
    LimitOwner,
    UsageLimits,
    exceeded_by,
    frees_at,
    used_within,
)
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.inbox import Inbox
from gateway.services.usage import Usage
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)


class Allowance(Struct, frozen=True, kw_only=True):
    """What an instance may do and has done. `owner` is whose limits hold; None when there are none."""

    owner: LimitOwner | None
    limits: UsageLimits
    used: Counters
    exceeded: tuple[Exceeded, ...]
    frees_at: datetime | None


class UsageLimiting:
    """Holds instances to their limits."""

    def __init__(self, storage: Storage, sessions: Registry, inbox: Inbox, usage: Usage, clock: Clock) -> None:
        self._storage = storage
        self._sessions = sessions
        self._inbox = inbox
        self._usage = usage
        self._clock = clock
        self._leaving: Tally[InstanceId] = Tally()
        """Sends under way: they count before they are counted."""

    async def allowance(self, who: Principal, instance_id: InstanceId) -> Allowance:
        """What holds for an instance and what it has done within the window. Raises NotFound, NotYours."""
        instance = await self._storage.instances.get(who, instance_id)
        return await self._allowance(instance)

    @asynccontextmanager
    async def sending(self, instance: Instance, *, media_size: int | None) -> AsyncIterator[None]:
        """Around one send: refuses it when it would pass a limit. `media_size` is None for what is no file.

        Raises TooManyRequests with code `limit_exceeded`, told once for each day as an event too.
        """
        now = self._clock.now()
        held = await self._storage.usage_limits.effective(instance, now)
        if held is None:
            yield
            return
        _, limits = held
        days = await self._days(instance, limits, now)
        used = used_within(limits, days, now, self._usage.calendar)
        wished = Counters(
            messages_sent=1 + self._leaving[instance.id],
            media_sent=1 if media_size is not None else 0,
            total_media_size=media_size or 0,
        )
        passed = exceeded_by(limits, used + wished)
        if passed:
            ends = frees_at(limits, days, passed, now, self._usage.calendar)
            await self._tell(instance, limits, used, passed, ends)
            raise _refusal(instance, limits, passed, ends, now)
        self._leaving[instance.id] += 1
        try:
            yield
        finally:
            self._leaving[instance.id] -= 1
            if not self._leaving[instance.id]:
                del self._leaving[instance.id]

    async def look_over(self) -> int:
        """Stop connected instances that passed a limit, and start those again whose window moved on.

        Returns how many are stopped for that reason now. Each instance is judged by itself: one whose row cannot be
        read harms no other.
        """
        over = 0
        for instance in await self._storage.instances.wanted():
            try:
                allowance = await self._allowance(instance)
                stopped = instance.state.code == LIMIT_EXCEEDED
                if allowance.exceeded:
                    over += 1
                    if not stopped:
                        await self._stop(instance, allowance)
                elif stopped:
                    await self._sessions.start(instance, await self._storage.instances.credentials(instance.id))
            except GatewayError as error:
                log.warning("usage_not_looked_over", instance_id=instance.id, code=error.code)
        return over

    # -- beneath -----------------------------------------------------------------------------------------------------

    async def _stop(self, instance: Instance, allowance: Allowance) -> None:
        assert allowance.frees_at is not None
        names = ", ".join(each.limit for each in allowance.exceeded)
        await self._tell(instance, allowance.limits, allowance.used, allowance.exceeded, allowance.frees_at)
        await self._sessions.stop(
            instance.id,
            code=LIMIT_EXCEEDED,
            sentence=f"It did more than it may ({names}); it starts again when the window has moved on,"
            f" {allowance.frees_at.isoformat(timespec='minutes')} at the earliest.",
        )

    async def _tell(
        self, instance: Instance, limits: UsageLimits, used: Counters, passed: tuple[Exceeded, ...], ends: datetime
    ) -> None:
        now = self._clock.now()
        names = ",".join(each.limit for each in passed)
        await self._inbox.emit(
            UsageLimitExceeded(
                instance_id=instance.id,
                at=now,
                # Once a day for the same limits, however often somebody tries.
                dedupe_key=f"limit:{self._usage.calendar.day_of(now).isoformat()}:{names}",
                exceeded=passed,
                limits=limits,
                used=used,
                frees_at=ends,
            )
        )

    async def _allowance(self, instance: Instance) -> Allowance:
        now = self._clock.now()
        held = await self._storage.usage_limits.effective(instance, now)
        owner, limits = held if held is not None else (None, UsageLimits())
        days = await self._days(instance, limits, now)
        used = used_within(limits, days, now, self._usage.calendar)
        passed = exceeded_by(limits, used)
        return Allowance(
            owner=owner,
            limits=limits,
            used=used,
            exceeded=passed,
            frees_at=frees_at(limits, days, passed, now, self._usage.calendar) if passed else None,
        )

    async def _days(self, instance: Instance, limits: UsageLimits, now: datetime) -> list[UsageDay]:
        return await self._usage.days_of(instance, self._usage.calendar.day_of(limits.counts_from(now)))


def _refusal(
    instance: Instance, limits: UsageLimits, passed: tuple[Exceeded, ...], ends: datetime, now: datetime
) -> TooManyRequests:
    what = ", ".join(f"{each.limit} = {each.most}" for each in passed)
    return TooManyRequests(
        f"Instance {instance.id} has used up its limit for {limits.window_hours} h ({what});"
        f" it frees at {ends.isoformat(timespec='seconds')}.",
        retry_after=max(1.0, (ends - now).total_seconds()),
        code=LIMIT_EXCEEDED,
    )
