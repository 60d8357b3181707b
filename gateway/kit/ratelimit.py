"""Token buckets by key, in one float a key: how often somebody may do something.

The generic cell rate algorithm: for each key we keep only the moment at which its bucket will be full again. A key
whose moment has passed is indistinguishable from one never seen, so forgetting it costs nothing, and memory is
bounded by forgetting exactly those first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import nsmallest
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Buckets(Generic[K]):
    """Allows each key `rate` takes a second on average and up to `burst` at once.

    `clock` gives monotonic seconds. At most `capacity` keys are remembered; when more are active at the same time,
    those nearest to a full bucket are forgotten, which favours them by at most what they had taken.
    """

    __slots__ = ("_capacity", "_clock", "_full_at", "_interval", "_window")

    def __init__(self, *, rate: float, burst: float, clock: Callable[[], float], capacity: int = 20_000) -> None:
        if rate <= 0 or burst < 1 or capacity < 1:
            raise ValueError("rate must be positive, burst and capacity at least 1")
        self._interval = 1.0 / rate
        self._window = burst / rate
        self._clock = clock
        self._capacity = capacity
        self._full_at: dict[K, float] = {}

    def take(self, key: K, amount: float = 1.0) -> float:
        """Take from the key's bucket: 0.0 when it had enough, else the seconds until it will (and nothing is taken).

        An amount above the burst is never granted.
        """
        now = self._clock()
        full_at = self._full_at.get(key)
        if full_at is None:
            if len(self._full_at) >= self._capacity:
                self._forget_some(now)
            full_at = now
        elif full_at < now:
            full_at = now
        after = full_at + amount * self._interval
        wait = after - now - self._window
        if wait > 1e-9:  # below a nanosecond it is rounding, not waiting
            return wait
        self._full_at[key] = after
        return 0.0

    def give_back(self, key: K, amount: float = 1.0) -> None:
        """Undo a take that turned out not to count."""
        full_at = self._full_at.get(key)
        if full_at is not None:
            self._full_at[key] = full_at - amount * self._interval

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._full_at)

    def _forget_some(self, now: float) -> None:
        # At least an eighth at a time: the scan is paid once for many newcomers.
        nearest_full = nsmallest(max(1, self._capacity // 8), self._full_at, key=self._full_at.__getitem__)
        for key in {*nearest_full, *(key for key, full_at in self._full_at.items() if full_at <= now)}:
            del self._full_at[key]
