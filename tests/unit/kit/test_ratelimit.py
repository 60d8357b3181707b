"""Token buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.ratelimit import Buckets


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=2, burst=3, clock=time)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    assert buckets.take("b") == 0
    time.now = 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") == pytest.approx(0.5)


def test_a_refused_take_costs_nothing() -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=1, burst=1, clock=time)
    assert buckets.take("a") == 0
    for _ in range(100):
        assert buckets.take("a") > 0
    time.now = 1.0
    assert buckets.take("a") == 0


def test_what_is_given_back_can_be_taken_again() -> None:
    buckets: Buckets[str] = Buckets(rate=1, burst=1, clock=Time())
    for _ in range(10):
        assert buckets.take("a") == 0
        buckets.give_back("a")
    buckets.give_back("never seen")


def test_memory_is_bounded_and_the_busiest_are_remembered() -> None:
    buckets: Buckets[int] = Buckets(rate=1, burst=5, clock=Time(), capacity=100)
    for _ in range(5):
        buckets.take(-1)
    for key in range(10_000):
        buckets.take(key)
    assert len(buckets) <= 100
    assert buckets.take(-1) > 0


@pytest.mark.parametrize(("rate", "burst", "capacity"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_impossible_buckets_are_refused(rate: float, burst: float, capacity: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        Buckets(rate=rate, burst=burst, clock=Time(), capacity=capacity)


@given(
    rate=st.integers(1, 50),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 2, allow_nan=False), max_size=100),
)
def test_never_more_than_burst_plus_rate_times_time(rate: int, burst: int, pauses: list[float]) -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=rate, burst=burst, clock=time)
    granted = 0
    for pause in pauses:
        time.now += pause
        granted += buckets.take("a") == 0
        assert granted <= burst + rate * time.now + 1e-6
