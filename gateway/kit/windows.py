"""Counting within windows of time: how often somebody may do something, told in numbers that people can plan with."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Turn(NamedTuple):
    """What came of asking. `resets_in` in seconds."""

    granted: bool
    remaining: int
    resets_in: float


class Windows(Generic[K]):
    """A window begins with a key's first turn and lasts `seconds`; within it there are so many turns and no more.

    `clock` gives monotonic seconds. At most `capacity` keys are remembered; when more are active at the same time,
    those whose windows end first are forgotten.
    """

    __slots__ = ("_capacity", "_clock", "_windows")

    def __init__(self, clock: Callable[[], float], *, capacity: int = 20_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._windows: dict[K, tuple[float, int]] = {}

    def take(self, key: K, most: int, seconds: float) -> Turn:
        """Take one of `most` turns; refused turns are not counted."""
        now = self._clock()
        ends, used = self._windows.get(key, (now + seconds, 0))
        if ends <= now:
            ends, used = now + seconds, 0
        if used >= most:
            return Turn(False, 0, ends - now)
        if key not in self._windows and len(self._windows) >= self._capacity:
            self._forget_some(now)
        self._windows[key] = (ends, used + 1)
        return Turn(True, most - used - 1, ends - now)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._windows)

    def _forget_some(self, now: float) -> None:
        # At least an eighth at a time: the scan is paid once for many newcomers.
        by_end = sorted(self._windows, key=lambda key: self._windows[key][0])
        over = [key for key in by_end if self._windows[key][0] <= now]
        for key in over or by_end[: max(1, self._capacity // 8)]:
            del self._windows[key]
