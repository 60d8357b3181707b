"""Sessions are kept alive, told truly, and kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.domain.errors import NotConnected, StorageUnavailable
from gateway.domain.events import SessionDisconnected, SessionLoginRequired
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Credentials, LoginCode, SessionStateKind
from gateway.providers.contract import BadCredentials, Interrupted, LoggedOut, SessionContext
from gateway.sessions.registry import AT_ONCE
from tests.unit.sessions.scripted import House, an_instance, connected_for_ever

A = InstanceId("a")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    made.registry.open()
    yield made
    await made.registry.aclose()


async def test_a_session_is_connected_only_when_it_says_so(house: House) -> None:
    proof = asyncio.Event()

    async def life(context: SessionContext) -> None:
        await proof.wait()
        context.report.connected()
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.settle()
    with pytest.raises(NotConnected, match="not ready"):
        house.registry.get(A)
    proof.set()
    await house.settle()
    assert house.registry.get(A) is house.registry.find(A)
    assert house.states("a") == ["starting", "connected"]


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        (LoggedOut("unlinked", "The phone ended it."), SessionStateKind.LOGGED_OUT),
        (BadCredentials("bad_token", "The token is wrong."), SessionStateKind.FAILED),
    ],
)
async def test_a_final_ending_is_not_tried_again(house: House, ending: Exception, state: SessionStateKind) -> None:
    async def life(_: SessionContext) -> None:
        raise ending

    await house.start("a", life)
    await house.clock.advance(seconds=3600)
    assert house.provider.opened == ["a"]
    now = house.registry.state(A)
    assert now is not None
    assert (now.kind, now.code, now.sentence) == (state, ending.code, str(ending))  # type: ignore[attr-defined]  # both have one
    last = house.told[-1]
    assert isinstance(last, SessionDisconnected)
    assert not last.will_reconnect


async def test_an_interruption_is_tried_again_after_the_pause_it_asks_for(house: House) -> None:
    async def life(_: SessionContext) -> None:
        raise Interrupted("flood", "Too fast.", retry_after=40)

    await house.start("a", life, connected_for_ever)
    await house.clock.advance(seconds=39)
    assert house.provider.opened == ["a"]
    await house.clock.advance(seconds=1)
    assert house.states("a") == ["starting", "reconnecting", "connected"]
    lost = house.told[1]
    assert isinstance(lost, SessionDisconnected)
    assert (lost.reason, lost.will_reconnect) == ("flood", True)


async def test_pauses_grow_while_it_keeps_failing_and_start_over_once_it_held(house: House) -> None:
    async def fails(_: SessionContext) -> None:
        raise Interrupted("down", "Down.")

    async def holds_then_fails(context: SessionContext) -> None:
        context.report.connected()
        await context.clock.sleep(120)
        raise Interrupted("down", "Down.")

    await house.start("a", *[fails] * 6, holds_then_fails, connected_for_ever)
    await house.clock.advance(seconds=1 + 2 + 4 + 8 + 16 + 32 + 32)
    assert len(house.provider.opened) == 7
    await house.clock.advance(seconds=120 + 2)
    assert len(house.provider.opened) == 8
    assert house.registry.state(A).kind is SessionStateKind.CONNECTED  # type: ignore[union-attr]  # it runs


async def test_a_bug_in_one_session_is_told_and_never_reaches_another(house: House) -> None:
    async def broken(_: SessionContext) -> None:
        raise ZeroDivisionError

    await house.start("a", broken)
    await house.start("b")
    await house.clock.advance(seconds=600)
    state = house.registry.state(A)
    assert state is not None
    assert (state.kind, state.code) == (SessionStateKind.RECONNECTING, "session_error")
    assert "ZeroDivisionError" in state.sentence
    assert house.states("b") == ["starting", "connected"]


async def test_stopping_cancels_the_session_and_says_so(house: House) -> None:
    ended = asyncio.Event()

    async def life(context: SessionContext) -> None:
        context.report.connected()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await house.start("a", life)
    await house.settle()
    await house.registry.stop(A)
    await house.settle()
    assert ended.is_set()
    assert house.states("a") == ["starting", "connected", "stopped"]
    with pytest.raises(NotConnected):
        house.registry.get(A)


async def test_starting_again_replaces_the_session_that_runs(house: House) -> None:
    await house.start("a")
    await house.settle()
    first = house.registry.find(A)
    await house.start("a")
    await house.settle()
    assert house.registry.find(A) is not first
    assert house.provider.opened == ["a", "a"]


async def test_a_flapping_session_tells_its_last_state_and_does_not_flood(house: House) -> None:
    async def flaps(context: SessionContext) -> None:
        for _ in range(240):
            context.report.connected()
            await context.clock.sleep(0.25)
            context.report.trouble("lost", "Lost.")
            await context.clock.sleep(0.25)
        context.report.connected()
        await asyncio.Event().wait()

    await house.start("a", flaps)
    await house.clock.advance(seconds=125)
    assert len(house.states("a")) <= 6 + 125 // 5 + 1
    assert house.states("a")[-1] == "connected"


async def test_a_state_that_could_not_be_stored_is_told_again_in_order(house: House) -> None:
    house.refusals = [StorageUnavailable("away"), StorageUnavailable("away")]
    await house.start("a")
    await house.settle()
    assert house.states("a") == []
    await house.clock.advance(seconds=3)
    assert house.states("a") == ["starting", "connected"]


async def test_a_qr_code_is_told_once_and_gone_when_connected(house: House) -> None:
    scanned = asyncio.Event()

    async def life(context: SessionContext) -> None:
        context.report.login_required(LoginCode(qr_code="2@abc"))
        context.report.login_required(LoginCode(qr_code="2@abc"))
        await scanned.wait()
        context.report.connected()
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.settle()
    assert [event.qr_code for event in house.told if isinstance(event, SessionLoginRequired)] == ["2@abc"]
    assert house.registry.login_code(A) == LoginCode(qr_code="2@abc")
    scanned.set()
    await house.settle()
    assert house.registry.login_code(A) is None


async def test_a_restart_brings_sessions_back_a_few_at_a_time(house: House) -> None:
    opening = 0
    most = 0
    door = asyncio.Event()

    async def slow(context: SessionContext) -> None:
        nonlocal opening, most
        opening += 1
        most = max(most, opening)
        await door.wait()
        opening -= 1
        context.report.connected()
        await asyncio.Event().wait()

    names = [f"i{number}" for number in range(AT_ONCE * 3)]
    for name in names:
        house.provider.lives[name] = [slow]
    restoring = asyncio.create_task(house.registry.restore([(an_instance(name), Credentials()) for name in names]))
    await house.settle()
    assert most == AT_ONCE
    door.set()
    await restoring
    await house.settle()
    assert house.registry.count_by_state()[SessionStateKind.CONNECTED] == len(names)
    assert most <= AT_ONCE


async def test_closing_ends_everything_quietly(house: House) -> None:
    await house.start("a")
    await house.settle()
    told = len(house.told)
    await house.registry.aclose()
    assert house.provider.closed
    assert len(house.told) == told


async def test_nothing_is_started_once_everything_ends(house: House) -> None:
    await house.registry.aclose()
    await house.start("a", connected_for_ever)
    await house.settle()
    assert house.provider.opened == []
    assert house.registry.state(A) is None


async def test_the_journal_remembers_states_and_masks_secrets(house: House) -> None:
    token = "123456789:" + "A" * 35

    async def life(context: SessionContext) -> None:
        context.report.note(f"asked https://api.example/bot{token}/getMe")
        context.report.connected()
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.settle()
    lines = list(house.registry.journal(A))
    assert [line.state.value for line in lines if line.state] == ["starting", "connected"]
    assert not any(token in line.text for line in lines)
    assert any("getMe" in line.text for line in lines)


async def test_a_deleted_instance_tells_nothing_more(house: House) -> None:
    await house.start("a")
    await house.settle()
    await house.registry.forget(A)
    await house.settle()
    assert house.registry.state(A) is None
    assert len(house.registry.journal(A)) == 0
