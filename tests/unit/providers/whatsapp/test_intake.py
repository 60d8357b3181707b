"""What the spool holds is committed in order, and only then forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.domain.errors import InvalidInput, NetworkUnreachable, NotFound, StorageUnavailable
from gateway.domain.events import Event, SessionStarting
from gateway.domain.instances import ProviderName
from gateway.providers.whatsapp.intake import BATCH, Intake
from gateway.providers.whatsapp.spool import Arrival, Spool
from tests.seam import Seam


class Flow:
    """A spool, its intake and the gateway's side of it. An event's dedupe key is its arrival's payload."""

    def __init__(self, path: Path) -> None:
        self.seam = Seam(ProviderName.WHATSAPP)
        self.live = True
        self.spool = Spool(path, on_arrival=self._wake)
        self.intake = Intake(self.spool, self._read, self.seam.emit, self.seam, self.seam.clock)
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.ensure_future(self.intake.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    def bring(self, *keys: str) -> None:
        for key in keys:
            self.spool.put(17, key.encode(), keep=True)

    @property
    def committed(self) -> list[str | None]:
        return [event.dedupe_key for event in self.seam.committed]

    def refuse(self, problem: Callable[[str], Exception | None]) -> None:
        self.seam.refuse = lambda event: problem(event.dedupe_key or "")

    async def _read(self, arrival: Arrival) -> Sequence[Event]:
        if not self.live:
            raise NetworkUnreachable("Not now.", maybe_sent=False)
        instance, key = self.seam.instance, arrival.payload.decode()
        now = self.seam.clock.now()
        return [SessionStarting(instance_id=instance.id, at=now, state=instance.state, dedupe_key=key)]

    def _wake(self) -> None:
        self.intake.wake()


@pytest.fixture
async def flow(tmp_path: Path) -> AsyncIterator[Flow]:
    flow = Flow(tmp_path / "spool")
    yield flow
    await flow.stop()
    flow.spool.release()


async def test_what_an_earlier_run_left_and_what_comes_is_committed_in_order(flow: Flow) -> None:
    keys = [str(number) for number in range(BATCH + 5)]
    flow.bring(*keys[:BATCH])
    flow.start()
    await flow.seam.until(lambda: not len(flow.spool))
    flow.bring(*keys[BATCH:])
    await flow.seam.until(lambda: not len(flow.spool))
    assert flow.committed == keys


async def test_nothing_leaves_the_spool_before_its_commit(flow: Flow) -> None:
    flow.refuse(lambda key: StorageUnavailable("away"))
    flow.bring("a", "b")
    flow.start()
    await flow.seam.clock.sleeping()
    assert len(flow.spool) == 2
    assert "cannot be stored right now" in flow.seam.told()
    flow.refuse(lambda key: None)
    await flow.seam.until(lambda: not len(flow.spool), passing=1)
    assert flow.committed == ["a", "b"]


async def test_only_what_was_not_stored_is_tried_again(flow: Flow) -> None:
    failing = ["b", "d", "d"]

    def problem(key: str) -> Exception | None:
        if key not in failing:
            return None
        failing.remove(key)
        return StorageUnavailable("away")

    flow.refuse(problem)
    flow.bring("a", "b", "c", "d")
    flow.start()
    await flow.seam.until(lambda: not len(flow.spool), passing=1)
    assert [event.dedupe_key for event in flow.seam.asked] == ["a", "b", "c", "d", "b", "d", "d"]
    assert sorted(str(key) for key in flow.committed) == ["a", "b", "c", "d"]


async def test_a_refused_event_is_told_and_holds_up_nothing(flow: Flow) -> None:
    flow.refuse(lambda key: InvalidInput("no", field="x") if key == "b" else None)
    flow.bring("a", "b", "c")
    flow.start()
    await flow.seam.until(lambda: not len(flow.spool))
    assert flow.committed == ["a", "c"]
    assert flow.seam.notes == ["error: An event could not be stored: InvalidInput."]


async def test_what_comes_for_a_deleted_instance_is_dropped_without_a_word(flow: Flow) -> None:
    flow.refuse(lambda key: NotFound("gone"))
    flow.bring("a")
    flow.start()
    await flow.seam.until(lambda: not len(flow.spool))
    assert (flow.committed, flow.seam.notes) == ([], [])


async def test_a_device_out_of_reach_is_waited_for(flow: Flow) -> None:
    flow.live = False
    flow.bring("a", "b")
    flow.start()
    await flow.seam.clock.sleeping()
    assert len(flow.spool) == 2
    flow.live = True
    await flow.seam.until(lambda: not len(flow.spool), passing=1)
    assert flow.committed == ["a", "b"]


async def test_a_stop_in_the_middle_loses_nothing(flow: Flow, tmp_path: Path) -> None:
    flow.refuse(lambda key: StorageUnavailable("away") if key == "b" else None)
    flow.bring("a", "b")
    flow.start()
    await flow.seam.clock.sleeping()
    await flow.stop()
    again = Spool(tmp_path / "spool", on_arrival=lambda: None)
    assert [each.payload for each in again.head(9)] == [b"a", b"b"]
    again.release()
    flow.refuse(lambda key: None)
    flow.start()
    await flow.seam.until(lambda: not len(flow.spool))
    assert flow.committed == ["a", "b"]
