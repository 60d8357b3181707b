"""How long instances take to be made and processed: measured where it is done, since the process began."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec import Struct

from gateway.domain.errors import (
    Conflict,
    Forbidden,
    GatewayError,
    InvalidInput,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from gateway.kit.clock import Clock

LAST = 1000
"""Durations that are remembered."""

_CALLERS_OWN: tuple[type[GatewayError], ...] = (
    InvalidInput,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    TooManyRequests,
)


class Measurements(Struct, frozen=True, kw_only=True):
    """Times in seconds. Means, least and most are over `durations`; the counts are over everything since `since`."""

    durations: Sequence[float]
    """The last ones, oldest first."""
    done: int
    failed: int
    current: int
    """How many are under way now."""
    peak: int
    """How many were under way at once at most."""
    since: datetime

    @property
    def total(self) -> int:
        """How many have ended."""
        return self.done + self.failed

    @property
    def failure_rate(self) -> float:
        """From 0 to 1."""
        return self.failed / self.total if self.total else 0.0

    @property
    def mean(self) -> float:
        """0 when there was nothing."""
        return sum(self.durations) / len(self.durations) if self.durations else 0.0


class Performance:
    """Counts and times work."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._durations: deque[float] = deque(maxlen=LAST)
        self._done = self._failed = self._current = self._peak = 0
        self._since = clock.now()

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Around one piece of work. What is refused because of how it was asked for is no work, and not counted."""
        began = self._clock.monotonic()
        self._current += 1
        self._peak = max(self._peak, self._current)
        try:
            yield
        except _CALLERS_OWN:
            raise
        except BaseException:
            self._failed += 1
            self._durations.append(self._clock.monotonic() - began)
            raise
        else:
            self._done += 1
            self._durations.append(self._clock.monotonic() - began)
        finally:
            self._current -= 1

    def measurements(self) -> Measurements:
        """Until now."""
        return Measurements(
            durations=tuple(self._durations),
            done=self._done,
            failed=self._failed,
            current=self._current,
            peak=self._peak,
            since=self._since,
        )
