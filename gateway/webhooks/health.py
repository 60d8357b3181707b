"""When an endpoint has failed for so long that the gateway switches it off. Milliseconds since 1970.

Only failures for 120 hours, ten or more of them, and not all in one burst: by the time of the try before this one
they were spread over 12 hours or more. Any success clears the count.
"""

from __future__ import annotations

from gateway.storage.webhooks import Health

_HOUR = 3_600_000
FAILING_FOR_MS = 120 * _HOUR
SPREAD_OVER_MS = 12 * _HOUR
FEWEST_FAILURES = 10

REASON = "It failed for 120 hours without one success."
GONE_REASON = "It answered 410 Gone."


def after_failure(health: Health, now: int) -> Health:
    """The counters with one more failure."""
    since = now if health.failing_since is None else health.failing_since
    return Health(failing_since=since, last_failure_at=now, failures=health.failures + 1)


def has_given_up(before: Health, now: int) -> bool:
    """Whether a failure now, after those in `before`, is one too many."""
    if before.failing_since is None or before.last_failure_at is None:
        return False
    return (
        before.failures + 1 >= FEWEST_FAILURES
        and now - before.failing_since >= FAILING_FOR_MS
        and before.last_failure_at - before.failing_since >= SPREAD_OVER_MS
    )
