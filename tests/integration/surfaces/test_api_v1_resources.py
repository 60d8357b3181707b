"""What `/api/v1/resources` says is measured: work that was done, sessions that failed, things that are remembered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.domain.errors import Forbidden, GatewayError
from gateway.domain.ids import EndpointId, EventId, InstanceId, TenantId
from gateway.domain.instances import ProviderName
from gateway.services.checkup import OUTBOX_WARNING, Severity
from gateway.services.instances import NewInstance
from gateway.services.principals import OPERATOR
from gateway.storage.outbox import NewDelivery
from tests.conftest import Until
from tests.running import RunningGateway
from tests.simulators.telegram import Bot, TelegramSimulator

INSTANCES = "/api/v1/instances"
RESOURCES = "/api/v1/resources"


async def make(http: httpx.AsyncClient, bot: Bot) -> str:
    answer = await http.post(INSTANCES, json={"company_id": "acme", "provider": "telegram", "token": bot.token})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["instance_id"])


async def settled(http: httpx.AsyncClient, instance_id: str, until: Until) -> None:
    """Connected, and all that says so is stored: from here on nothing changes what is remembered of it."""

    async def told() -> bool:
        answer = await http.get(f"/api/instances/{instance_id}/activity?actions=connection_opened")
        return bool(answer.json()["logs"])

    await until(told)
    for _ in range(3):
        assert (await http.get(f"{INSTANCES}/{instance_id}")).status_code == 200


async def stranger_of(gateway: RunningGateway, http: httpx.AsyncClient) -> httpx.AsyncClient:
    body = {"email": "other@example.com", "password": "a quiet morning by the lake"}
    return gateway.client((await http.post("/api/users", json=body)).json()["apiKey"])


async def shown(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await http.get(RESOURCES + path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_making_and_processing_instances_is_what_performance_measures(
    gateway: RunningGateway, telegram: TelegramSimulator
) -> None:
    async with gateway.client() as http:
        before = await shown(http, "/performance")
        assert before["portAssignment"]["totalRequests"] == 0
        first = await make(http, telegram.add_bot())
        await make(http, telegram.add_bot())
        assert (await http.post(f"{INSTANCES}/{first}/process")).status_code == 200
        # What was asked for wrongly is no work.
        assert (await http.post(INSTANCES, json={})).status_code == 400
        assert (await http.post(f"{INSTANCES}/missing/process")).status_code == 404
        after = await shown(http, "/performance")
    counted, times = after["portAssignment"], after["performance"]["portAssignmentTime"]
    assert (counted["totalRequests"], counted["successfulRequests"], counted["failedRequests"]) == (3, 3, 0)
    assert len(times) == 3
    assert all(each > 0 for each in times)
    assert (counted["minTime"], counted["maxTime"]) == (min(times), max(times))
    assert (counted["concurrentPeak"], counted["currentConcurrent"]) == (1, 0)
    assert after["performance"]["failureRate"] == 0


async def test_a_database_that_is_gone_is_critical_and_what_it_made_fail_is_counted(
    gateway: RunningGateway, telegram: TelegramSimulator
) -> None:
    given = gateway.gateway.services
    well = await given.checkup.examine(OPERATOR)
    assert well.database_answers
    assert well.measurements.failed == 0
    await given.health._storage.engine.close()
    new = NewInstance(name="late", provider=ProviderName.TELEGRAM, config={"token": telegram.add_bot().token})
    with pytest.raises(GatewayError):
        await given.instances.create(OPERATOR, new)
    report = await given.checkup.examine(OPERATOR)
    assert (report.severity, report.database_answers) == (Severity.CRITICAL, False)
    assert (report.measurements.failed, report.measurements.failure_rate) == (1, 1.0)


async def test_a_session_that_failed_is_told_to_its_tenant_and_to_nobody_else(
    gateway: RunningGateway, telegram: TelegramSimulator, until: Until
) -> None:
    issue = "1 instance is failed."
    async with gateway.client() as http, await stranger_of(gateway, http) as stranger:
        bot = telegram.add_bot()
        instance_id = await make(http, bot)
        assert issue not in (await shown(http, "/health"))["issues"]
        telegram.revoke(bot)
        # Or the poll that is under way would have to end first, which takes half a minute.
        assert (await http.post(f"/api/v1/instances/{instance_id}/restart")).status_code == 200

        async def told() -> bool:
            return issue in (await shown(http, "/health"))["issues"]

        await until(told)
        health = await shown(http, "/health")
        assert health["status"] in ("warning", "critical")
        assert len(health["issues"]) == len(health["recommendations"])
        assert issue not in (await shown(stranger, "/health"))["issues"]
        (share,) = (await shown(http, "/instances"))["instances"]
        assert (share["status"], share["memory_usage"]) == ("stopped", "0MB")
        assert (await shown(http, ""))["docker"] == {
            "total_containers": 1,
            "running_containers": 0,
            "stopped_containers": 1,
        }
        assert (await shown(stranger, ""))["instances"] == {"total": 0, "running": 0, "stopped": 0}


async def test_deliveries_that_pile_up_are_told(gateway: RunningGateway, telegram: TelegramSimulator) -> None:
    given = gateway.gateway.services
    async with gateway.client() as http:
        instance_id = InstanceId(await make(http, telegram.add_bot()))
        tenant_id = (await given.instances.known(instance_id)).tenant_id
        off = {"url": "https://example.com/", "enabled": False, "instanceId": instance_id}
        webhook = (await http.post("/api/webhooks", json=off)).json()["webhook"]["id"]
        outbox = given.health._storage.outbox
        owed = [_owed(tenant_id, instance_id, EndpointId(webhook), number) for number in range(OUTBOX_WARNING)]
        await outbox.insert_many(owed)
        issue = f"More than {OUTBOX_WARNING} webhook deliveries wait."
        assert issue not in (await shown(http, "/health"))["issues"]
        await outbox.insert_many([_owed(tenant_id, instance_id, EndpointId(webhook), OUTBOX_WARNING)])
        assert issue in (await shown(http, "/health"))["issues"]


def _owed(tenant_id: TenantId, instance_id: InstanceId, endpoint_id: EndpointId, number: int) -> NewDelivery:
    return NewDelivery(
        tenant_id=tenant_id,
        instance_id=instance_id,
        endpoint_id=endpoint_id,
        event_id=EventId(f"event-{number}"),
        event_type="message.received",
        conversation="",
        payload="{}",
        created_at=number,
    )


async def test_clearing_a_cache_empties_that_one_and_what_was_in_it_is_read_again(
    gateway: RunningGateway, telegram: TelegramSimulator, until: Until
) -> None:
    given = gateway.gateway.services
    async with gateway.client() as http:
        instance_id = await make(http, telegram.add_bot())
        await settled(http, instance_id, until)
        before = {each.name: each for each in given.caches.states(OPERATOR)}
        assert before["instances"].entries == 1
        assert before["instances"].hits > 0
        assert before["principals"].entries == 1
        with pytest.raises(GatewayError, match="There is no cache 'nothing'"):
            given.caches.clear(OPERATOR, ["instances", "nothing"])
        assert {each.name: each.entries for each in given.caches.states(OPERATOR)}["instances"] == 1
        assert given.caches.clear(OPERATOR, ["instances", "instances"]) == ["instances"]
        after = {each.name: each for each in given.caches.states(OPERATOR)}
        assert (after["instances"].entries, after["principals"].entries) == (0, 1)
        assert after["instances"].age < before["instances"].age
        answer = await http.post(f"{RESOURCES}/cache/clear")
        assert answer.json()["cleared_keys"] == [each["key"] for each in (await _entries(http))]
        misses = {each["key"]: each["misses"] for each in await _entries(http)}
        assert misses["principals"] > before["principals"].misses
        assert (await http.get(f"{INSTANCES}/{instance_id}")).status_code == 200


async def _entries(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await shown(http, "/cache/stats"))["cache"]["entries"]
    return entries


async def test_cleaning_up_forgets_what_is_remembered_and_touches_no_instance(
    gateway: RunningGateway, telegram: TelegramSimulator, until: Until
) -> None:
    async with gateway.client() as http, await stranger_of(gateway, http) as stranger:
        await settled(http, await make(http, telegram.add_bot()), until)
        for refused in ("/memory/cleanup", "/cache/clear", "/stress-test"):
            assert (await stranger.post(RESOURCES + refused, json={})).status_code == 403
        cleaned = (await http.post(f"{RESOURCES}/memory/cleanup")).json()
        assert (cleaned["cleaned_instances"], cleaned["total_instances"]) == (1, 1)
        assert cleaned["memory_before_mb"] > 1
        assert cleaned["memory_after_mb"] > 1
        again = gateway.gateway.services.caches.clean_up(OPERATOR)
        assert again.forgotten_instances == 0
        (share,) = (await shown(http, "/instances"))["instances"]
        assert share["status"] == "running"


async def test_memory_of_the_process_is_divided_among_the_running(
    gateway: RunningGateway, telegram: TelegramSimulator
) -> None:
    async with gateway.client() as http:
        await make(http, telegram.add_bot())
        stopped = await make(http, telegram.add_bot())
        whole = await gateway.gateway.services.resources.shares(OPERATOR)
        assert (await http.post(f"{INSTANCES}/{stopped}/stop")).status_code == 200
        after = await gateway.gateway.services.resources.shares(OPERATOR)
    assert whole[0].memory == whole[1].memory > 1024**2
    assert after[1].memory == 0
    assert after[0].memory > 1.5 * whole[0].memory


async def test_the_log_is_for_administrators(gateway: RunningGateway) -> None:
    async with gateway.client() as http, await stranger_of(gateway, http) as stranger:
        for path in ("", "/latest", "/stats", "/health"):
            assert (await http.get(f"/api/v1/logs{path}")).status_code == 200
            assert (await stranger.get(f"/api/v1/logs{path}")).status_code == 403
        who = await gateway.gateway.services.auth.anybody()
        with pytest.raises(Forbidden):
            gateway.gateway.services.logs.last(who, 1)
