"""Waiting longer after each failure, and never in step with others."""

from __future__ import annotations

import math
import random
from collections.abc import Callable


class Backoff:
    """Spans between tries: `base`, then `factor` times more each time up to `cap`, each moved by ± `jitter` of itself.

        backoff = Backoff(base=1, cap=300)
        while not await connect():
            await clock.sleep(backoff.next())
        backoff.reset()

    Seconds throughout. No span is ever below 0 or above `cap`, jitter included.
    """

    def __init__(
        self,
        *,
        base: float = 1.0,
        factor: float = 2.0,
        cap: float = 300.0,
        jitter: float = 0.2,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        if not (0 < base <= cap and factor >= 1 and 0 <= jitter <= 1 and math.isfinite(cap)):
            raise ValueError("Backoff needs 0 < base <= cap, factor >= 1 and 0 <= jitter <= 1.")
        self._base = base
        self._factor = factor
        self._cap = cap
        self._jitter = jitter
        self._uniform = uniform
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many spans were asked for since the last success."""
        return self._failures

    def next(self) -> float:
        """Count one more failure; seconds to wait before the next try."""
        delay = self.delay(self._failures)
        self._failures += 1
        return delay

    def delay(self, failures: int) -> float:
        """Seconds to wait after `failures` earlier failures, jittered afresh; counts nothing."""
        # The exponent at which the cap is reached, so that a long outage never overflows a float.
        steps = math.log(self._cap / self._base, self._factor) if self._factor > 1 else math.inf
        plain = self._cap if failures >= steps else self._base * self._factor**failures
        return max(0.0, min(self._cap, plain * (1 + self._uniform(-self._jitter, self._jitter))))

    def reset(self) -> None:
        """Start over after a success."""
        self._failures = 0
