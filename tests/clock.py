"""A clock that obeys: it stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

_SETTLE = 40
"""Turns of the event loop that woken tasks get to run on and perhaps fall asleep again. Work that waits for real I/O
takes longer: wait for its effect instead."""


class ManualClock:
    """A `gateway.kit.clock.Clock` for tests.

    `await clock.advance(seconds=60)` lives through the minute: sleepers wake in order, each at its own moment, and what
    they start to sleep for on the way is honoured too.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many are asleep now; cancelled ones do not count."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def sleeping(self, count: int = 1) -> None:
        """Wait until at least `count` tasks are asleep. Meant to stand under the test's own timeout."""
        while self.sleepers < count:  # noqa: ASYNC110 - sleepers may also be cancelled; no one event covers it
            await asyncio.sleep(0.001)

    async def advance(self, *, seconds: float) -> None:
        """Let `seconds` pass, then return with everything that became due having run."""
        await self._settle()
        until = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._elapsed = max(self._elapsed, due)
            woken.set_result(None)
            await self._settle()
        self._elapsed = until
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(_SETTLE):
            await asyncio.sleep(0)
