"""A phone and an instance find each other, by QR code or pairing code, and part again."""

from __future__ import annotations

import base64

import pytest

from tests.e2e.whatsapp.town import OWN, Line, Town, until

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
    await never_reconnecting(line)


async def _refused(place: Town) -> bool:
    return bool((await place.whatsapp.stats()).get("pairing refused by the device"))


async def never_reconnecting(line: Line) -> None:
    """A login is no loss of a connection: nothing was told to be closed."""
    assert line.deliveries("connection_closed") == []


async def _differs(line: Line, code: str) -> bool:
    return await line.qr_code() != code
