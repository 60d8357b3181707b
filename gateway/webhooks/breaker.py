"""A circuit breaker for one endpoint: stop hammering what is down, and notice quickly when it is back.

Opens when at least 70 % of at least 10 tries within 5 minutes failed. While open, deliveries wait without
consuming their tries. After 30 s × 2^n (n counts openings in a row, at most an hour) one probe may go; its success
closes the breaker, its failure opens it again for longer. Seconds of a monotonic clock throughout.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

WINDOW_SECONDS = 300.0
SLICE_SECONDS = 10.0
FEWEST_TRIES = 10
FAILING_SHARE = 0.7
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0


class BreakerState(Enum):
    """Whether deliveries may go."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class _Slice:
    __slots__ = ("failed", "start", "tries")

    def __init__(self, start: float) -> None:
        self.start = start
        self.tries = 0
        self.failed = 0


class Breaker:
    """Counts in slices of ten seconds, so its memory does not grow with traffic."""

    __slots__ = ("_openings", "_probing", "_slices", "_until", "state")

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self._slices: deque[_Slice] = deque()
        self._openings = 0
        self._until = 0.0
        self._probing = False

    def room(self, now: float) -> int | None:
        """How many deliveries may start now: None for any number."""
        if self.state is BreakerState.OPEN and now >= self._until:
            self.state = BreakerState.HALF_OPEN
            self._probing = False
        if self.state is BreakerState.CLOSED:
            return None
        return 1 if self.state is BreakerState.HALF_OPEN and not self._probing else 0

    def wait(self, now: float) -> float | None:
        """Seconds until `room` may change by itself; None when only the end of a probe changes it."""
        return max(0.0, self._until - now) if self.state is BreakerState.OPEN else None

    def started(self) -> None:
        """A delivery was let go."""
        if self.state is BreakerState.HALF_OPEN:
            self._probing = True

    def succeeded(self, now: float) -> None:
        """A try ended well. While open it was begun before the opening and proves nothing yet."""
        if self.state is BreakerState.HALF_OPEN:
            self.reset()
        elif self.state is BreakerState.CLOSED:
            self._count(now, failed=False)

    def failed(self, now: float) -> None:
        """A try failed."""
        if self.state is BreakerState.HALF_OPEN:
            self._open(now)
        elif self.state is BreakerState.CLOSED:
            self._count(now, failed=True)
            tries = sum(each.tries for each in self._slices)
            failures = sum(each.failed for each in self._slices)
            if tries >= FEWEST_TRIES and failures >= FAILING_SHARE * tries:
                self._open(now)

    def abandoned(self) -> None:
        """A delivery that was let go came back without a result."""
        self._probing = False

    def probe_now(self) -> None:
        """Let one through at once: a person asked for a try."""
        if self.state is BreakerState.OPEN:
            self.state = BreakerState.HALF_OPEN
            self._probing = False

    def hold(self, now: float, seconds: float) -> None:
        """Open for a reason of our own; the pauses in a row are not counted by it."""
        self.state = BreakerState.OPEN
        self._until = now + seconds

    def reset(self) -> None:
        """Forget everything: the endpoint works, or is another one now."""
        self.state = BreakerState.CLOSED
        self._slices.clear()
        self._openings = 0
        self._probing = False

    def _open(self, now: float) -> None:
        self.state = BreakerState.OPEN
        self._until = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._openings, 10))
        self._openings += 1
        self._slices.clear()
        self._probing = False

    def _count(self, now: float, *, failed: bool) -> None:
        while self._slices and self._slices[0].start <= now - WINDOW_SECONDS:
            self._slices.popleft()
        if not self._slices or now >= self._slices[-1].start + SLICE_SECONDS:
            self._slices.append(_Slice(now))
        self._slices[-1].tries += 1
        self._slices[-1].failed += failed
