"""A stress test: the database asked by many at once, and how long that took."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from gateway.domain.errors import Conflict, GatewayError, InvalidInput
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.caches import Caches
from gateway.services.checks import require_admin
from gateway.services.instances import Instances

log = get_logger(__name__)

MOST_CONCURRENT = 50
LEAST_SECONDS, MOST_SECONDS = 5.0, 300.0
MOST_WAVES = 300
PAUSE = 1.0
"""Seconds between two waves of a test that was given a time."""


class StressPlan(Struct, frozen=True, kw_only=True):
    """`concurrent` requests at once: a wave a second for `seconds`, or so many `waves`, one after another."""

    concurrent: int = 10
    seconds: float = 30.0
    waves: int | None = None


class StressResult(Struct, frozen=True, kw_only=True):
    """What it came to. Times in seconds."""

    done: int
    failed: int
    mean: float
    peak: int
    """How many were really under way at once."""


class StressTest:
    """Reads the list of instances, past every cache, as often and as many at once as it is told.

    It reads only: no instance is made, no network asked, nothing written.
    """

    def __init__(self, instances: Instances, caches: Caches, clock: Clock) -> None:
        self._instances = instances
        self._caches = caches
        self._clock = clock
        self._running = False

    async def run(self, who: Principal, plan: StressPlan) -> StressResult:
        """Empty the caches and begin; return when it is over. For administrators.

        Raises Forbidden, InvalidInput, and Conflict (code `stress_test_running`) when one is under way.
        """
        require_admin(who)
        _check(plan)
        if self._running:
            raise Conflict("A stress test is under way; wait for its end.", code="stress_test_running")
        self._running = True
        try:
            self._caches.clear(who)
            log.info("stress_test_began", concurrent=plan.concurrent, seconds=plan.seconds, waves=plan.waves)
            result = await _Run(self._instances, self._clock).all(who, plan)
        finally:
            self._running = False
        log.info("stress_test_ended", done=result.done, failed=result.failed, mean=result.mean)
        return result


class _Run:
    def __init__(self, instances: Instances, clock: Clock) -> None:
        self._instances = instances
        self._clock = clock
        self._done = self._failed = self._current = self._peak = 0
        self._seconds = 0.0

    async def all(self, who: Principal, plan: StressPlan) -> StressResult:
        until = self._clock.monotonic() + plan.seconds
        waves = 0
        while waves < plan.waves if plan.waves is not None else self._clock.monotonic() < until:
            await asyncio.gather(*(self._request(who) for _ in range(plan.concurrent)))
            waves += 1
            if plan.waves is None:
                await self._clock.sleep(PAUSE)
        ended = self._done + self._failed
        mean = self._seconds / ended if ended else 0.0
        return StressResult(done=self._done, failed=self._failed, mean=mean, peak=self._peak)

    async def _request(self, who: Principal) -> None:
        self._current += 1
        self._peak = max(self._peak, self._current)
        began = self._clock.monotonic()
        try:
            await self._instances.list(who)
            self._done += 1
        except GatewayError:
            self._failed += 1
        finally:
            self._seconds += self._clock.monotonic() - began
            self._current -= 1


def _check(plan: StressPlan) -> None:
    if not 1 <= plan.concurrent <= MOST_CONCURRENT:
        raise InvalidInput(f"concurrentRequests must be from 1 to {MOST_CONCURRENT}", field="concurrent")
    if plan.waves is not None and not 1 <= plan.waves <= MOST_WAVES:
        raise InvalidInput(f"iterations must be from 1 to {MOST_WAVES}", field="waves")
    if not LEAST_SECONDS <= plan.seconds <= MOST_SECONDS:
        least, most = (int(1000 * seconds) for seconds in (LEAST_SECONDS, MOST_SECONDS))
        raise InvalidInput(f"duration must be from {least} to {most} milliseconds", field="seconds")
