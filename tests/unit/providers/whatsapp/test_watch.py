"""A session is connected when traffic proves it, and opened anew when nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.domain.errors import NetworkUnreachable
from gateway.domain.instances import ProviderName
from gateway.providers.contract import Interrupted
from gateway.providers.whatsapp.watch import GIVE_UP_AFTER, LOCK_QUIET, SECOND_CHANCE, Watch
from tests.seam import Seam

SILENCE = 60.0


class Pulse:
    """A watch over a network that a test lets answer or not."""

    def __init__(self) -> None:
        self.seam = Seam(ProviderName.WHATSAPP)
        self.clock = self.seam.clock
        self.problem: Exception | None = None
        self.probes = 0
        self.watch = Watch(self.seam, self.clock, self._probe, silence=SILENCE)
        self.task = asyncio.ensure_future(self.watch.run())

    async def pass_(self, seconds: float) -> None:
        await self.clock.advance(seconds=seconds)

    async def ending(self) -> Interrupted:
        with pytest.raises(Interrupted) as end:
            await self.task
        return end.value

    async def _probe(self) -> None:
        self.probes += 1
        if self.problem is not None:
            raise self.problem


@pytest.fixture
async def pulse() -> AsyncIterator[Pulse]:
    made = Pulse()
    yield made
    made.task.cancel()
    await asyncio.wait([made.task])


NO_ANSWER = NetworkUnreachable("No answer.", maybe_sent=False)


async def test_traffic_is_proof_enough(pulse: Pulse) -> None:
    pulse.watch.connected()
    for _ in range(20):
        await pulse.pass_(30)
        pulse.watch.heard()
    assert pulse.probes == 0
    assert pulse.seam.codes == ["connected"]


async def test_a_quiet_session_is_asked_and_stays_connected(pulse: Pulse) -> None:
    pulse.watch.connected()
    await pulse.pass_(600)
    assert pulse.probes > 3
    assert pulse.seam.codes == ["connected"]


async def test_a_refusal_is_an_answer_too(pulse: Pulse) -> None:
    pulse.problem = RuntimeError("429")
    pulse.watch.connected()
    await pulse.pass_(200)
    assert pulse.seam.codes == ["connected"]
    assert "info: The probe was refused: RuntimeError." in pulse.seam.notes


async def test_a_session_that_does_not_answer_is_stalled_then_opened_anew_at_once(pulse: Pulse) -> None:
    pulse.problem = NO_ANSWER
    pulse.watch.connected()
    await pulse.pass_(SILENCE)
    assert pulse.seam.state == "stalled"
    await pulse.pass_(SECOND_CHANCE)
    end = await pulse.ending()
    assert (end.code, end.retry_after) == ("stalled", 0)


async def test_the_second_chance_brings_it_back(pulse: Pulse) -> None:
    pulse.problem = NO_ANSWER
    pulse.watch.connected()
    await pulse.pass_(SILENCE)
    pulse.problem = None
    await pulse.pass_(SECOND_CHANCE)
    assert pulse.seam.codes == ["connected", "stalled", "connected"]
    assert not pulse.task.done()


async def test_a_missed_ping_is_told_and_lifted(pulse: Pulse) -> None:
    pulse.watch.connected()
    pulse.watch.silent()
    pulse.watch.connected()
    assert pulse.seam.codes == ["connected", "stalled", "connected"]


async def test_a_lost_connection_is_waited_for_and_not_probed(pulse: Pulse) -> None:
    pulse.watch.connected()
    pulse.watch.lost("disconnected", "Gone.")
    pulse.watch.silent()
    await pulse.pass_(GIVE_UP_AFTER - 10)
    pulse.watch.connected()
    await pulse.pass_(30)
    assert pulse.seam.codes == ["connected", "disconnected", "connected"]
    assert pulse.probes == 0


async def test_a_connection_that_does_not_come_back_is_given_up(pulse: Pulse) -> None:
    pulse.watch.connected()
    pulse.watch.lost("disconnected", "Gone.")
    await pulse.pass_(GIVE_UP_AFTER / 2)
    pulse.watch.lost("disconnected", "Gone.")  # a failed dial does not start the count over
    await pulse.pass_(GIVE_UP_AFTER / 2 + SILENCE)
    assert (await pulse.ending()).code == "disconnected"


async def test_the_time_before_it_ran_is_no_outage() -> None:
    seam = Seam(ProviderName.WHATSAPP)
    watch = Watch(seam, seam.clock, seam.clock.now, silence=SILENCE)  # type: ignore[arg-type]  # never asked here
    await seam.clock.advance(seconds=GIVE_UP_AFTER * 2)
    running = asyncio.ensure_future(watch.run())
    await seam.clock.advance(seconds=SILENCE)
    assert not running.done()
    running.cancel()


async def test_a_connection_lost_during_the_probe_is_not_called_stalled(pulse: Pulse) -> None:
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def probe() -> None:
        await answer

    seam = Seam(ProviderName.WHATSAPP)
    watch = Watch(seam, seam.clock, probe, silence=SILENCE)
    running = asyncio.ensure_future(watch.run())
    watch.connected()
    await seam.clock.advance(seconds=SILENCE)
    watch.lost("disconnected", "Gone.")
    answer.set_exception(NO_ANSWER)
    await seam.clock.advance(seconds=SECOND_CHANCE)
    assert seam.codes == ["connected", "disconnected"]
    assert not running.done()
    running.cancel()


async def test_a_reach_out_lock_is_told_outlives_a_reconnect_and_ends_after_a_quiet_hour(pulse: Pulse) -> None:
    pulse.watch.connected()
    pulse.watch.locked()
    pulse.watch.lost("disconnected", "Gone.")
    pulse.watch.connected()
    assert pulse.seam.codes == ["connected", "reach_out_lock", "disconnected", "reach_out_lock"]
    await pulse.pass_(LOCK_QUIET - SILENCE)
    pulse.watch.locked()
    await pulse.pass_(LOCK_QUIET - SILENCE)
    assert pulse.seam.state == "reach_out_lock"
    await pulse.pass_(3 * SILENCE)
    assert pulse.seam.state == "connected"
