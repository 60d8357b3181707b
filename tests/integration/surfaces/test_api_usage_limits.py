"""Usage limits hold at the moment of sending and every hour, and let go by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Until
from tests.e2e.shop import Shop, add_bot, answer
from tests.running import running_gateway
from tests.served import SHARED
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

JOB = "/api/jobs/usage_limits/run"


async def limit(shop: Shop, status: int = 200, **limits: Any) -> Any:
    return await answer(shop.api.put(f"/api/instances/{shop.id}/usage-limits", json=limits), status)


async def allowance(shop: Shop) -> Any:
    return await answer(shop.api.get(f"/api/instances/{shop.id}/usage-limits"))


@SHARED
async def test_a_send_over_the_limit_is_refused_with_when_it_frees_and_told_once(shop: Shop, until: Until) -> None:
    await limit(shop, maxMessagesSent=3)
    for number in range(3):
        assert (await shop.send(f"{number}")).status_code == 200
    for _ in range(3):
        refused = await shop.send("one too many")
        assert refused.status_code == 429
        assert refused.json()["code"] == "limit_exceeded"
        assert "max_messages_sent = 3" in refused.json()["error"]
        assert 1 <= int(refused.headers["Retry-After"]) <= 24 * 3600
    assert shop.said == ["0", "1", "2"]
    await until(lambda: shop.deliveries("limit_exceeded"))
    (told,) = shop.deliveries("limit_exceeded")
    data = told.json()["data"]
    assert (data["exceededLimits"], data["limits"], data["timeWindowHours"]) == (
        ["maxMessagesSent"],
        {"maxMessagesSent": 3},
        24,
    )
    assert data["usage"]["messagesSent"] == 3
    logs = await answer(shop.api.get(f"/api/instances/{shop.id}/activity", params={"actions": "limit_exceeded"}))
    assert [each["details"]["exceededLimits"] for each in logs["logs"]] == [["maxMessagesSent"]]

    shop.writes("still heard")
    await until(lambda: "still heard" in shop.heard())
    await limit(shop, maxMessagesSent=4)
    assert (await shop.send("3")).status_code == 200


@SHARED
async def test_sends_at_the_same_time_do_not_pass_a_limit_together(shop: Shop) -> None:
    await limit(shop, maxMessagesSent=5)
    answers = await asyncio.gather(*(shop.send(f"{number}") for number in range(20)))
    assert sorted({each.status_code for each in answers}) == [200, 429]
    assert len(shop.said) == sum(each.status_code == 200 for each in answers) == 5


@SHARED
async def test_files_count_by_number_and_by_size(shop: Shop) -> None:
    async def send_file(size: int) -> httpx.Response:
        return await shop.api.post(
            f"/api/whatsapp/{shop.id}/send-file", data={"phone": shop.chat}, files={"file": ("a.bin", bytes(size))}
        )

    await limit(shop, maxMediaSize=1000)
    assert (await send_file(600)).status_code == 200
    assert (await send_file(600)).status_code == 429
    assert (await send_file(400)).status_code == 200
    await limit(shop, maxMediaSent=2)
    assert (await send_file(1)).status_code == 429
    assert (await shop.send("words are free")).status_code == 200
    usage = (await allowance(shop))["usage"]
    assert (usage["mediaSent"], usage["totalMediaSize"]) == (2, 1000)


@SHARED
async def test_the_narrowest_limits_hold_an_instances_then_its_users_then_everybodys(shop: Shop) -> None:
    user = (await shop.show())["userId"]
    assert (await allowance(shop))["of"] == "nobody"
    for path, whose, most in (
        ("/api/usage-limits", "default", 30),
        (f"/api/users/{user}/usage-limits", "user", 20),
        (f"/api/instances/{shop.id}/usage-limits", "instance", 10),
    ):
        await answer(shop.api.put(path, json={"maxMessagesSent": most}))
        held = await allowance(shop)
        assert (held["of"], held["limits"]["maxMessagesSent"]) == (whose, most)
    for path, whose in (
        (f"/api/instances/{shop.id}/usage-limits", "user"),
        (f"/api/users/{user}/usage-limits", "default"),
        ("/api/usage-limits", "nobody"),
    ):
        assert await answer(shop.api.delete(path)) == {"limits": None}
        assert (await allowance(shop))["of"] == whose
    wrong = await limit(shop, 400, maxMessagesSent=-1)
    assert (wrong["code"], wrong["field"]) == ("invalid_input", "maxMessagesSent")
    wrong = await limit(shop, 400, timeWindowHours=0)
    assert wrong["field"] == "timeWindowHours"
    assert await answer(shop.api.get("/api/users/nobody/usage-limits"), 404)
    assert (await allowance(shop))["of"] == "nobody"


async def test_the_hourly_job_stops_an_instance_and_starts_it_when_it_may_again(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    base = telegram.base_url
    async with running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=base) as running, running.client() as api:
        shop = await add_bot(api, telegram, receiver)
        await until(lambda: shop.is_in("connected"))
        for number in range(3):
            shop.writes(f"{number}")
        await until(lambda: len(shop.heard()) == 3)
        await limit(shop, maxMessagesReceived=2)
        ran = await answer(api.post(JOB))
        assert (ran["lastRun"]["result"], ran["lastRun"]["count"]) == ("done", 1)
        await until(lambda: shop.is_in("limit_exceeded"))
        assert "max_messages_received" in (await shop.show())["stateMessage"]
        refused = await shop.send("while stopped")
        assert refused.status_code == 500
        await until(lambda: shop.deliveries("limit_exceeded"))
        assert (await answer(api.post(JOB)))["lastRun"]["count"] == 1
        assert len(shop.deliveries("limit_exceeded")) == 1
        assert [each.json()["data"]["reason"] for each in shop.deliveries("connection_closed")] == ["limit_exceeded"]

    async with running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=base) as running, running.client() as api:
        shop.api = api
        assert await shop.is_in("limit_exceeded")
        await limit(shop, maxMessagesReceived=100)
        assert (await answer(api.post(JOB)))["lastRun"]["count"] == 0
        await until(lambda: shop.is_in("connected"))
        assert (await shop.send("back")).status_code == 200
