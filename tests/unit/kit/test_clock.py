from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.kit.clock import Clock, SystemClock
from tests.clock import ManualClock


async def test_the_system_clock_tells_an_aware_utc_time_and_a_monotonic_one_that_never_goes_back() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    assert clock.now().tzinfo is UTC
    await clock.sleep(-1)
    await clock.sleep(0.001)
    assert clock.monotonic() > before


async def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock: Clock = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
    await asyncio.sleep(0.005)
    assert clock.now() == datetime(2026, 5, 1, tzinfo=UTC)
    assert clock.monotonic() == 0


async def test_sleepers_wake_in_order_each_at_its_own_moment() -> None:
    clock = ManualClock()
    woke: list[tuple[str, float]] = []

    async def sleeper(name: str, *spans: float) -> None:
        for span in spans:
            await clock.sleep(span)
            woke.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 5))
        group.create_task(sleeper("twice", 2, 2))
        group.create_task(sleeper("soon", 1))
        await clock.sleeping(3)
        await clock.advance(seconds=4.5)
        assert woke == [("soon", 1.0), ("twice", 2.0), ("twice", 4.0)]
        await clock.advance(seconds=0.5)
    assert woke[-1] == ("late", 5.0)
    assert clock.now() - ManualClock().now() == timedelta(seconds=5)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(1))
    await clock.sleeping()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.sleepers == 0
    await clock.advance(seconds=2)
    assert clock.monotonic() == 2
