"""Time as something that is handed in, so that tests can hold it still and move it by hand."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What code may know about time. Code that waits takes a Clock and never calls `asyncio.sleep` itself."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC: for what is stored or shown. It may jump."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going backwards: for measuring spans."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once, but after letting others run, when that is 0 or less."""


class SystemClock:
    """The real time of this machine."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(max(0.0, seconds))
