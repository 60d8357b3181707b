"""What the routes of the older API leave behind: rows, counters, activity, webhooks. In running processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from tests.conftest import Until
from tests.e2e.shop import Shop, add_bot, answer, nothing_owed
from tests.served import SHARED, Served

pytestmark = SHARED


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def shop(served: Served, api: httpx.AsyncClient, until: Until) -> Shop:
    made = await add_bot(api, served.telegram, served.receiver, hook=served.new_path())
    await until(lambda: made.deliveries("connection_opened"))
    return made


async def actions(shop: Shop, *names: str) -> list[str]:
    """The lines of the activity log, oldest first; those of some names only if any are given."""
    query = {"actions": ",".join(names)} if names else {}
    logs = (await answer(shop.api.get(f"/api/instances/{shop.id}/activity", params=query)))["logs"]
    return [each["action"] for each in reversed(logs)]


async def usage(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = (await answer(shop.api.get(f"/api/stats/instances/{shop.id}")))["usage"]
    return found


async def test_everything_sent_is_stored_counted_and_told_once(served: Served, shop: Shop, until: Until) -> None:
    path = served.new_path()
    served.receiver.answer(path, body=b"\x89PNG\r\n\x1a\n" + bytes(92), headers={"Content-Type": "image/png"})
    base = f"/api/whatsapp/{shop.id}"
    text = await answer(shop.api.post(f"{base}/send", json={"phone": shop.chat, "message": "Привет"}))
    media = {"phone": shop.chat, "url": served.receiver.url(path), "caption": "Смотрите", "filename": "a.png"}
    shown = await answer(shop.api.post(f"{base}/send-media", json=media))
    files = {"file": ("../../Отчёт за год.txt", b"figures")}
    given = await answer(shop.api.post(f"{base}/send-file", data={"phone": shop.chat}, files=files))

    stored = {each["messageId"]: each for each in await shop.messages()}
    assert stored.keys() == {text["id"], shown["id"], given["id"]}
    assert {each["status"] for each in stored.values()} == {"sent"}
    assert {each["remoteJid"] for each in stored.values()} == {shop.chat}
    of_text, of_media, of_file = stored[text["id"]], stored[shown["id"]], stored[given["id"]]
    assert (of_text["messageType"], of_text["content"], of_text["hasMedia"]) == ("text", "Привет", False)
    assert (of_media["messageType"], of_media["mediaUrl"]) == ("image", served.receiver.url(path))
    assert (of_file["messageType"], of_file["fileName"], of_file["mediaUrl"]) == ("document", "Отчёт за год.txt", None)
    assert "data" not in str(of_file["metadata"]), "no path of the server is told"

    counted = await usage(shop)
    assert (counted["messagesSent"], counted["mediaSent"], counted["totalMediaSize"]) == (3, 2, 107)
    assert counted["apiCalls"] == 3
    instance = await shop.show()
    assert (instance["sentMessages"], instance["receivedMessages"]) == (3, 0)
    assert instance["lastActivity"]
    await until(lambda: nothing_owed(shop.api))
    assert len(shop.deliveries("message_sent")) == 3

    shop.writes("Thanks")
    await until(shop.heard)
    assert (await shop.show())["receivedMessages"] == 1
    contacts = await answer(shop.api.get(f"/api/instances/{shop.id}/contacts/db"))
    assert [(each["remoteJid"], each["pushName"]) for each in contacts["contacts"]] == [(shop.chat, "Ann")]


async def test_routes_for_people_are_no_api_calls(shop: Shop) -> None:
    before = (await usage(shop))["apiCalls"]
    assert before == 0
    await answer(shop.api.post(f"/api/instances/{shop.id}/send", json={"phone": shop.chat, "message": "Hi"}))
    await answer(shop.api.get(f"/api/instances/{shop.id}/status"))
    assert (await usage(shop))["apiCalls"] == 0
    for _ in range(3):
        await answer(shop.api.get(f"/api/whatsapp/{shop.id}/status"))
    assert (await usage(shop))["apiCalls"] == 3, "at once, before anything is saved"
    await answer(shop.api.post("/api/jobs/usage_save/run"))
    assert (await usage(shop))["apiCalls"] == 3, "and once afterwards"


async def test_every_step_of_a_connection_is_a_line_in_the_activity_log(shop: Shop, until: Until) -> None:
    path = f"/api/instances/{shop.id}"
    await answer(shop.api.put(path, json={"name": "renamed"}))
    await answer(shop.api.post(f"{path}/reconnect"))
    await until(lambda: shop.is_in("connected"))
    await until(lambda: len(shop.deliveries("connection_opened")) == 2)
    await answer(shop.api.post(f"{path}/logout"))
    await until(lambda: shop.is_in("logged_out"))
    told = await actions(shop)
    assert [each for each in told if each.startswith("instance_")] == [
        "instance_created",
        "instance_updated",
        "instance_stopped",
        "instance_reconnected",
        "instance_stopped",
        "instance_logout",
    ], "each once"
    assert told.count("connection_opened") == 2
    assert await actions(shop, "connected") == ["connection_opened"] * 2
    assert await actions(shop, "disconnected") == await actions(shop, "connection_closed")
    assert await actions(shop, "limit_exceeded", "auth_expired", "qr_received") == []


async def test_a_deleted_instance_leaves_nothing_to_be_found(served: Served, shop: Shop, until: Until) -> None:
    shop.writes("Hello")
    await until(shop.heard)
    await until(lambda: nothing_owed(shop.api))
    before = (await answer(shop.api.get("/api/stats/system")))["instances"]["total"]
    await answer(shop.api.delete(f"/api/instances/{shop.id}"))
    for path in ("", "/status", "/activity", "/events", f"/chats/{shop.chat}/messages", "/contacts/db"):
        gone = await answer(shop.api.get(f"/api/instances/{shop.id}{path}"), 404)
        assert gone["error"] == f"Instance {shop.id} not found"
    assert (await answer(shop.api.get("/api/stats/system")))["instances"]["total"] == before - 1
    owed = await answer(shop.api.get("/api/webhooks/deliveries", params={"instanceId": shop.id}))
    assert owed["deliveries"] == []
    assert list(served.gateway.folder.rglob(f"*{shop.id}*")) == []


async def test_who_did_more_than_they_may_is_stopped_told_and_let_in_again(shop: Shop, until: Until) -> None:
    async def run() -> int:
        ran = await answer(shop.api.post("/api/jobs/usage_limits/run"))
        assert ran["lastRun"]["result"] == "done"
        return int(ran["lastRun"]["count"])

    limits = f"/api/instances/{shop.id}/usage-limits"
    for number in range(3):
        shop.writes(f"{number}")
    await until(lambda: len(shop.heard()) == 3)
    await answer(shop.api.put(limits, json={"maxMessagesReceived": 3}))
    assert await run() == 0, "as many as it may is not too many"
    await answer(shop.api.put(limits, json={"maxMessagesReceived": 2}))
    assert await run() == 1
    await until(lambda: shop.is_in("limit_exceeded"))
    assert (await shop.send("while stopped")).json()["error"] == f"Instance {shop.id} not ready"
    (line,) = (await answer(shop.api.get(f"/api/instances/{shop.id}/activity?actions=limit_exceeded")))["logs"]
    assert line["details"].keys() == {"exceededLimits", "usage", "limits", "timeWindowHours"}
    await until(lambda: shop.deliveries("limit_exceeded"))
    (told,) = shop.deliveries("limit_exceeded")
    assert told.json()["data"]["exceededLimits"] == ["maxMessagesReceived"]
    assert told.json()["data"]["usage"]["messagesReceived"] == 3
    assert told.legacy_signature is True
    await answer(shop.api.delete(limits))
    await run()
    await until(lambda: shop.is_in("connected"))
    assert (await shop.send("back")).status_code == 200
