from __future__ import annotations

from gateway.storage.webhooks import Health
from gateway.webhooks.health import after_failure, has_given_up

HOUR = 3_600_000


def test_only_failures_for_five_days_give_up() -> None:
    failing = Health(failing_since=0, last_failure_at=119 * HOUR, failures=50)
    assert not has_given_up(failing, 119 * HOUR)
    assert has_given_up(failing, 120 * HOUR)


def test_nine_failures_are_too_few() -> None:
    assert not has_given_up(Health(0, 100 * HOUR, 8), 121 * HOUR)
    assert has_given_up(Health(0, 100 * HOUR, 9), 121 * HOUR)


def test_one_burst_long_ago_is_not_five_days_of_failing() -> None:
    assert not has_given_up(Health(0, 1 * HOUR, 500), 121 * HOUR)
    assert has_given_up(Health(0, 12 * HOUR, 500), 121 * HOUR)


def test_the_first_failure_starts_the_count() -> None:
    assert not has_given_up(Health(), 500 * HOUR)
    assert after_failure(Health(), 7) == Health(failing_since=7, last_failure_at=7, failures=1)
    assert after_failure(Health(7, 7, 1), 9) == Health(failing_since=7, last_failure_at=9, failures=2)
