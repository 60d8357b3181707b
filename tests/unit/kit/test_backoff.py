from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.backoff import Backoff


def _middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_each_failure_waits_longer_until_the_cap_and_a_success_starts_over() -> None:
    backoff = Backoff(base=1, factor=2, cap=10, uniform=_middle)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    assert backoff.failures == 6
    backoff.reset()
    assert backoff.next() == 1


def test_jitter_moves_a_span_both_ways_but_never_above_the_cap() -> None:
    assert Backoff(base=10, cap=100, jitter=0.2, uniform=min).next() == pytest.approx(8)
    assert Backoff(base=10, cap=100, jitter=0.2, uniform=max).next() == pytest.approx(12)
    assert Backoff(base=10, cap=10, jitter=0.2, uniform=max).next() == 10


def test_a_thousand_failures_do_not_overflow() -> None:
    assert Backoff(base=0.001, factor=10, cap=60, jitter=0).delay(10**6) == 60


@given(
    base=st.floats(0.001, 100),
    factor=st.floats(1, 10),
    more=st.floats(0, 10_000),
    jitter=st.floats(0, 1),
    failures=st.integers(0, 10_000),
)
def test_no_span_is_negative_above_the_cap_or_outside_the_jitter(
    base: float, factor: float, more: float, jitter: float, failures: int
) -> None:
    cap = base + more
    plain = Backoff(base=base, factor=factor, cap=cap, jitter=0).delay(failures)
    moved = Backoff(base=base, factor=factor, cap=cap, jitter=jitter).delay(failures)
    assert 0 <= moved <= cap
    assert base * (1 - 1e-9) <= plain <= cap
    assert plain * (1 - jitter) - 1e-9 <= moved <= plain * (1 + jitter) + 1e-9


@pytest.mark.parametrize("wrong", [{"base": 0.0}, {"base": 5.0, "cap": 1.0}, {"factor": 0.5}, {"jitter": 1.5}])
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Backoff needs"):
        Backoff(**wrong)  # type: ignore[arg-type]  # only float parameters are passed
