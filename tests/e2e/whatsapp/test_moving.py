"""A linked device moves from one gateway to another without a new scan, and has one owner at any time."""

from __future__ import annotations

import pytest

from tests.e2e.whatsapp.town import ANN, Line, Town, until
from tests.process import ADMIN_EMAIL

pytestmark = pytest.mark.slow

PASSPHRASE = {"GATEWAY_EXPORT_PASSPHRASE": "nobody else knows this sentence"}


async def test_an_exported_device_goes_on_elsewhere_and_stays_stopped_where_it_was(place: Town, line: Line) -> None:
    await line.send(ANN, "from the old house")
    old = place.gateway
    status, out = await old.command("instance", "export", line.id, "--to", "moving.box", **PASSPHRASE)
    assert status != 0, out
    assert "running" in out

    await old.stop()
    status, out = await old.command("instance", "export", line.id, "--to", "moving.box", **PASSPHRASE)
    assert status == 0, out
    box = old.folder / "moving.box"
    assert box.stat().st_mode & 0o077 == 0
    assert b"device" not in box.read_bytes()

    new = await place.open_gateway()
    await new.stop()
    status, out = await new.command("instance", "import", str(box), "--user", ADMIN_EMAIL, **PASSPHRASE)
    assert status == 0, out
    await new.start()
    async with new.client() as api:
        moved = Line(api, place.whatsapp, place.receiver, line.id, line.phone, line.hook)
        await until("the device is connected in its new house", moved.is_connected)
        await moved.send(ANN, "from the new house")
        await place.whatsapp.write_text(ANN, line.phone, "found you")
        told = await line.heard(1)
        assert told[-1]["body"] == "found you"
    assert [each.text for each in await line.seen_by(ANN, 2)] == ["from the old house", "from the new house"]

    await old.start()
    async with old.client() as api:
        left = Line(api, place.whatsapp, place.receiver, line.id, line.phone, line.hook)
        assert (await left.get())["stateCode"] == "exported"
        refused = await api.post(f"/api/instances/{line.id}/reconnect")
        assert refused.status_code == 409, refused.text
    assert len(await place.whatsapp.devices(line.phone)) == 1
    assert await place.problems() == []
