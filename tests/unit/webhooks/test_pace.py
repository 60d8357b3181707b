"""A pace holds one second's worth and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.webhooks.pace import Pace


def test_a_full_second_may_start_at_once_and_then_one_at_a_time() -> None:
    pace = Pace(4, now=100.0)
    for _ in range(4):
        assert pace.room(100.0) > 0
        pace.started(100.0)
    assert pace.room(100.0) == 0
    assert pace.wait(100.0) == 0.25
    assert pace.room(100.25) == 1
    assert pace.room(500.0) == 4


@given(rate=st.integers(1, 50), steps=st.lists(st.floats(0, 0.5), min_size=1, max_size=60))
def test_never_more_than_the_rate_and_one_seconds_burst(rate: int, steps: list[float]) -> None:
    now = 0.0
    pace = Pace(rate, now)
    started = 0
    for step in steps:
        now += step
        while pace.room(now) > 0:
            pace.started(now)
            started += 1
        assert started <= rate * now + rate + 1e-6
        assert pace.wait(now) >= 0
