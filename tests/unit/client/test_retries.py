"""How long the client waits before it tries again."""

from __future__ import annotations

import pytest

from gateway.client import Retries

PATIENT = Retries(most=3, first_wait=1.0, longest_wait=30.0)


@pytest.mark.parametrize(("retry", "wait"), [(1, 1.0), (2, 2.0), (3, 4.0)])
def test_waits_double_and_spread(retry: int, wait: float) -> None:
    waits = [PATIENT.wait_before(retry, None) for _ in range(100)]
    assert all(each is not None and wait * 0.8 <= each <= wait * 1.2 for each in waits)
    assert len(set(waits)) > 1


def test_what_was_asked_for_is_what_is_waited() -> None:
    assert PATIENT.wait_before(1, 7.0) == 7.0


def test_too_long_a_wait_and_too_many_tries_end_it() -> None:
    assert PATIENT.wait_before(1, 30.5) is None
    assert PATIENT.wait_before(4, None) is None
    assert PATIENT.wait_before(4, 1.0) is None


def test_no_wait_grows_beyond_the_longest() -> None:
    assert Retries(most=99, longest_wait=3.0).wait_before(20, None) == 3.0
