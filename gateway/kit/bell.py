"""Waiting for news or for a time, whichever comes first, on a clock that tests can move."""

from __future__ import annotations

import asyncio

from gateway.kit.clock import Clock


class Bell:
    """Rung by anybody; its one listener also sets a time at which it rings by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = 0.0

    @property
    def is_rung(self) -> bool:
        """Whether there is news the listener has not heard yet."""
        return self._rung.is_set()

    def ring(self) -> None:
        """Wake the listener now, or let it not fall asleep."""
        self._rung.set()

    def hush(self) -> None:
        """Forget earlier rings. Look for their causes after this, before `wait`."""
        self._rung.clear()

    async def wait(self, at: float) -> None:
        """Until it is rung, at this moment of the monotonic clock at the latest; sometimes a little early."""
        self._set_alarm(at)
        await self._rung.wait()

    def close(self) -> None:
        """End the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = asyncio.create_task(self._ring_after(at - self._clock.monotonic()))

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._rung.set()
