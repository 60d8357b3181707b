"""The guide for users of a WhatsApp Multi-Instance API, followed once: its own commands, and then its own clients."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.guide import Guide, counted, everything
from tests.old_system import MAPPED, UNMAPPED, OldSystem, ms
from tests.process import ADMIN_EMAIL, NO_TLS, GatewayProcess
from tests.simulators.receiver import Receiver

pytestmark = pytest.mark.slow

PASSWORD = "a long sentence only Ann knows"
SECRET = "тайна: do not tell"
ANN_KEY = "1c6cf3a7-92e3-44d2-8b51-5a2c6b7f0a01"
BEN_KEY = "1c6cf3a7-92e3-44d2-8b51-5a2c6b7f0a02"
ROOT_KEY = "1c6cf3a7-92e3-44d2-8b51-5a2c6b7f0a03"
SHOP = "7d3a5b0e-0c7b-4a1e-9d3a-2f4b6c8d0e01"
BENS = "7d3a5b0e-0c7b-4a1e-9d3a-2f4b6c8d0e02"
ADMINS = "7d3a5b0e-0c7b-4a1e-9d3a-2f4b6c8d0e03"
CUSTOMER, GROUP = "79001234567@s.whatsapp.net", "120363000000000001@g.us"
GUIDE = Guide("from-whatsapp-multi-instance.md", (ANN_KEY, BEN_KEY, ROOT_KEY, SECRET, "$2b$10$"))
THEN = datetime.now(UTC).replace(microsecond=250_000) - timedelta(days=3)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def old_database(path: Path, names: Any, hook: str) -> None:
    """Three people, the last of whom is here already; their instances, and rows that make no sense."""
    old = OldSystem(path, names)
    ann = old.add("User", email="ann@example.com", firstName="Анна", lastName=None, apiKey=ANN_KEY)
    ben = old.add("User", email="ben@example.com", firstName="Ben", apiKey=BEN_KEY, createdAt="2025-03-01 09:30:15")
    root = old.add("User", email=ADMIN_EMAIL, firstName="Admin", apiKey=ROOT_KEY, isAdmin=1)
    old.add("User", id="u-broken", email="nobody", apiKey="1c6cf3a7-92e3-44d2-8b51-5a2c6b7f0a09")
    old.add(
        "Instance", id=SHOP, userId=ann, name="Магазин 🛒", description="Корпоративный", status="connected",
        webhookUrl=hook, webhookEnabled=1, createdAt=ms(THEN), qrCode="1@old",
    )  # fmt: skip
    old.add("WebhookSettings", instanceId=SHOP, notifySent=0, notifyRead=1, maxRetries=3, secret=SECRET)
    old.add("Instance", id=BENS, userId=ben, name="Ben's", description=None)
    old.add("Instance", id=ADMINS, userId=root, name="Main")
    old.add("Instance", id="i-lost", userId="nobody", name="Lost")
    old.add(
        "Contact", instanceId=SHOP, name="Иван Иванов", number="79001234567", remoteJid=CUSTOMER, pushName="Иван",
        lastActivity=ms(THEN),
    )  # fmt: skip
    old.add("Contact", instanceId=SHOP, name="Рабочая группа", number="1", remoteJid=GROUP, isGroup=1)
    for number in range(3):
        old.add(
            "Message", instanceId=SHOP, remoteJid=CUSTOMER, fromMe=number % 2, content=f"Привет {number} 👋",
            messageId=f"3EB0{number}", messageType="conversation" if number % 2 == 0 else "text",
            status="read", createdAt=ms(THEN + timedelta(minutes=number)),
        )  # fmt: skip
    old.add("Message", id="m-broken", instanceId=SHOP, remoteJid=CUSTOMER, createdAt="soon")
    old.add("Message", instanceId="i-lost", remoteJid=CUSTOMER, content="x")
    old.add("InstanceUsage", instanceId=SHOP, date=ms(THEN), messagesSent=1, messagesReceived=2, apiCalls=40)
    old.add("UsageLimit", instanceId=SHOP, maxMessagesSent=1)


async def get(api: httpx.AsyncClient, path: str, key: str) -> Any:
    answer = await api.get(path, headers={"x-api-key": key})
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


@pytest.fixture(params=[UNMAPPED, MAPPED], ids=["unmapped", "mapped"])
def names(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_the_guide_is_followed_and_clients_of_old_find_everything(
    tmp_path: Path, database_url: str, names: Any, receiver: Receiver
) -> None:
    (tmp_path / "old").mkdir()
    old_database(tmp_path / "old" / "whatsapp-api.db", names, receiver.url("/hook"))
    receiver.trust("/hook", SECRET)
    gateway = GatewayProcess(tmp_path, database_url)
    copy, rehearse, import_, set_password = GUIDE.block("migrate")
    try:
        assert await GUIDE.run(gateway, copy.replace("/srv/whatsapp-api/data", str(tmp_path / "old"))) == (0, "")
        status, out = await GUIDE.run(gateway, import_)
        assert (status, "start the gateway once" in out.lower()) == (1, True)  # nobody administers it yet

        await gateway.start()
        status, out = await GUIDE.run(gateway, import_)
        assert (status, out) == (
            1, "Another gateway is already running on this database; stop it first.\n"
        )  # fmt: skip
        await gateway.stop()

        before = await everything(database_url)
        status, rehearsed = await GUIDE.run(gateway, rehearse, MESSAGE_RETENTION_DAYS="2")
        assert status == 0, rehearsed
        assert await everything(database_url) == before
        status, out = await GUIDE.run(gateway, import_, MESSAGE_RETENTION_DAYS="2")
        assert status == 0, out
        assert rehearsed.partition("\n")[2] == out
        assert counted(out) == {
            "users": [2, 1, 1], "instances": [3, 0, 1], "webhooks": [1, 0, 0],
            "contacts": [2, 0, 0], "messages": [3, 0, 2], "usage": [1, 0, 0],
        }  # fmt: skip
        for told in (
            "! users u-broken: left out. email is no e-mail address.",
            "! instances i-lost: left out. Its user nobody was not imported.",
            "! messages m-broken: left out. createdAt is no moment between 2000 and today.",
            "! messages: 1 left out, because their instance i-lost was not imported.",
            "Stays in the file: usage limits (1 rows).",
            "  python -m gateway user set-password ann@example.com",
            "each instance is stopped until you start it and scan its QR code",
            "Some messages are older than MESSAGE_RETENTION_DAYS=2, and get deleted soon; 0 keeps them.",
        ):
            assert told in out, told
        status, out = await GUIDE.run(gateway, set_password)
        assert (status, "is set" in out) == (0, True)

        await gateway.start()
        await clients_of_old_find_everything(gateway, receiver)
        await nothing_was_told_but_what_was_asked_for(gateway, receiver)
        check = "\n".join(GUIDE.block("check")).replace("http://127.0.0.1:3000", gateway.base_url)
        status, out = await GUIDE.run(gateway, check, KEY=ANN_KEY, ID=SHOP)
        assert status == 0, out
        assert "Магазин 🛒" in out
        assert "Привет 2 👋" in out
        await gateway.stop()

        before = await everything(database_url)
        status, out = await GUIDE.run(gateway, import_)
        assert status == 0, out
        assert counted(out) == {
            "users": [0, 3, 1], "instances": [0, 3, 1], "webhooks": [0, 1, 0],
            "contacts": [0, 2, 0], "messages": [0, 3, 2], "usage": [0, 1, 0],
        }  # fmt: skip
        assert await everything(database_url) == before

        file = tmp_path / "whatsapp-api.db"
        file.write_bytes(file.read_bytes()[:-9000])
        status, out = await GUIDE.run(gateway, import_)
        assert (status, "is damaged, so nothing was changed" in out) == (1, True)
        assert await everything(database_url) == before
    finally:
        if gateway.process is not None:
            await gateway.kill()


async def clients_of_old_find_everything(gateway: GatewayProcess, receiver: Receiver) -> None:
    """Ask as their programs do: with the keys and ids of old."""
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=30, trust_env=False, verify=NO_TLS) as api:
        (listed,) = (await get(api, "/api/instances", ANN_KEY))["instances"]
        assert (listed["id"], listed["name"], listed["status"]) == (SHOP, "Магазин 🛒", "disconnected")
        shop = await get(api, f"/api/instances/{SHOP}", ANN_KEY)
        assert (shop["description"], shop["createdAt"]) == ("Корпоративный", iso(THEN))
        assert (shop["webhookUrl"], shop["webhookEnabled"]) == (receiver.url("/hook"), True)
        assert shop["webhookSettings"] == {
            "notifyReceived": True, "notifySent": False, "notifyDelivery": False, "notifyRead": True,
            "maxRetries": 2, "retryInterval": 60000, "headerNames": [],
        }  # fmt: skip
        assert (shop["sentMessages"], shop["receivedMessages"]) == (1, 2)

        contacts = (await get(api, f"/api/instances/{SHOP}/contacts/db", ANN_KEY))["contacts"]
        assert {each["remoteJid"]: (each["name"], each["isGroup"]) for each in contacts} == {
            CUSTOMER: ("Иван Иванов", False), GROUP: ("Рабочая группа", True)
        }  # fmt: skip
        found = await get(api, f"/api/whatsapp/{SHOP}/contacts/db?search=иван", ANN_KEY)
        assert [each["number"] for each in found["contacts"]] == ["79001234567"]
        page = await get(api, f"/api/instances/{SHOP}/chats/79001234567/messages", ANN_KEY)
        assert [each["content"] for each in page["messages"]] == [f"Привет {number} 👋" for number in (2, 1, 0)]
        assert [each["createdAt"] for each in page["messages"]][-1] == iso(THEN)
        assert {(each["messageId"], each["fromMe"], each["status"]) for each in page["messages"]} == {
            ("3EB00", False, "read"), ("3EB01", True, "read"), ("3EB02", False, "read")
        }  # fmt: skip
        usage = (await get(api, f"/api/stats/instances/{SHOP}?period=all", ANN_KEY))["usage"]
        assert (usage["messagesSent"], usage["messagesReceived"], usage["apiCalls"] >= 40) == (1, 2, True)
        total = (await get(api, "/api/stats/user?period=all", ANN_KEY))["total"]
        assert (total["messagesReceived"], total["instanceCount"]) == (2, 1)
        status = await get(api, f"/api/whatsapp/{SHOP}/status", ANN_KEY)
        assert (status["ready"], status["status"]) == (False, "disconnected")

        for path in ("", "/contacts/db", "/chats/79001234567/messages", "/status"):
            answer = await api.get(f"/api/instances/{SHOP}{path}", headers={"x-api-key": BEN_KEY})
            refusal = (answer.status_code, answer.json()["error"])
            assert refusal == (403, "You do not have access to this instance")
        assert [each["id"] for each in (await get(api, "/api/instances", BEN_KEY))["instances"]] == [BENS]
        assert ADMINS in [each["id"] for each in (await get(api, "/api/instances", ROOT_KEY))["instances"]]
        assert (await api.get("/api/instances", headers={"x-api-key": ANN_KEY[:-1] + "f"})).status_code == 401

        # What the guide says about an instance that is not connected, and one that is not there.
        headers = {"x-api-key": ANN_KEY}
        sent = await api.post(
            f"/api/whatsapp/{SHOP}/send", headers=headers, json={"phone": "79001234567", "message": "x"}
        )
        assert (sent.status_code, "not ready" in sent.text) == (500, True)
        assert (await api.get(f"/api/whatsapp/{SHOP}/contacts", headers=headers)).status_code == 500
        assert await get(api, f"/api/instances/{SHOP}/contacts", ANN_KEY) == {"contacts": []}
        assert (await api.get("/api/instances/non-existent-id", headers=headers)).status_code == 404

        login = await api.post("/api/auth/login", json={"email": "ann@example.com", "password": PASSWORD})
        assert login.status_code == 200, login.text
        user = login.json()["user"]
        assert (user["firstName"], user["apiKey"]) == ("Анна", ANN_KEY)
        answer = await api.get("/api/instances", headers={"authorization": f"Bearer {login.json()['token']}"})
        assert [each["id"] for each in answer.json()["instances"]] == [SHOP]
        for password in ("", "password123", "admin123"):
            refused = await api.post("/api/auth/login", json={"email": "ben@example.com", "password": password})
            assert refused.status_code in (400, 401)


async def nothing_was_told_but_what_was_asked_for(gateway: GatewayProcess, receiver: Receiver) -> None:
    """One event, sent on request, is all the webhook ever got; and it is signed with the secret of old."""
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=30, trust_env=False, verify=NO_TLS) as api:
        (webhook,) = (await get(api, f"/api/webhooks?instanceId={SHOP}", ANN_KEY))["webhooks"]
        assert receiver.received("/hook") == []
        answer = await api.post(f"/api/webhooks/{webhook['id']}/test", headers={"x-api-key": ANN_KEY})
        assert answer.status_code == 202
        await receiver.wait_for(lambda r: len(r.accepted("/hook")) == 1)
    (got,) = receiver.received("/hook")
    mac = hmac.new(SECRET.encode(), got.body, hashlib.sha256)
    assert got.headers["x-webhook-signature"] == mac.hexdigest()
    again = json.dumps(json.loads(got.body), ensure_ascii=False, separators=(",", ":")).encode()
    assert again == got.body  # what a receiver gets that writes the parsed body anew, as JSON.stringify does
    assert got.json()["data"]["instanceId"] == SHOP
