"""Linking a device through a child process: codes, their ends, and what a child that misbehaves does to a session."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import NetworkRefused, NetworkUnreachable
from gateway.domain.instances import LoginCode, ProviderName
from gateway.providers.contract import BadCredentials, Interrupted, LoginExpired
from gateway.providers.whatsapp.login import CODES, FIRST_CODE, NEXT_CODE, Login
from gateway.providers.whatsapp.pairing.desk import ABANDONED_AT_MOST, AT_ONCE, PairingDesk
from gateway.providers.whatsapp.pairing.protocol import Failed, Scan
from tests.conftest import Until
from tests.seam import Seam

CHILD = Path(__file__).with_name("pairing_child.py")
SPOOL = Path("spool")
GOOD, REFUSED, DEADLY = "491511111111", "491522222222", "491533333333"


class Office:
    """A desk with the scripted child, and what the child was told."""

    def __init__(self, heard: Path, *, idle_seconds: float = 3600) -> None:
        heard.touch()
        self.heard = heard
        self.seam = Seam(ProviderName.WHATSAPP)
        self.desk = PairingDesk((sys.executable, str(CHILD), str(heard)), idle_seconds=idle_seconds)

    async def log_in(self, store: str, *, phone: str | None = None) -> None:
        await self.link(store, Login(self.seam, self.seam.clock, phone=phone))

    async def link(self, store: str, login: Login) -> None:
        async with self.desk.pairing(
            store_name=store, device_name="Gateway", spool=SPOOL, history=False, proxy=None
        ) as pairing:
            await login.run(pairing)

    def told(self, what: str) -> int:
        return self.heard.read_text().count(f'"say":"{what}"')

    @property
    def children(self) -> list[int]:
        return list(dict.fromkeys(int(line.split()[0]) for line in self.heard.read_text().splitlines()))

    def is_gone(self, child: int) -> bool:
        return not Path(f"/proc/{child}").exists()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path / "heard")
    yield made
    await made.desk.aclose()


async def test_each_code_is_shown_with_its_end_until_a_phone_scanned_one(office: Office) -> None:
    now = office.seam.clock.now()
    await office.log_in("links")
    assert office.seam.logins == [
        LoginCode(qr_code="one", expires_at=now + timedelta(seconds=FIRST_CODE)),
        LoginCode(qr_code="two", expires_at=now + timedelta(seconds=NEXT_CODE)),
    ]
    assert office.told("give_up") == 0


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        ("timeout", LoginExpired, "login_expired"),
        ("err-client-outdated", BadCredentials, "client_outdated"),
        ("passkey-required", BadCredentials, "passkey_required"),
        ("err-unexpected-state", Interrupted, "pairing_failed"),
        ("something-new", Interrupted, "pairing_failed"),
    ],
)
async def test_each_ending_says_what_to_do(office: Office, reason: str, kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as end:
        await office.log_in(reason)
    assert getattr(end.value, "code", None) == code


@pytest.mark.parametrize("store", ["dies", "babbles"])
async def test_a_child_that_breaks_interrupts_and_the_next_login_gets_another(office: Office, store: str) -> None:
    with pytest.raises(Interrupted, match="pairing-process-ended"):
        await office.log_in(store)
    await office.log_in("links")
    assert len(office.children) == 2


async def test_a_pairing_code_follows_the_first_qr_code_and_is_good_until_the_last_would_end(office: Office) -> None:
    now = office.seam.clock.now()
    await office.log_in("links once asked for a code", phone=GOOD)
    ends = now + timedelta(seconds=FIRST_CODE + (CODES - 1) * NEXT_CODE)
    first = LoginCode(qr_code="one", expires_at=now + timedelta(seconds=FIRST_CODE))
    assert office.seam.logins == [first, LoginCode(pairing_code="ABCD-EFGH", expires_at=ends)]


async def test_a_configured_phone_that_gets_no_code_is_told_and_the_qr_code_shown(office: Office) -> None:
    await office.log_in("links once asked for a code", phone=REFUSED)
    assert [login.text for login in office.seam.logins] == ["one", "two"]
    assert office.seam.notes == ["warning: No pairing code: WhatsApp gave no pairing code: too many"]


async def test_a_pairing_code_can_be_asked_for_while_the_qr_code_is_shown(office: Office) -> None:
    login = Login(office.seam, office.seam.clock, phone=None)
    running = asyncio.ensure_future(office.link("shows", login))
    with pytest.raises(NetworkRefused, match="too many"):
        await login.pairing_code(REFUSED)
    assert (await login.pairing_code(GOOD)).pairing_code == "ABCD-EFGH"
    assert [shown.text for shown in office.seam.logins] == ["one", "ABCD-EFGH"]
    running.cancel()
    await asyncio.wait([running])


async def test_a_code_that_was_asked_for_when_the_child_died_is_not_waited_for(office: Office) -> None:
    login = Login(office.seam, office.seam.clock, phone=None)
    running = asyncio.ensure_future(office.link("shows", login))
    with pytest.raises(NetworkUnreachable, match="ended"):
        await login.pairing_code(DEADLY)
    with pytest.raises(Interrupted):
        await running


async def test_a_child_that_has_ended_is_asked_for_nothing(office: Office, until: Until) -> None:
    async with office.desk.pairing(
        store_name="shows", device_name="Gateway", spool=SPOOL, history=False, proxy=None
    ) as pairing:
        assert isinstance(await pairing.next(), Scan)
        [child] = office.children
        os.kill(child, signal.SIGKILL)
        await until(lambda: office.is_gone(child))
        with pytest.raises(NetworkUnreachable, match="ended"):
            await pairing.give_code(GOOD)
        assert isinstance(await pairing.next(), Failed)
        with pytest.raises(NetworkUnreachable, match="ended"):
            await pairing.give_code(GOOD)


async def test_a_login_that_is_stopped_is_given_up_at_the_child(office: Office, until: Until) -> None:
    running = asyncio.ensure_future(office.log_in("shows"))
    await until(lambda: office.seam.logins)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await until(lambda: office.told("give_up") == 1)


async def test_pairings_share_one_child_and_hear_only_their_own(office: Office, until: Until) -> None:
    waiting = asyncio.ensure_future(office.log_in("shows"))
    await until(lambda: office.seam.logins)
    await office.log_in("links")
    assert len(office.children) == 1
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_an_idle_child_is_ended(tmp_path: Path, until: Until) -> None:
    office = Office(tmp_path / "heard", idle_seconds=0.01)
    await office.log_in("links")
    await until(lambda: office.is_gone(office.children[0]))
    await office.log_in("links")
    await office.desk.aclose()
    assert len(office.children) == 2


async def test_closing_ends_the_child(office: Office) -> None:
    await office.log_in("links")
    await office.desk.aclose()
    assert office.is_gone(office.children[0])


async def test_a_child_with_too_many_abandoned_pairings_is_retired(office: Office, until: Until) -> None:
    for _ in range(ABANDONED_AT_MOST):
        async with office.desk.pairing(
            store_name="shows", device_name="Gateway", spool=SPOOL, history=False, proxy=None
        ) as pairing:
            assert isinstance(await pairing.next(), Scan)
    await until(lambda: office.is_gone(office.children[0]))
    await office.log_in("links")
    assert len(office.children) == 2


async def test_a_retired_child_lives_on_for_whoever_is_pairing_and_is_still_told_what_is_given_up(
    office: Office, until: Until
) -> None:
    async with office.desk.pairing(
        store_name="shows", device_name="Gateway", spool=SPOOL, history=False, proxy=None
    ) as first:
        for _ in range(ABANDONED_AT_MOST):
            async with office.desk.pairing(
                store_name="x", device_name="Gateway", spool=SPOOL, history=False, proxy=None
            ) as pairing:
                assert isinstance(await pairing.next(), Failed)
        await office.log_in("links")
        assert len(office.children) == 2
        assert isinstance(await first.next(), Scan)
        assert not first.over
    await until(lambda: office.told("give_up") == 1)
    await until(lambda: office.is_gone(office.children[0]))


async def test_only_so_many_pair_at_the_same_time(office: Office, until: Until) -> None:
    logins = [asyncio.ensure_future(office.log_in("shows")) for _ in range(AT_ONCE + 1)]
    await until(lambda: office.told("pair") == AT_ONCE)
    logins[0].cancel()
    await until(lambda: office.told("pair") == AT_ONCE + 1)
    assert office.told("give_up") == 1
    for login in logins:
        login.cancel()
    await asyncio.wait(logins)
