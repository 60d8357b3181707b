"""Keeps calls into Go apart from the moments in which Go changes the maps that every call reads.

neonize holds its clients, channels and stop signals in three global Go maps without a lock. A read that meets a write
is `fatal error: concurrent map read and map write`, which ends the whole process and cannot be caught. Every call reads
a map once, in its first microseconds; starts and stops write. So calls run side by side, and a write waits until each
call that began has been inside Go long enough to be past its one read, while calls that come meanwhile wait for the
write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

LOOKUP = 0.02
"""Seconds after which a call is surely past its map lookup, which takes less than a microsecond."""

P = ParamSpec("P")
R = TypeVar("R")


class _Call:
    """`entered` is set right before Go is; `seen_at` is when a writer first saw it set.

    A call's own watch would not do: its thread can lose the interpreter between reading the time and entering Go, and
    would then look long past its lookup the moment it begins it.
    """

    __slots__ = ("entered", "seen_at")

    def __init__(self) -> None:
        self.entered = False
        self.seen_at: float | None = None


class Gate:
    """Many calls, or one writer. One for the whole process, because the maps are."""

    def __init__(self, *, lookup: float = LOOKUP) -> None:
        self._lookup = lookup
        self._changed = threading.Condition()
        self._writing = False
        self._calls: set[_Call] = set()

    def run(
        self, allowed: Callable[[], bool], refuse: Callable[[], Exception], function: Callable[P, R]
    ) -> Callable[P, R]:
        """The function, wrapped to run as a call.

        `allowed` is asked where no writer can come between; if it says no, what `refuse` gives is raised and Go is not
        entered.
        """

        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            call = _Call()
            with self._changed:
                while self._writing:
                    self._changed.wait()
                if not allowed():
                    raise refuse()
                self._calls.add(call)
            try:
                call.entered = True
                return function(*args, **kwargs)
            finally:
                with self._changed:
                    self._calls.discard(call)
                    self._changed.notify_all()

        return guarded

    def begin_writing(self) -> None:
        """Wait until no call can be reading, and hold new ones back until `end_writing`. Blocks for milliseconds."""
        with self._changed:
            while self._writing:
                self._changed.wait()
            self._writing = True
            # A list and not any(): each call is looked at in every round, so that their spans run side by side.
            while [call for call in self._calls if self._may_be_reading(call)]:
                self._changed.wait(0.001)

    def end_writing(self) -> None:
        """Let calls in again. Does nothing when nobody writes."""
        with self._changed:
            self._writing = False
            self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A write whose end is known."""
        self.begin_writing()
        try:
            yield
        finally:
            self.end_writing()

    def _may_be_reading(self, call: _Call) -> bool:
        if not call.entered:
            return True
        now = time.monotonic()
        if call.seen_at is None:
            call.seen_at = now
        return now - call.seen_at < self._lookup


GATE = Gate()
