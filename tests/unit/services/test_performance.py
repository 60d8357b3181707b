"""Work is timed and counted where it is done."""

from __future__ import annotations

import pytest

from gateway.domain.errors import InvalidInput, StorageUnavailable
from gateway.services.performance import LAST, Performance
from tests.clock import ManualClock


async def test_work_is_timed_and_failures_are_failures_however_quick() -> None:
    clock = ManualClock()
    performance = Performance(clock)
    with performance.measured():
        await clock.advance(seconds=6)
    with pytest.raises(StorageUnavailable), performance.measured():
        raise StorageUnavailable("away")
    found = performance.measurements()
    assert (found.durations, found.done, found.failed) == ((6.0, 0.0), 1, 1)
    assert (found.failure_rate, found.mean, found.since) == (0.5, 3.0, ManualClock().now())


async def test_what_was_asked_for_wrongly_is_no_work() -> None:
    performance = Performance(ManualClock())
    with pytest.raises(InvalidInput), performance.measured():
        raise InvalidInput("no")
    found = performance.measurements()
    assert (found.total, found.durations, found.failure_rate, found.mean) == (0, (), 0.0, 0.0)


async def test_how_much_is_under_way_now_and_was_at_most() -> None:
    performance = Performance(ManualClock())
    with performance.measured():
        with performance.measured():
            assert performance.measurements().current == 2
        assert performance.measurements().current == 1
    assert (performance.measurements().current, performance.measurements().peak) == (0, 2)


async def test_only_the_last_durations_are_remembered_and_everything_is_counted() -> None:
    performance = Performance(ManualClock())
    for _ in range(LAST + 5):
        with performance.measured():
            pass
    found = performance.measurements()
    assert (len(found.durations), found.total) == (LAST, LAST + 5)
