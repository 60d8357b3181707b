"""How fast one endpoint may be sent to, when its owner set a limit. Seconds of a monotonic clock."""

from __future__ import annotations


class Pace:
    """A token bucket of `rate` deliveries a second that holds one second's worth."""

    __slots__ = ("_at", "_tokens", "rate")

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self._tokens = float(rate)
        self._at = now

    def room(self, now: float) -> int:
        """How many may start now."""
        self._refill(now)
        return int(self._tokens + 1e-9)

    def started(self, now: float) -> None:
        """One has started. May go below zero for one that was claimed before the limit was set."""
        self._refill(now)
        self._tokens -= 1

    def wait(self, now: float) -> float:
        """Seconds until the next may start."""
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self.rate)

    def _refill(self, now: float) -> None:
        self._tokens = min(float(self.rate), self._tokens + (now - self._at) * self.rate)
        self._at = now
