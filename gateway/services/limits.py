"""How often one credential may call."""

from __future__ import annotations

from gateway.domain.errors import TooManyRequests
from gateway.domain.tenants import CredentialKind, Principal
from gateway.kit.clock import Clock
from gateway.kit.ratelimit import Buckets


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
        key = who.user_id if who.credential is CredentialKind.JWT else who.credential_id
        wait = self._buckets.take(key)
        if wait > 0:
            raise TooManyRequests("Too many requests with this credential; slow down.", retry_after=wait)
