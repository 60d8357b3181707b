"""News of networks at the Instance Manager's addresses, brought to sessions that run and kept for those that do not."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Until
from tests.running import running_gateway
from tests.simulators.telegram import TelegramSimulator

SECRET = "a-secret-of-the-network"
PROVEN = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
BO = {"id": 5, "is_bot": False, "first_name": "Bo"}


@pytest.fixture
async def http(tmp_path: Path, database_url: str, telegram: TelegramSimulator) -> AsyncIterator[httpx.AsyncClient]:
    env = {"TELEGRAM_API_BASE": telegram.base_url, "BASE_URL": "https://gateway.example.com"}
    async with running_gateway(tmp_path, database_url, clock=None, **env) as running, running.client() as client:
        yield client


def update(number: int, text: str) -> dict[str, object]:
    chat = {"id": 5, "type": "private", "first_name": "Bo"}
    message = {"message_id": number, "date": 1750000000, "chat": chat, "from": BO, "text": text}
    return {"update_id": number, "message": message}


async def test_what_telegram_posts_is_committed_when_it_is_answered(
    http: httpx.AsyncClient, telegram: TelegramSimulator, until: Until
) -> None:
    config = {"token": telegram.add_bot().token, "mode": "webhook", "webhookSecret": SECRET}
    made = await http.post("/api/instances", json={"name": "Hooked", "provider": "telegram", "config": config})
    hooked = made.json()["id"]

    async def ready() -> bool:
        return bool((await http.get(f"/api/instances/{hooked}/status")).json()["ready"])

    await until(ready)
    address = f"/api/v1/webhook/telegram/{hooked}"
    for headers in ({}, PROVEN | {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"}):
        refused = await http.post(address, json=update(1, "forged"), headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (401, "Unauthorized")
    broken = await http.post(address, content=b"[]", headers=PROVEN)
    assert (broken.status_code, broken.json()["code"]) == (400, "INVALID_INPUT")
    for _ in range(2):  # a redelivery is answered alike and told once
        taken = await http.post(address, json=update(2, "By the older address"), headers=PROVEN)
        assert (taken.status_code, taken.json()) == (200, {"success": True})
    kept = (await http.get(f"/api/instances/{hooked}/chats/5/messages")).json()["messages"]
    assert [each["content"] for each in kept] == ["By the older address"]

    # There is no polling to switch, and it says so.
    named = {"X-Instance-Id": hooked}
    shown = (await http.get("/api/v1/telegram/polling/status", headers=named)).json()
    assert (shown["polling_active"], shown["status"]) == (False, "polling_inactive")
    for end in ("start", "stop"):
        refused = await http.post(f"/api/v1/telegram/polling/{end}", headers=named)
        assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")

    await http.post(f"/api/instances/{hooked}/stop")
    later = await http.post(address, json=update(3, "later"), headers=PROVEN)
    assert (later.status_code, later.headers["retry-after"]) == (503, "30")


async def test_slack_gets_its_challenge_back_and_nobody_else_does(http: httpx.AsyncClient) -> None:
    body = {"company_id": "acme", "provider": "slack", "config": {"botToken": "t", "signingSecret": "s"}}
    slack = (await http.post("/api/v1/instances", json=body)).json()["instance_id"]
    question = b'{"type":"url_verification","challenge":"3eZbrw1a"}'
    moment = str(int(time.time()))

    async def ask(secret: str) -> httpx.Response:
        digest = hmac.new(secret.encode(), b"v0:%s:%s" % (moment.encode(), question), hashlib.sha256).hexdigest()
        headers = {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}
        return await http.post(f"/api/v1/webhook/slack/{slack}", content=question, headers=headers)

    answer = await ask("s")
    assert (answer.status_code, answer.text) == (200, "3eZbrw1a")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await ask("guessed")).status_code == 401


async def test_a_stopped_polling_stays_stopped_over_a_restart(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    bot, ann = telegram.add_bot(), telegram.add_person("Ann")
    env = {"TELEGRAM_API_BASE": telegram.base_url}
    token = {"Authorization": f"Bearer {bot.token}"}
    body = {"provider": "telegram", "config": {"botToken": bot.token}}
    status = "/api/v1/telegram/polling/status"
    async with running_gateway(tmp_path, sqlite_url, clock=None, **env) as running, running.client() as http:
        await http.post("/api/v1/multi-provider/instances", json=body)

        async def polls() -> bool:
            return bool((await http.get(status, headers=token)).json()["polling_active"])

        await until(polls)
        stopped = await http.post("/api/v1/telegram/polling/stop", headers=token)
        assert stopped.json()["status"] == "polling_inactive"
    asked = len(telegram.calls(bot, "getUpdates"))
    telegram.people.sends_text(ann, bot, "hello")
    async with running_gateway(tmp_path, sqlite_url, clock=None, **env) as running, running.client() as http:

        async def connected() -> bool:
            return bool((await http.get("/api/v1/telegram/status", headers=token)).json()["state"] == "READY")

        await until(connected)
        assert (await http.get(status, headers=token)).json()["polling_active"] is False
        assert len(telegram.calls(bot, "getUpdates")) == asked
        assert (await http.get("/api/v1/telegram/updates", headers=token)).json()["count"] == 0
        await http.post("/api/v1/telegram/polling/start", headers=token)

        async def came() -> bool:
            return bool((await http.get("/api/v1/telegram/updates", headers=token)).json()["count"] == 1)

        await until(came)
