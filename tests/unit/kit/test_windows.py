from __future__ import annotations

import pytest

from gateway.kit.windows import Turn, Windows
from tests.clock import ManualClock


async def test_a_window_has_so_many_turns_and_begins_anew_when_it_is_over(clock: ManualClock) -> None:
    windows: Windows[str] = Windows(clock.monotonic)
    assert windows.take("a", 2, 60) == Turn(True, 1, 60)
    await clock.advance(seconds=10)
    assert windows.take("a", 2, 60) == Turn(True, 0, 50)
    assert windows.take("a", 2, 60) == Turn(False, 0, 50)
    assert windows.take("b", 2, 60) == Turn(True, 1, 60)
    await clock.advance(seconds=49.9)
    assert not windows.take("a", 2, 60).granted
    await clock.advance(seconds=0.1)
    assert windows.take("a", 2, 60) == Turn(True, 1, 60)


async def test_refused_turns_do_not_make_the_wait_longer(clock: ManualClock) -> None:
    windows: Windows[str] = Windows(clock.monotonic)
    windows.take("a", 1, 60)
    for _ in range(100):
        await clock.advance(seconds=0.5)
        assert not windows.take("a", 1, 60).granted
    await clock.advance(seconds=10)
    assert windows.take("a", 1, 60).granted


@pytest.mark.parametrize("over", [True, False])
async def test_memory_is_bounded_and_what_is_over_goes_first(clock: ManualClock, over: bool) -> None:
    windows: Windows[int] = Windows(clock.monotonic, capacity=16)
    for key in range(16):
        windows.take(key, 1, 60)
    if over:
        await clock.advance(seconds=60)
    assert windows.take(16, 1, 60).granted
    assert len(windows) == (1 if over else 15)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
