"""Tells changes of state to the inbox, in order, without letting a flapping session flood it.

Each instance may tell a burst of changes at once and then one in five seconds; while it has to wait, a newer change
replaces the one that waits. So the last state is always told, and only states nobody could have acted on are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.events import Event, SessionEvent
from gateway.domain.ids import InstanceId
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger

log = get_logger(__name__)

BURST = 6
INTERVAL = 5.0
"""Seconds in which an instance that used up its burst may tell one more change."""
RETRY = 1.0
"""Seconds before a change that could not be committed is told again."""


class Teller:
    """One queue and one task for all sessions."""

    def __init__(self, emit: Callable[[Event], Awaitable[None]], clock: Clock) -> None:
        self._emit = emit
        self._clock = clock
        self._waiting: dict[InstanceId, list[SessionEvent]] = {}
        self._allowance: dict[InstanceId, tuple[float, float]] = {}
        self._news = asyncio.Event()

    def tell(self, event: SessionEvent) -> None:
        """Queue a change. Never blocks."""
        waiting = self._waiting.setdefault(event.instance_id, [])
        if len(waiting) >= BURST:
            waiting.pop()
        waiting.append(event)
        self._news.set()

    def forget(self, instance_id: InstanceId) -> None:
        """Drop what a deleted instance had to tell."""
        self._waiting.pop(instance_id, None)
        self._allowance.pop(instance_id, None)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self._news.clear()
            pause = await self._round()
            if pause is None:
                await self._news.wait()
            else:
                await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        """Until the first allowance is back, or sooner when somebody else has news."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        hearing = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({sleeping, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hearing.cancel()

    async def _round(self) -> float | None:
        """Tell everything that may be told now; returns seconds until more may be, None when nothing waits."""
        soonest: float | None = None
        for instance_id in list(self._waiting):
            while waiting := self._waiting.get(instance_id):
                wait = self._wait_for(instance_id)
                if wait > 0:
                    del waiting[:-1]
                    soonest = wait if soonest is None else min(soonest, wait)
                    break
                event = waiting[0]
                try:
                    await self._emit(event)
                except NotFound:
                    self.forget(instance_id)
                    break
                except GatewayError as error:
                    log.warning("session_state_not_stored", instance_id=instance_id, code=error.code)
                    soonest = RETRY
                    break
                self._spend(instance_id)
                if waiting and waiting[0] is event:
                    waiting.pop(0)
                if not waiting:
                    self._waiting.pop(instance_id, None)
        return soonest

    def _wait_for(self, instance_id: InstanceId) -> float:
        tokens, since = self._allowance.get(instance_id, (float(BURST), self._clock.monotonic()))
        tokens = min(BURST, tokens + (self._clock.monotonic() - since) / INTERVAL)
        # A hair below one is rounding; waiting for it would mean waking up again and again for nothing.
        return 0.0 if tokens > 1 - 1e-6 else (1 - tokens) * INTERVAL

    def _spend(self, instance_id: InstanceId) -> None:
        now = self._clock.monotonic()
        tokens, since = self._allowance.get(instance_id, (float(BURST), now))
        self._allowance[instance_id] = (min(BURST, tokens + (now - since) / INTERVAL) - 1, now)
