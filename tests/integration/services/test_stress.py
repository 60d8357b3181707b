"""A stress test is real reads, one test at a time, within its bounds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.domain.errors import Conflict, InvalidInput
from gateway.services.principals import OPERATOR
from gateway.services.stress import StressPlan, StressTest
from tests.clock import ManualClock
from tests.running import RunningGateway, running_gateway


def stress_of(running: RunningGateway, clock: ManualClock) -> StressTest:
    return StressTest(running.gateway.services.instances, running.gateway.services.caches, clock)


async def test_a_test_of_some_seconds_is_a_wave_a_second_and_no_other_runs_meanwhile(
    tmp_path: Path, database_url: str
) -> None:
    clock = ManualClock()
    async with running_gateway(tmp_path, database_url) as running:
        stress = stress_of(running, clock)
        first = asyncio.create_task(stress.run(OPERATOR, StressPlan(concurrent=7, seconds=5)))
        async with asyncio.timeout(30):
            await clock.sleeping()
            with pytest.raises(Conflict) as refused:
                await stress.run(OPERATOR, StressPlan(waves=1))
            assert refused.value.code == "stress_test_running"
            for _ in range(4):
                await clock.advance(seconds=1)
                await clock.sleeping()
            await clock.advance(seconds=1)
            result = await first
            assert (result.done, result.failed, result.peak) == (5 * 7, 0, 7)
            # And then another one may.
            assert (await stress.run(OPERATOR, StressPlan(concurrent=3, waves=2))).done == 6


async def test_reads_that_fail_are_counted_as_failed(tmp_path: Path, database_url: str) -> None:
    async with running_gateway(tmp_path, database_url) as running:
        stress = stress_of(running, ManualClock())
        well = await stress.run(OPERATOR, StressPlan(concurrent=2, waves=2))
        await running.gateway.services.health._storage.engine.close()
        gone = await stress.run(OPERATOR, StressPlan(concurrent=2, waves=2))
    assert (well.done, well.failed) == (4, 0)
    assert (gone.done, gone.failed) == (0, 4)


@pytest.mark.parametrize(
    ("plan", "blamed"),
    [
        (StressPlan(concurrent=0), "concurrent"),
        (StressPlan(concurrent=51), "concurrent"),
        (StressPlan(seconds=4.999), "seconds"),
        (StressPlan(seconds=300.001), "seconds"),
        (StressPlan(waves=0), "waves"),
        (StressPlan(waves=301), "waves"),
    ],
)
async def test_a_plan_out_of_bounds_is_refused(tmp_path: Path, sqlite_url: str, plan: StressPlan, blamed: str) -> None:
    async with running_gateway(tmp_path, sqlite_url) as running:
        with pytest.raises(InvalidInput) as refused:
            await stress_of(running, ManualClock()).run(OPERATOR, plan)
    assert refused.value.field == blamed
