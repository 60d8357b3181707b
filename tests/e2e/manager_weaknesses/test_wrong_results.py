"""Wrong results: what is told of instances is what is so."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no types
import httpx

from tests.conftest import Until
from tests.e2e.manager_weaknesses.test_security import INSTANCES, made, operations
from tests.served import SHARED, Processes, Served

pytestmark = SHARED
NOBODY = "00000000-0000-4000-8000-000000000000"


async def get(api: httpx.AsyncClient, path: str) -> Any:
    answer = await api.get(f"{INSTANCES}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def connected(api: httpx.AsyncClient, token: str, until: Until) -> str:
    instance_id = await made(api, token)

    async def ready() -> bool:
        states = (await get(api, f"{instance_id}/status-history?limit=1"))["data"]
        return bool(states and states[0]["status"] == "client_ready")

    await until(ready)
    return instance_id


async def test_an_instance_whose_session_ended_does_not_count_as_running(served: Served, until: Until) -> None:
    """W12: one that failed and one that was stopped are stopped, unhealthy, and counted so."""
    async with served.client() as api:
        runs = await connected(api, served.telegram.add_bot().token, until)
        failed, stopped = await made(api, "test-token"), await connected(api, served.telegram.add_bot().token, until)
        assert (await api.post(f"{INSTANCES}/{stopped}/stop")).status_code == 200

        async def given_up() -> bool:
            return bool((await get(api, failed))["instance"]["memory_status"] == "error")

        await until(given_up)
        for instance_id, status in ((runs, "running"), (failed, "stopped"), (stopped, "stopped")):
            shown = await get(api, instance_id)
            instance, well = shown["instance"], status == "running"
            assert (shown["status"], instance["status"], instance["health"]["healthy"]) == (status, status, well)
            assert instance["health"]["services"]["docker"] is well
            assert [each["state"] for each in instance["containers"]] == ["running" if well else "exited"]
        sums = (await get(api, "stats/aggregated"))["stats"]
        assert (sums["total"], sums["running"], sums["stopped"], sums["healthy"]) == (3, 1, 2, 1)


async def test_asking_for_the_status_changes_nothing(served: Served, until: Until) -> None:
    """W13: however often and at once an instance is asked about, it stays ready and its history as long as it was."""
    async with served.client() as api:
        instance_id = await connected(api, served.telegram.add_bot().token, until)
        before = await get(api, f"{instance_id}/status-history")
        reads = ("auth-status", "memory", "health", "activity-stats", "logs")
        told = await asyncio.gather(*(get(api, f"{instance_id}/{each}") for each in reads * 10))
        statuses = [each for each in told if "auth_status" in each]
        assert len(statuses) == 10
        assert {(each["auth_status"], each["is_ready_for_messages"]) for each in statuses} == {("client_ready", True)}
        assert await get(api, f"{instance_id}/status-history") == before
        assert (await get(api, f"{instance_id}/memory"))["data"]["system_info"]["restart_count"] == 0


async def test_the_memory_knows_whose_it_is_and_counts_what_happens(served: Served, until: Until) -> None:
    """W14: user_id and provider are the instance's, messages are counted as they pass, and `limit` limits."""
    bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
    async with served.client() as api:
        instance_id = await connected(api, bot.token, until)
        for _ in range(3):
            served.telegram.people.sends_text(ann, bot, "Hello")

        async def counts() -> dict[str, int]:
            memory = (await get(api, f"{instance_id}/memory"))["data"]
            assert (memory["user_id"], memory["company_id"], memory["provider"]) == ("acme", "acme", "telegram")
            return {name: memory["message_stats"][name] for name in ("received_count", "sent_count")}

        async def heard() -> bool:
            return (await counts())["received_count"] == 3

        await until(heard)
        sent = await api.post(f"/api/instances/{instance_id}/send", json={"phone": ann.id, "message": "Hi"})
        assert sent.status_code == 200, sent.text
        assert await counts() == {"received_count": 3, "sent_count": 1}
        today = (await get(api, f"{instance_id}/activity-stats"))["data"]
        assert (today["messages_received_today"], today["messages_sent_today"]) == (3, 1)
        for _ in range(2):
            await api.post(f"{INSTANCES}/{instance_id}/stop")
            await api.post(f"{INSTANCES}/{instance_id}/start")
        history = await get(api, f"{instance_id}/status-history")
        assert history["count"] == len(history["data"]) > 3
        newest = await get(api, f"{instance_id}/status-history?limit=2")
        assert len(newest["data"]) == 2


async def test_calls_cost_no_connections(processes: Processes, until: Until) -> None:
    """W17: hundreds of calls, of messages and webhooks among them, leave the gateway with the connections it had."""
    served = await processes.on("postgres")
    url = served.gateway.env["DATABASE_URL"]
    watcher = await asyncpg.connect(url)
    try:

        async def connections() -> int:
            asked = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(await watcher.fetchval(asked))

        async with served.client() as api:
            bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
            instance_id = await connected(api, bot.token, until)
            reads = ("", "/memory", "/status-history", "/errors", "/api-key", "/auth-status", "/credentials", "/logs")

            async def round_of_calls() -> None:
                # One after the other: what a call costs shows, and not how many are served at once.
                for path in reads:
                    assert (await api.get(f"{INSTANCES}/{instance_id}{path}")).status_code == 200
                sent = await api.post(f"/api/instances/{instance_id}/send", json={"phone": ann.id, "message": "Hi"})
                assert sent.status_code == 200
                served.telegram.people.sends_text(ann, bot, "Hello")

            served.telegram.people.opens(ann, bot)
            for _ in range(3):
                await round_of_calls()
            before = await connections()
            for _ in range(20):
                await round_of_calls()
            assert await connections() <= before + 2, "the pool may have grown to what the inbox and jobs need at once"
            await api.delete(f"{INSTANCES}/{instance_id}")
    finally:
        await watcher.close()


async def test_no_body_however_odd_is_our_fault(served: Served) -> None:
    """W19: every route that takes a body is given none, an empty one, and ones that are no object."""
    headers = {"content-type": "application/json"}
    async with served.client() as api:
        asked = 0
        for method, path, _ in await operations(api):
            if method not in ("POST", "PUT", "PATCH") or path.endswith("/stress-test"):
                continue
            url = path
            for name in ("{instance_id}", "{id}"):
                url = url.replace(name, NOBODY)
            for content in (None, "", "null", "[]", '"text"', "7", "{", "{}", '{"a":' * 2000):
                answer = await api.request(method, url, content=content, headers=headers if content is not None else {})
                assert answer.status_code < 500, f"{method} {path} {content!r}: {answer.status_code} {answer.text}"
                asked += 1
        assert asked > 50
        large = {"company_id": "acme", "provider": "telegram", "token": "test-token", "unknown": "b" * 200_000}
        assert (await api.post(INSTANCES, json=large)).status_code == 201, "twice what that system could read"


async def test_a_deleted_instance_leaves_no_session_behind(served: Served, until: Until) -> None:
    """W21: its bot is no longer asked about, its webhook no longer told, its memory and messages are nobody's."""
    bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
    async with served.client() as api:
        instance_id = await connected(api, bot.token, until)
        await until(lambda: bot.updates.polling)
        assert (await api.delete(f"{INSTANCES}/{instance_id}")).status_code == 200
        await until(lambda: not bot.updates.polling)
        served.telegram.people.sends_text(ann, bot, "anybody?")
        for path in ("", "/memory", "/status-history", "/api-key", "/logs"):
            assert (await api.get(f"{INSTANCES}/{instance_id}{path}")).status_code == 404
        assert (await api.get(f"/api/instances/{instance_id}/chats/{ann.id}/messages")).status_code == 404
        assert (await api.get(INSTANCES)).json()["total"] == 0


async def test_one_that_is_not_there_moves_nobody_elses_place_in_a_batch(served: Served, until: Until) -> None:
    """W22: each instance of a batch has its own health and login, whoever is missing before it; options are heeded."""
    async with served.client() as api:
        well = await connected(api, served.telegram.add_bot().token, until)
        stopped = await connected(api, served.telegram.add_bot().token, until)
        await api.post(f"{INSTANCES}/{stopped}/stop")

        async def batch(**options: bool) -> dict[str, Any]:
            body = {"instance_ids": [NOBODY, well, stopped], "options": options}
            found: dict[str, Any] = (await api.post(f"{INSTANCES}/batch/status", json=body)).json()["instances"]
            return found

        told = await batch(includeAuth=True)
        assert {key: each["status"] for key, each in told.items()} == {
            NOBODY: "not_found", well: "running", stopped: "stopped",
        }  # fmt: skip
        assert (told[well]["authStatus"], told[stopped]["authStatus"]) == ("client_ready", "disconnected")
        assert (told[well]["health"]["healthy"], told[stopped]["health"]["healthy"]) == (True, False)
        assert (await batch(includeAuth=False))[well].get("authStatus") is None
        updates = [{"id": each, "data": {"company_id": "new"}} for each in (NOBODY, well)]
        changed = (await api.post(f"{INSTANCES}/batch/update", json={"updates": updates})).json()
        assert (changed["success"], changed["failed"], changed["errors"][0]["id"]) == (1, 1, NOBODY)


async def test_a_bot_is_ready_only_once_telegram_knows_it(served: Served, until: Until) -> None:
    """W23: a token that Telegram refuses is never ready, not even for a moment, and its error says why."""
    async with served.client() as api:
        instance_id = await made(api, "test-token")

        async def given_up() -> bool:
            return bool((await get(api, f"{instance_id}/errors"))["count"])

        await until(given_up)
        history = await get(api, f"{instance_id}/status-history")
        assert {each["status"] for each in history["data"]} <= {"start", "error"}
        assert (await get(api, f"{instance_id}/auth-status"))["auth_status"] == "failed"
        ready = await connected(api, served.telegram.add_bot().token, until)
        states = [each["status"] for each in reversed((await get(api, f"{ready}/status-history"))["data"])]
        assert states == ["start", "client_ready"]
