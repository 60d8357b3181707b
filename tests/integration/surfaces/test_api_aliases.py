"""Older paths to the same things: the simple routes, the history of a chat, the socket check."""

from __future__ import annotations

from tests.conftest import Until
from tests.e2e.shop import Shop, answer
from tests.served import SHARED
from tests.simulators.telegram import Fault

pytestmark = SHARED


async def test_the_simple_routes_are_the_same_instance(shop: Shop, until: Until) -> None:
    path = f"/api/whatsapp-simple/{shop.id}"
    status = await answer(shop.api.get(f"{path}/status"))
    assert {"ready": True, "status": "connected", "hasQr": False}.items() <= status.items()
    started = await answer(shop.api.post(f"{path}/init"))
    assert started["success"] is True
    assert started["message"] == f"Instance {shop.id} initialized"
    assert started["status"]["ready"] is True
    assert (await answer(shop.api.get(f"{path}/qr"), 404))["error"] == "QR code not available"

    sent = await answer(shop.api.post(f"{path}/send", json={"phone": shop.chat, "message": "simply"}))
    assert sent["id"]
    assert shop.said == ["simply"]
    await until(lambda: len(shop.deliveries("message_sent")) == 1)
    assert [each["content"] for each in await shop.messages()] == ["simply"]
    refused = await answer(shop.api.post(f"{path}/send", json={"phone": shop.chat}), 400)
    assert refused["error"] == "Phone and message are required"

    assert await answer(shop.api.post(f"{path}/logout")) == {"success": True}
    assert await answer(shop.api.post(f"{path}/logout")) == {"success": True}
    waiting = await answer(shop.api.post(f"{path}/send", json={"phone": shop.chat, "message": "too late"}), 400)
    assert waiting["error"] == "Instance not ready"
    assert waiting["message"] == "Please initialize the instance and scan the QR code first"
    assert waiting["status"]["ready"] is False
    assert shop.said == ["simply"]
    await answer(shop.api.post(f"{path}/init"))
    await until(lambda: shop.is_in("connected"))


async def test_the_history_of_a_chat_is_its_messages(shop: Shop) -> None:
    await shop.send("hello")
    history = await answer(shop.api.get(f"/api/instances/{shop.id}/chats/{shop.chat}/history"))
    assert history == await answer(shop.api.get(f"/api/instances/{shop.id}/chats/{shop.chat}/messages"))
    assert [each["content"] for each in history["messages"]] == ["hello"]


async def test_a_socket_check_asks_the_network_and_believes_no_state(shop: Shop, until: Until) -> None:
    for path in (f"/api/instances/{shop.id}/socket", f"/api/whatsapp/{shop.id}/socket"):
        alive = await answer(shop.api.get(path))
        assert (alive["alive"], alive["state"]) == (True, "connected")
        assert isinstance(alive["latency"], int)
    shop.telegram.fault(Fault(method="getMe", delay=60.0))
    dead = await answer(shop.api.get(f"/api/instances/{shop.id}/socket"))
    assert (dead["alive"], dead["reason"]) == (False, "ping_failed")
    assert dead["error"]
    await answer(shop.api.post(f"/api/instances/{shop.id}/stop"))
    gone = await answer(shop.api.get(f"/api/instances/{shop.id}/socket"))
    assert (gone["alive"], gone["state"], gone["reason"]) == (False, "disconnected", "no_socket")
