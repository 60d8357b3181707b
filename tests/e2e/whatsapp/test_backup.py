"""A linked device comes out of a backup that was made while it was connected, and needs no new scan."""

from __future__ import annotations

import pytest

from tests.e2e.whatsapp.test_moving import PASSPHRASE
from tests.e2e.whatsapp.town import ANN, Line, Town, until
from tests.process import GatewayProcess
from tests.simulators.whatsapp.remote import environment

pytestmark = pytest.mark.slow


async def test_a_linked_device_goes_on_out_of_a_backup_made_beside_it(place: Town, line: Line) -> None:
    old = place.gateway
    await line.send(ANN, "before the backup")
    await place.whatsapp.write_text(ANN, line.phone, "heard before")
    await line.heard(1)
    status, out = await old.command("db", "backup", "night.backup", **PASSPHRASE)
    assert status == 0, out
    assert "1 linked devices" in out
    file = old.folder / "night.backup"
    assert b"whatsmeow" not in file.read_bytes()
    await old.kill()

    folder = place.folder / "restored"
    folder.mkdir()
    kept = {"ENCRYPTION_KEYS": (old.folder / "data" / "encryption_keys").read_text().strip()}
    new = GatewayProcess(folder, f"sqlite:///{folder / 'gateway.db'}", **(environment(place.whatsapp) | kept))
    status, out = await new.command("db", "restore", str(file), **PASSPHRASE)
    assert status == 0, out
    await new.start()
    try:
        async with new.client() as api:
            again = Line(api, place.whatsapp, place.receiver, line.id, line.phone, line.hook)
            await until("the restored device is connected", again.is_connected)
            await again.send(ANN, "out of the backup")
            await place.whatsapp.write_text(ANN, line.phone, "welcome back")
            told = await again.heard(2)
            assert [each["body"] for each in told] == ["heard before", "welcome back"]
        assert [each.text for each in await line.seen_by(ANN, 2)] == ["before the backup", "out of the backup"]
        assert len(await place.whatsapp.devices(line.phone)) == 1
        assert await place.problems() == []
    finally:
        await new.stop()
