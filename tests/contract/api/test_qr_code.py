"""A QR code that does not come: the one row whose answer takes ten seconds."""

from __future__ import annotations

from tests.served import SHARED, Served
from tests.simulators.telegram import Fault

pytestmark = SHARED


async def test_a_code_that_does_not_come_is_202(served: Served) -> None:
    bot = served.telegram.add_bot(name="slow")
    served.telegram.fault(Fault(delay=60.0, times=100, bot_id=bot.user.id))
    async with served.client() as api:
        made = await api.post("/api/instances", json={"name": "slow", "provider": "telegram", "token": bot.token})
        path = f"/api/instances/{made.json()['id']}"
        asked = await api.get(f"{path}/qr")
        assert (await api.get(f"{path}/status")).json()["status"] == "connecting"
    assert asked.status_code == 202
    assert asked.json() == {
        "message": "QR code generation in progress. Please try again in a few seconds.",
        "status": "generating",
    }
