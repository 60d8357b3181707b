"""How often one credential may call."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.domain.errors import TooManyRequests
from gateway.domain.tenants import CredentialKind, Principal
from gateway.kit.clock import Clock
from gateway.kit.ratelimit import Buckets
from gateway.kit.windows import Windows
from gateway.settings import Settings


class Limiter:
    """A token bucket for each credential: `rate` calls a second on average, twice that at once."""

    def __init__(self, rate: float, clock: Clock, *, capacity: int = 20_000) -> None:
        self._buckets: Buckets[str] = Buckets(
            rate=rate, burst=max(1.0, 2 * rate), clock=clock.monotonic, capacity=capacity
        )

    def check(self, who: Principal) -> None:
        """Count one call. Raises TooManyRequests.

        Keys count by themselves. Login tokens of one user count together, or logging in again would be a fresh bucket.
        """
        key = counted_by(who)
        wait = self._buckets.take(key)
        if wait > 0:
            raise TooManyRequests("Too many requests with this credential; slow down.", retry_after=wait)


def counted_by(who: Principal) -> str:
    """What the requests of a caller are counted under."""
    return who.user_id if who.credential is CredentialKind.JWT else who.credential_id


class RateClass(StrEnum):
    """How much a route costs."""

    STRICT = "strict"
    MODERATE = "moderate"
    LENIENT = "lenient"
    COMPANY = "company"
    STRESS = "stress"


class Allowance(NamedTuple):
    """How many calls are left in the window of `limit`. `resets_in` in seconds."""

    granted: bool
    limit: int
    remaining: int
    resets_in: float


_MINUTE, _FIVE_MINUTES = 60.0, 300.0


class RouteLimiter:
    """So many calls a minute to one route by one credential; how many depends on the route's class."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._windows: Windows[tuple[str, str]] = Windows(clock.monotonic)
        self._most: Mapping[RateClass, int] = {
            each: getattr(settings, f"rate_limit_{each.value}") for each in RateClass
        }

    def take(self, who: Principal, route: str, rate: RateClass) -> Allowance | None:
        """Count one call; None where this class has no limit."""
        most = self._most[rate]
        if not most:
            return None
        seconds = _FIVE_MINUTES if rate is RateClass.STRESS else _MINUTE
        turn = self._windows.take((counted_by(who), route), most, seconds)
        return Allowance(turn.granted, most, turn.remaining, turn.resets_in)
