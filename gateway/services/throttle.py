"""How often a password may be guessed: slower and slower for an account, a bucket for each address, never for ever."""

from __future__ import annotations

from ipaddress import ip_network

from gateway.domain.errors import TooManyRequests
from gateway.kit.clock import Clock
from gateway.kit.ratelimit import Buckets

FREE_FAILURES = 5
"""Wrong passwords in a row before an account has to wait."""
FIRST_DELAY = 1.0
"""Seconds to wait after the last free failure; doubled by each further one."""
LONGEST_DELAY = 300.0
"""Seconds no wait exceeds: a lockout must not become a way to lock somebody out."""
FORGIVEN_AFTER = 3600.0
"""Seconds without a try after which old failures no longer count."""
ADDRESS_BURST = 30
"""Failures an address may make at once, over all accounts; one more every `1 / ADDRESS_RATE` seconds."""
ADDRESS_RATE = 0.5

_Who = tuple[str, str]


class _Failures:
    __slots__ = ("count", "last", "retry_at")

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0
        self.retry_at = 0.0


class LoginThrottle:
    """Counts failures by account, and by address.

    Somebody who keeps guessing an account's password must not keep its owner out: an address from which the account
    was logged in before has a counter of its own. All in memory and bounded; a restart forgives.
    """

    def __init__(self, clock: Clock, *, capacity: int = 10_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._failures: dict[_Who, _Failures] = {}
        self._known: dict[_Who, None] = {}
        self._addresses: Buckets[str] = Buckets(
            rate=ADDRESS_RATE, burst=ADDRESS_BURST, clock=clock.monotonic, capacity=capacity
        )

    def begin(self, account: str, ip: str | None) -> Attempt:
        """Take a turn at guessing. Raises TooManyRequests when it is too early.

        The turn counts as a failure until `succeeded` is called, so a hundred guesses at the same moment are no way
        around. `account` is whatever was typed as the account's name, known or not.
        """
        address = _network(ip)
        now = self._clock.monotonic()
        who = (account, address) if (account, address) in self._known else (account, "")
        failures = self._failures.get(who)
        if failures is not None and now < failures.retry_at:
            raise _wait(failures.retry_at - now)
        if address and (wait := self._addresses.take(address)) > 0:
            raise _wait(wait)
        if failures is None or now - failures.last > FORGIVEN_AFTER:
            failures = self._remember(who, now)
        failures.count += 1
        failures.last = now
        if failures.count >= FREE_FAILURES:
            failures.retry_at = now + min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures.count - FREE_FAILURES, 30))
        return Attempt(self, who, address)

    def forgive(self, who: _Who, address: str) -> None:
        """What `Attempt.succeeded` means for the counters."""
        self._failures.pop(who, None)
        if address:
            self._addresses.give_back(address)
            known = (who[0], address)
            self._known.pop(known, None)  # to the end: the longest unused goes first
            self._known[known] = None
            if len(self._known) > self._capacity:
                del self._known[next(iter(self._known))]

    def _remember(self, who: _Who, now: float) -> _Failures:
        if who not in self._failures and len(self._failures) >= self._capacity:
            stale = [key for key, failures in self._failures.items() if now - failures.last > FORGIVEN_AFTER]
            for key in stale or list(self._failures)[: max(1, self._capacity // 8)]:
                del self._failures[key]
        self._failures[who] = failures = _Failures()
        return failures


class Attempt:
    """One turn at guessing."""

    __slots__ = ("_address", "_throttle", "_who")

    def __init__(self, throttle: LoginThrottle, who: _Who, address: str) -> None:
        self._throttle = throttle
        self._who = who
        self._address = address

    def succeeded(self) -> None:
        """The password was right: the failures before it are forgiven."""
        self._throttle.forgive(self._who, self._address)


def _wait(seconds: float) -> TooManyRequests:
    return TooManyRequests("Too many login attempts; wait a moment and try again.", retry_after=seconds)


def _network(ip: str | None) -> str:
    # One household has a whole IPv6 /64 and would otherwise never meet its bucket.
    if ip is None or ":" not in ip:
        return ip or ""
    try:
        return str(ip_network(f"{ip}/64", strict=False))
    except ValueError:
        return ip
