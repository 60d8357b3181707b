"""How a session's words and endings become states."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.domain.errors import NotConnected
from gateway.domain.events import (
    SessionDisconnected,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    SessionStarting,
)
from gateway.domain.ids import InstanceId
from gateway.domain.instances import LoginCode, SessionState, SessionStateKind
from gateway.providers.contract import LoginExpired, NotLoggedIn, Restricted, SessionContext
from tests.unit.sessions.scripted import START, House, connected_for_ever

A = InstanceId("a")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    made.registry.open()
    yield made
    await made.registry.aclose()


def state_of(house: House) -> SessionState:
    state = house.registry.state(A)
    assert state is not None
    return state


async def test_a_stalled_session_is_told_once_and_takes_no_messages_until_it_is_connected_again(house: House) -> None:
    back = asyncio.Event()

    async def life(context: SessionContext) -> None:
        context.report.connected()
        await context.clock.sleep(10)
        context.report.stalled("Silent for 60 s.")
        context.report.stalled("Silent for 70 s.")
        await back.wait()
        context.report.connected()
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.clock.advance(seconds=20)
    told = [event for event in house.told if isinstance(event, SessionStalled)]
    assert [(event.state.kind, event.state.sentence) for event in told] == [
        (SessionStateKind.STALLED, "Silent for 60 s.")
    ]
    with pytest.raises(NotConnected):
        house.registry.get(A)
    back.set()
    await house.settle()
    assert house.registry.get(A) is house.registry.find(A)


async def test_a_restriction_is_told_with_its_end_and_messages_go_on_flowing(house: House) -> None:
    until = START + timedelta(hours=1)

    async def life(context: SessionContext) -> None:
        context.report.connected()
        await context.clock.sleep(10)
        context.report.restricted("reach_out_lock", "No strangers.", until=until)
        context.report.restricted("reach_out_lock", "No strangers.", until=until)
        await context.clock.sleep(10)
        context.report.restricted("reach_out_lock", "No strangers.", until=until + timedelta(hours=1))
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.clock.advance(seconds=60)
    told = [event.state.until for event in house.told if isinstance(event, SessionRestricted)]
    assert told == [until, until + timedelta(hours=1)]
    assert state_of(house).kind is SessionStateKind.RESTRICTED
    assert house.registry.get(A) is house.registry.find(A)


async def test_a_ban_is_told_with_its_end_and_tried_again_then_not_before(house: House) -> None:
    until = START + timedelta(hours=2)

    async def life(_: SessionContext) -> None:
        raise Restricted("temporary_ban", "Banned.", until=until, retry_after=7205)

    await house.start("a", life, connected_for_ever)
    await house.clock.advance(seconds=7204)
    now = state_of(house)
    assert (now.kind, now.code, now.until) == (SessionStateKind.RESTRICTED, "temporary_ban", until)
    with pytest.raises(NotConnected):
        house.registry.get(A)
    assert house.provider.opened == ["a"]
    await house.clock.advance(seconds=1)
    assert (state_of(house).kind, state_of(house).until) == (SessionStateKind.CONNECTED, None)


async def test_a_login_that_nobody_used_stops_the_session_and_takes_the_code_away(house: House) -> None:
    async def life(context: SessionContext) -> None:
        context.report.login_required(LoginCode(qr_code="2@a"))
        raise LoginExpired("login_expired", "Nobody scanned.")

    await house.start("a", life)
    await house.clock.advance(seconds=3600)
    assert house.provider.opened == ["a"]
    assert (state_of(house).kind, state_of(house).code) == (SessionStateKind.STOPPED, "login_expired")
    assert house.registry.login_code(A) is None
    last = house.told[-1]
    assert isinstance(last, SessionDisconnected)
    assert (last.reason, last.will_reconnect) == ("login_expired", False)


async def test_trouble_before_the_first_login_starts_over_and_is_never_called_reconnecting(house: House) -> None:
    async def life(_: SessionContext) -> None:
        raise NotLoggedIn("unreachable", "WhatsApp is away.", retry_after=5)

    async def shows(context: SessionContext) -> None:
        context.report.login_required(LoginCode(qr_code="2@a"))
        await asyncio.Event().wait()

    await house.start("a", life, shows)
    await house.clock.advance(seconds=4)
    assert (state_of(house).kind, state_of(house).code) == (SessionStateKind.STARTING, "unreachable")
    await house.clock.advance(seconds=30)
    assert house.states("a") == ["starting", "starting", "login_required"]
    assert [event.state.code for event in house.told if isinstance(event, SessionStarting)] == [
        "starting",
        "unreachable",
    ]


async def test_each_new_code_is_told_with_its_end_and_the_same_one_once(house: House) -> None:
    first = LoginCode(qr_code="2@a", expires_at=START + timedelta(seconds=60))
    second = LoginCode(pairing_code="ABCD-EFGH", expires_at=START + timedelta(seconds=160))

    async def life(context: SessionContext) -> None:
        context.report.login_required(first)
        context.report.login_required(first)
        await context.clock.sleep(30)
        context.report.login_required(second)
        await asyncio.Event().wait()

    await house.start("a", life)
    await house.clock.advance(seconds=60)
    told = [event for event in house.told if isinstance(event, SessionLoginRequired)]
    assert [(event.qr_code, event.pairing_code, event.expires_at) for event in told] == [
        (first.qr_code, None, first.expires_at),
        (None, second.pairing_code, second.expires_at),
    ]
    assert house.registry.login_code(A) == second
