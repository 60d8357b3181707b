"""When a failed delivery is tried again. Pure: time and chance are handed in. Milliseconds throughout.

Two kinds of schedule. With a retry interval, the wait before retry k is interval × 2^(k-1). Without one it is the
schedule of Standard Webhooks (specification, "Deliverability and reliability"): after the first try 5 s, 5 min,
30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. Either wait is moved by up to 20 % so that many failures do not return as
one wave. A `Retry-After` answer may only lengthen it, up to 24 h.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

STANDARD_WAITS_MS: tuple[int, ...] = tuple(
    seconds * 1000 for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
STANDARD_RETRIES = len(STANDARD_WAITS_MS)
DEFAULT_RETRIES = 3
DEFAULT_RETRY_INTERVAL_MS = 60_000
LONGEST_WAIT_MS = 24 * 3600 * 1000
JITTER = 0.2
_OVERLOADED_WAIT_MS = 60_000
_OVERLOADED = frozenset({429, 502, 504})
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?\Z")

Uniform = Callable[[float, float], float]


def base_wait(retry: int, retry_interval_ms: int | None) -> int:
    """The plain wait before the retry with this number, counted from 1; never above 24 hours."""
    if retry_interval_ms is None:
        return STANDARD_WAITS_MS[min(retry, STANDARD_RETRIES) - 1]
    if retry > 48:  # any interval of a millisecond or more is past the cap by then
        return LONGEST_WAIT_MS if retry_interval_ms else 0
    return min(retry_interval_ms << (retry - 1), LONGEST_WAIT_MS)


def jittered(wait_ms: int, uniform: Uniform) -> int:
    """The wait moved by up to 20 % either way."""
    return round(wait_ms * uniform(1 - JITTER, 1 + JITTER))


def wait_before(
    retry: int,
    retry_interval_ms: int | None,
    *,
    status: int | None,
    timed_out: bool,
    retry_after: str | None,
    now: datetime,
    uniform: Uniform,
) -> int:
    """How long to wait before this retry, given how the try before it ended."""
    wait = jittered(base_wait(retry, retry_interval_ms), uniform)
    if timed_out or status in _OVERLOADED:
        wait = max(wait, _OVERLOADED_WAIT_MS)
    asked = parse_retry_after(retry_after, now)
    return wait if asked is None else max(wait, min(asked, LONGEST_WAIT_MS))


def parse_retry_after(value: str | None, now: datetime) -> int | None:
    """The wait that a `Retry-After` header asks for (RFC 9110, 10.2.3); None when it says nothing usable."""
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.match(value):
        return round(float(value) * 1000)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return round(wait * 1000) if wait > 0 else None
