"""How much `/api/v1` takes: calls of a route, instances of a tenant, bytes, and its own time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.errors import Unavailable
from gateway.surfaces.api_v1.shared import within_budget
from gateway.surfaces.http import BODY_LIMIT
from tests.running import RunningGateway, running_gateway
from tests.simulators.telegram import TelegramSimulator

INSTANCES = "/api/v1/instances"


async def another_tenant(running: RunningGateway) -> httpx.AsyncClient:
    async with running.client() as admin:
        body = {"email": "other@example.com", "password": "a quiet morning by the lake"}
        return running.client((await admin.post("/api/users", json=body)).json()["apiKey"])


async def test_a_route_says_what_is_left_and_then_how_long_to_wait(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url, RATE_LIMIT_STRICT="2") as running, running.client() as http:
        answers = [await http.post(INSTANCES, json={}) for _ in range(3)]
        assert [each.status_code for each in answers] == [400, 400, 429]
        left = [(each.headers["x-ratelimit-limit"], each.headers["x-ratelimit-remaining"]) for each in answers[:2]]
        assert left == [("2", "1"), ("2", "0")]
        assert answers[0].headers["x-ratelimit-reset"].endswith("Z")
        refused = answers[2]
        body = refused.json()
        assert int(refused.headers["retry-after"]) == body.pop("retryAfter") in range(1, 61)
        assert body == {
            "success": False,
            "error": "Too many requests",
            "code": "TOO_MANY_REQUESTS",
            "message": "This route takes 2 requests in a window; wait until it is over.",
        }
        # Another route of the same class, another caller, and a route of another class have windows of their own.
        missing = f"{INSTANCES}/00000000-0000-4000-8000-000000000000"
        assert (await http.post(f"{missing}/process")).status_code == 404
        assert (await http.get(INSTANCES)).status_code == 200
        async with await another_tenant(running) as other:
            assert (await other.post(INSTANCES, json={})).status_code == 400


async def test_a_class_without_a_limit_counts_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url, RATE_LIMIT_STRICT="0") as running, running.client() as http:
        answers = [await http.post(INSTANCES, json={}) for _ in range(20)]
        assert {each.status_code for each in answers} == {400}
        assert "x-ratelimit-limit" not in answers[0].headers


async def test_a_tenant_has_so_many_instances_and_no_more(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator
) -> None:
    def body() -> dict[str, Any]:
        return {"company_id": "acme", "provider": "telegram", "token": telegram.add_bot(name="Bot").token}

    env: dict[str, Any] = {"TELEGRAM_API_BASE": telegram.base_url, "INSTANCE_LIMIT": "2"}
    async with running_gateway(tmp_path, database_url, **env) as running, running.client() as http:
        made = await http.post(INSTANCES, json=body())
        # Two at once, and room for one.
        both = await asyncio.gather(*(http.post(INSTANCES, json=body()) for _ in range(2)))
        assert sorted(each.status_code for each in both) == [201, 409]
        refused = next(each.json() for each in both if each.status_code == 409)
        assert refused == {
            "success": False,
            "error": "You have 2 instances, which is the limit; delete one.",
            "code": "INSTANCE_LIMIT",
        }
        async with await another_tenant(running) as other:
            assert (await other.post(INSTANCES, json=body())).status_code == 201
        assert (await http.delete(f"{INSTANCES}/{made.json()['instance_id']}")).status_code == 200
        assert (await http.post(INSTANCES, json=body())).status_code == 201


async def test_a_body_over_a_megabyte_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url) as running, running.client() as http:
        answer = await http.post(INSTANCES, content=b" " * (BODY_LIMIT + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


async def test_work_that_takes_too_long_is_given_up() -> None:
    given_up = asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    with pytest.raises(Unavailable, match=r"longer than 0\.001 s") as caught:
        await within_budget(0.001, never())
    assert (caught.value.code, given_up.is_set()) == ("timeout", True)


async def test_work_within_its_budget_is_left_alone_and_its_own_timeouts_are_its_own() -> None:
    async def quick() -> int:
        return 3

    async def late() -> None:
        raise TimeoutError("somebody else's")

    assert await within_budget(30, quick()) == 3
    with pytest.raises(TimeoutError, match="somebody else's"):
        await within_budget(30, late())
