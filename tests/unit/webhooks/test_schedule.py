from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.webhooks.schedule import (
    LONGEST_WAIT_MS,
    STANDARD_RETRIES,
    STANDARD_WAITS_MS,
    base_wait,
    parse_retry_after,
    wait_before,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOUR = 3_600_000


def wait(
    retry: int,
    interval: int | None = None,
    *,
    status: int | None = 500,
    timed_out: bool = False,
    retry_after: str | None = None,
    at: float = 1.0,
) -> int:
    return wait_before(
        retry,
        interval,
        status=status,
        timed_out=timed_out,
        retry_after=retry_after,
        now=NOW,
        uniform=lambda low, high: low + (high - low) * (at - 0.8) / 0.4,
    )


def test_the_standard_schedule_is_the_one_of_standard_webhooks() -> None:
    waits = [base_wait(retry, None) // 1000 for retry in range(1, STANDARD_RETRIES + 1)]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(waits) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


def test_more_retries_than_the_standard_schedule_has_go_on_daily() -> None:
    assert base_wait(STANDARD_RETRIES + 5, None) == 24 * HOUR


@given(retry=st.integers(1, 10), interval=st.integers(0, 60_000))
def test_an_interval_doubles_before_each_further_retry(retry: int, interval: int) -> None:
    assert base_wait(retry, interval) == interval * 2 ** (retry - 1)


@given(retry=st.integers(1, 10_000), interval=st.none() | st.integers(0, LONGEST_WAIT_MS))
def test_no_wait_is_longer_than_a_day_however_many_retries(retry: int, interval: int | None) -> None:
    assert 0 <= base_wait(retry, interval) <= LONGEST_WAIT_MS


@given(retry=st.integers(1, 60), interval=st.none() | st.integers(1000, 600_000), at=st.floats(0.8, 1.2))
def test_jitter_stays_within_a_fifth_of_the_base(retry: int, interval: int | None, at: float) -> None:
    base = base_wait(retry, interval)
    assert 0.8 * base - 1 <= wait(retry, interval, at=at) <= 1.2 * base + 1


@given(seconds=st.integers(0, 10**9), retry=st.integers(1, 9))
def test_retry_after_lengthens_the_wait_up_to_a_day_and_never_shortens_it(seconds: int, retry: int) -> None:
    base = STANDARD_WAITS_MS[retry - 1]
    assert wait(retry, retry_after=str(seconds)) == max(base, min(seconds * 1000, LONGEST_WAIT_MS))


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(NOW + timedelta(hours=2), usegmt=True)
    assert parse_retry_after(later, NOW) == 2 * HOUR
    assert wait(1, retry_after=later) == 2 * HOUR


@pytest.mark.parametrize(
    "garbage",
    ["", " ", "-5", "nan", "NaN", "inf", "-inf", "1e9", "soon", "0x10", "12 34", "\u0661", "Wed, 99 Foo 2026 00:00:00"],
)
def test_a_retry_after_that_makes_no_sense_is_ignored(garbage: str) -> None:
    assert parse_retry_after(garbage, NOW) is None
    assert wait(2, retry_after=garbage) == STANDARD_WAITS_MS[1]


@given(st.text(max_size=40))
def test_no_retry_after_ever_raises_or_goes_backwards(text: str) -> None:
    asked = parse_retry_after(text, NOW)
    assert asked is None or asked >= 0


def test_a_date_in_the_past_is_ignored() -> None:
    assert parse_retry_after(format_datetime(NOW - timedelta(hours=2), usegmt=True), NOW) is None


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_overloaded_receiver_gets_a_minute_at_least(status: int) -> None:
    assert wait(1, status=status) == 60_000
    assert wait(3, status=status) == STANDARD_WAITS_MS[2]


def test_a_timeout_waits_a_minute_at_least() -> None:
    assert wait(1, status=None, timed_out=True) == 60_000


@pytest.mark.parametrize("status", [None, 400, 404, 408, 425, 500, 503])
def test_other_failures_keep_to_the_schedule(status: int | None) -> None:
    assert wait(1, status=status) == 5_000
