"""Guessing gets slower; owners are not locked out; memory stays bounded."""

from __future__ import annotations

import pytest

from gateway.domain.errors import TooManyRequests
from gateway.services.throttle import ADDRESS_BURST, FORGIVEN_AFTER, FREE_FAILURES, LoginThrottle
from tests.clock import ManualClock


def fail(throttle: LoginThrottle, times: int, account: str = "ada", ip: str | None = None) -> None:
    for _ in range(times):
        throttle.begin(account, ip)


def test_the_sixth_try_has_to_wait() -> None:
    throttle = LoginThrottle(ManualClock())
    fail(throttle, FREE_FAILURES)
    with pytest.raises(TooManyRequests):
        throttle.begin("ada", None)
    throttle.begin("bob", None)


def test_success_forgives() -> None:
    throttle = LoginThrottle(ManualClock())
    fail(throttle, FREE_FAILURES - 1)
    throttle.begin("ada", None).succeeded()
    fail(throttle, FREE_FAILURES)


async def test_an_hour_without_a_try_forgives() -> None:
    clock = ManualClock()
    throttle = LoginThrottle(clock)
    fail(throttle, FREE_FAILURES - 1)
    await clock.advance(seconds=FORGIVEN_AFTER + 1)
    fail(throttle, FREE_FAILURES)


def test_an_address_runs_dry_over_many_accounts_and_a_whole_ipv6_network_counts_as_one() -> None:
    throttle = LoginThrottle(ManualClock())
    for each in range(ADDRESS_BURST):
        throttle.begin(f"user {each}", f"2001:db8::{each:x}")
    with pytest.raises(TooManyRequests):
        throttle.begin("one more", "2001:db8::ffff")
    throttle.begin("one more", "2001:db8:0:1::1")
    throttle.begin("one more", "not an:address")


def test_logging_in_all_day_empties_no_bucket() -> None:
    throttle = LoginThrottle(ManualClock())
    for _ in range(10 * ADDRESS_BURST):
        throttle.begin("ada", "192.0.2.1").succeeded()


def test_memory_is_bounded() -> None:
    throttle = LoginThrottle(ManualClock(), capacity=100)
    for each in range(1000):
        throttle.begin(f"user {each}", None)
        throttle.begin(f"known {each}", f"10.0.{each // 256}.{each % 256}").succeeded()
    assert len(throttle._failures) <= 100
    assert len(throttle._known) <= 100
    assert len(throttle._addresses) <= 100
