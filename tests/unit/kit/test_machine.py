"""What the system says about itself, and what is done where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.kit.machine import Meter
from tests.clock import ManualClock


class Proc:
    """A folder like /proc, of a machine that does what the test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.times(busy=0, idle=0)
        (folder / "meminfo").write_text("MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  750 kB\n")

    def times(self, *, busy: int, idle: int) -> None:
        # user nice system idle iowait irq softirq steal guest guest_nice
        line = f"cpu  {busy} 0 0 {idle - 10} 10 0 0 0 {busy} 0\n"
        (self.folder / "stat").write_text(line + "cpu0 0 0 0 0 0 0 0 0 0 0\n")


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


async def test_processor_shares_are_means_since_the_last_look(proc: Proc) -> None:
    clock = ManualClock()
    proc.times(busy=50, idle=150)
    meter = Meter(monotonic=clock.monotonic, proc=proc.folder)
    assert meter.look().cpu == 25.0  # since the machine was started
    proc.times(busy=50 + 30, idle=150 + 10)
    assert meter.look().cpu == 25.0  # too soon for another answer
    await clock.advance(seconds=1)
    assert meter.look().cpu == 75.0
    await clock.advance(seconds=1)
    assert meter.look().cpu == 0.0  # nothing happened since


async def test_memory_that_could_be_freed_is_not_taken(proc: Proc) -> None:
    assert Meter(proc=proc.folder).look().memory == 25.0


async def test_where_the_system_tells_nothing_the_process_speaks_for_itself(tmp_path: Path) -> None:
    hidden = Meter(proc=tmp_path / "nothing").look()
    assert hidden.cpu == hidden.process_cpu
    assert 0.0 < hidden.memory <= 100.0
    # The control: the real system's own figures.
    seen = Meter().look()
    assert 0.0 < seen.memory <= 100.0
    assert seen.process_memory > 1024**2
    assert seen.uptime > seen.process_uptime > 0
