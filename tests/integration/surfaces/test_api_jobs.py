"""The periodic jobs, shown to and run by administrators."""

from __future__ import annotations

import httpx

from tests.conftest import Until
from tests.e2e.shop import Shop, answer
from tests.served import SCHEDULES, SHARED
from tests.simulators.telegram import Fault

pytestmark = SHARED

NAMES = [
    "socket_check",
    "authorization_check",
    "usage_save",
    "usage_flush",
    "key_usage_flush",
    "usage_limits",
    "system_metrics",
    "prune",
]


async def test_jobs_are_listed_run_and_counted(api: httpx.AsyncClient) -> None:
    jobs = {each["name"]: each for each in (await answer(api.get("/api/jobs")))["jobs"]}
    assert list(jobs) == NAMES
    assert (jobs["socket_check"]["schedule"], jobs["socket_check"]["setting"]) == ("*/5 * * * *", "SOCKET_CHECK_CRON")
    assert (jobs["usage_limits"]["schedule"], jobs["usage_limits"]["setting"]) == ("0 * * * *", "USAGE_LIMITS_CRON")
    assert jobs["usage_flush"]["schedule"] == "10 s"
    own = {each["setting"]: each["schedule"] for each in jobs.values()}
    assert SCHEDULES.items() <= own.items(), "their environment says when"
    assert all(each["nextRunAt"] for each in jobs.values())
    for name in NAMES:
        for times in (1, 2):  # once more harms nobody
            ran = await answer(api.post(f"/api/jobs/{name}/run"))
            assert (ran["lastRun"]["result"], ran["running"]) == ("done", False), ran
            assert ran["runs"] >= times
    assert (await answer(api.post("/api/jobs/nonsense/run"), 404))["error"] == "Job nonsense not found"
    metrics = (await api.get("/metrics")).text
    for name in NAMES:
        assert f'gateway_jobs_total{{job="{name}",result="done"}}' in metrics
        assert f'gateway_job_last_done{{job="{name}"}}' in metrics


async def test_the_socket_check_opens_a_dead_connection_anew(shop: Shop, until: Until) -> None:
    assert (await answer(shop.api.post("/api/jobs/socket_check/run")))["lastRun"]["count"] == 0
    await until(lambda: len(shop.deliveries("connection_opened")) == 1)
    shop.telegram.fault(Fault(method="getme", drop="before"))
    assert (await answer(shop.api.post("/api/jobs/socket_check/run")))["lastRun"]["count"] == 1
    await until(lambda: shop.is_in("connected"))
    await until(lambda: len(shop.deliveries("connection_opened")) == 2)
    journal = await answer(shop.api.get(f"/api/instances/{shop.id}/journal"))
    assert "The socket check got no answer; opening anew." in [each["text"] for each in journal["lines"]]
    await answer(shop.api.post(f"/api/instances/{shop.id}/stop"))
    assert (await answer(shop.api.post("/api/jobs/socket_check/run")))["lastRun"]["count"] == 0
    assert await shop.is_in("disconnected")


async def test_the_authorization_check_notes_what_a_network_refuses(shop: Shop) -> None:
    assert (await answer(shop.api.post("/api/jobs/authorization_check/run")))["lastRun"]["count"] == 0
    shop.telegram.fault(Fault(method="getme", code=403, description="Forbidden: bot was deactivated"))
    assert (await answer(shop.api.post("/api/jobs/authorization_check/run")))["lastRun"]["count"] == 1
    journal = await answer(shop.api.get(f"/api/instances/{shop.id}/journal"))
    assert any(each["text"].startswith("The authorization check was refused") for each in journal["lines"])
