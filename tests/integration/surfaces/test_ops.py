"""Metrics are for those who may read them, and readiness tells the truth."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.running import RunningGateway, running_gateway

TOKEN = "a-token-for-prometheus"


async def test_a_metrics_token_opens_metrics_and_nothing_else_does(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url, METRICS_TOKEN=TOKEN) as running:
        for client in (running.client(), running.client(None), running.client(None, token="another-token-altogether")):
            async with client:
                refused = await client.get("/metrics")
                assert refused.status_code == 401
                assert refused.json()["code"] == "unauthenticated"
        async with running.client(None, token=TOKEN) as client:
            assert (await client.get("/metrics")).status_code == 200


async def test_a_scrape_is_well_formed_and_every_series_has_one_family(gateway: RunningGateway) -> None:
    async with gateway.client() as client:
        for path in ("/api/instances", "/api/instances/a", "/api/instances/b", "/nowhere/at/all"):
            await client.get(path)
        scrape = (await client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(scrape)}
    names = [line.split(" ")[2] for line in scrape.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))
    assert {"gateway_sessions", "gateway_inbox_backlog", "gateway_build_info", "gateway_events_accepted"} <= set(
        names
    ) | set(families)
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["gateway_http_requests"].samples
        if sample.name == "gateway_http_requests_total"
    }
    assert counted["/api/instances/{instance_id}", "4xx"] == 2
    assert not any("nowhere" in route for route, _ in counted)


async def test_a_gateway_whose_database_is_gone_is_alive_and_not_ready(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url) as running, running.client(None) as client:
        await running.gateway.services.health._storage.engine.close()
        assert (await client.get("/health")).status_code == 200
        ready = await client.get("/ready")
        assert ready.status_code == 503
        assert ready.json()["status"] == "unavailable"
        assert list(ready.json()["problems"]) == ["database"]
        assert "gateway_database_up 0.0" in (await client.get("/metrics")).text
