"""A phone and an instance find each other, by QR code or pairing code, and part again."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from tests.e2e.whatsapp.town import ANN, BEN, OWN, Line, Town, until
from tests.process import GatewayProcess

pytestmark = pytest.mark.slow


async def test_a_qr_code_is_shown_in_every_form_and_only_who_saw_it_can_link(place: Town) -> None:
    line = await place.open_line(link=False)
    told = (await line.heard(1, "qr_received"))[0]
    code = await line.qr_code()
    assert told["qrCode"] == code
    assert told["expiresAt"]
    state = await line.state()
    assert (state["status"], state["stateCode"], state["hasQr"]) == ("qr_received", "login_required", True)

    shown = await line.get("/qr")
    assert shown == {"qrCode": code}
    pictured = await line.get("/qr", format="dataurl")
    assert base64.b64decode(pictured["dataUrl"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert pictured["expiresAt"] == told["expiresAt"]
    assert (await line.get("/qr", format="png")).startswith(b"\x89PNG")
    assert (await line.get("/qr", format="svg")).startswith(b"<")

    await place.whatsapp.scan(code, OWN, forged=True)
    await until("the forgery is refused", lambda: _refused(place))
    assert await place.whatsapp.devices(OWN) == []
    assert not await line.is_connected()

    await until("another code is shown", lambda: _differs(line, code))
    await line.link()
    assert len(await place.whatsapp.devices(OWN)) == 1
    assert (await line.get("/qr", 404))["error"]
    never_reconnecting(line)


async def _refused(place: Town) -> bool:
    return bool((await place.whatsapp.stats()).get("pairing refused by the device"))


def never_reconnecting(*lines: Line) -> None:
    """A login is no loss of a connection: nothing was told to be closed."""
    assert [each.told("connection_closed") for each in lines] == [[] for _ in lines]


async def _differs(line: Line, code: str) -> bool:
    return await line.qr_code() != code


async def test_a_pairing_code_links_without_a_camera(place: Town) -> None:
    line = await place.open_line(link=False)
    assert (await line.post("/pairing-code", {"phoneNumber": "12"}, 400))["error"]
    answer = await line.post("/pairing-code", {"phoneNumber": f"+{OWN}"})
    assert answer["expiresAt"]
    await until("the code is told", lambda: _told_code(line) == answer["pairingCode"])
    await place.whatsapp.enter_code(OWN, answer["pairingCode"])
    await until("the instance is connected", line.is_connected)
    assert len(await place.whatsapp.devices(OWN)) == 1
    assert (await line.post("/pairing-code", {"phoneNumber": OWN}, 409))["error"]

    configured = await place.open_line(ANN, link=False, phoneNumber=ANN)
    await until("the code for the configured number is told", lambda: bool(_told_code(configured)))
    await place.whatsapp.enter_code(ANN, _told_code(configured))
    await until("the second instance is connected", configured.is_connected)
    never_reconnecting(line, configured)
    assert await place.problems() == []


def _told_code(line: Line) -> str:
    return next((str(each["pairingCode"]) for each in line.told("qr_received") if "pairingCode" in each), "")


async def test_instances_link_at_the_same_time_and_each_to_its_own_phone(place: Town) -> None:
    lines = [await place.open_line(phone, link=False) for phone in (OWN, ANN, BEN)]
    await asyncio.gather(*(line.link() for line in lines))
    for line in lines:
        assert len(await place.whatsapp.devices(line.phone)) == 1
    sent = await lines[0].send(ANN, "From one to the other")
    (heard,) = await lines[1].heard(1)
    assert (heard["messageId"], heard["fromPn"]) == (sent["id"], f"{OWN}@s.whatsapp.net")
    never_reconnecting(*lines)


async def test_an_unlinked_instance_says_why_it_cannot_be_linked_and_never_that_it_reconnects(place: Town) -> None:
    await place.whatsapp.fault("refuse_connect", times=None)
    line = await place.open_line(link=False)
    await until("it is told that WhatsApp is out of reach", lambda: _is_in(line, "unreachable"))
    assert (await line.state())["status"] == "connecting"
    await place.whatsapp.clear_faults()
    await line.qr_code()

    await place.whatsapp.demand_passkey(await line.qr_code())
    await until("a passkey is demanded", lambda: _is_in(line, "passkey_required"))
    state = await line.state()
    assert state["status"] == "error"
    assert "passkey" in state["stateMessage"]
    assert [each["reason"] for each in await line.heard(1, "connection_closed")] == ["passkey_required"]

    await place.whatsapp.fault("refuse_login", code=405)
    await line.post("/reconnect")
    await until("the library is too old", lambda: _is_in(line, "client_outdated"))
    assert (await line.state())["status"] == "error"
    closed = await line.heard(2, "connection_closed")
    assert [each["reason"] for each in closed] == ["passkey_required", "client_outdated"]

    await line.post("/reconnect")
    await line.link()


async def test_pairings_that_nobody_finishes_leave_nothing_in_the_gateway(place: Town) -> None:
    gateway = place.gateway
    first = await place.open_line(link=False)
    await first.qr_code()
    await first.ask("DELETE", "")
    before = _threads(gateway), _descriptors(gateway)
    for _ in range(4):
        line = await place.open_line(link=False)
        await line.qr_code()
        assert _folder(gateway, line).exists()
        await line.ask("DELETE", "")
        assert not _folder(gateway, line).exists()
    await until("no thread is left", lambda: _threads(gateway) <= before[0])
    await until("no descriptor is left", lambda: _descriptors(gateway) <= before[1])


async def test_a_logout_by_either_side_removes_the_keys_and_a_new_code_links_again(place: Town, line: Line) -> None:
    folder = _folder(place.gateway, line)
    files = list(folder.iterdir())
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700

    await line.post("/logout")
    await until("it is logged out", lambda: _is_in(line, "logged_out"))
    assert (await line.state())["status"] == "logged_out"
    assert await place.whatsapp.devices(OWN) == []
    assert not folder.exists()
    await line.link()

    await place.whatsapp.logout_device(OWN)
    await until("the phone logged it out", lambda: _is_in(line, "logged_out"))
    await until("the keys are gone", lambda: not folder.exists())
    closed = await line.heard(2, "connection_closed")
    assert [(each["reason"], each["willReconnect"]) for each in closed] == [("logged_out", False)] * 2
    assert (await line.send(ANN, "too late", status=500))["code"] == "not_connected"
    await line.link()
    await line.send(ANN, "Here again")
    await line.seen_by(ANN, 1)

    await line.ask("DELETE", "")
    assert not folder.exists()


def _folder(gateway: GatewayProcess, line: Line) -> Path:
    return gateway.folder / "data" / "whatsapp" / line.id


def _threads(gateway: GatewayProcess) -> int:
    assert gateway.process is not None
    return len(list(Path(f"/proc/{gateway.process.pid}/task").iterdir()))


def _descriptors(gateway: GatewayProcess) -> int:
    assert gateway.process is not None
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


async def _is_in(line: Line, code: str) -> bool:
    return bool((await line.state())["stateCode"] == code)
