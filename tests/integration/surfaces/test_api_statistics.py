"""Days of usage are those of the zone that was set, and calls are in every sum while they are written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.ids import InstanceId
from gateway.services.principals import OPERATOR
from tests.e2e.shop import answer
from tests.running import running_gateway
from tests.simulators.telegram import TelegramSimulator


def midnight(zone: str) -> str:
    """When today began there, as the API writes it."""
    began = datetime.now(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Pago_Pago"])
async def test_a_day_begins_at_midnight_of_the_zone(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, zone: str
) -> None:
    started = running_gateway(tmp_path, sqlite_url, USAGE_TIMEZONE=zone, TELEGRAM_API_BASE=telegram.base_url)
    async with started as running, running.client() as api:
        body = {"name": "n", "provider": "telegram", "config": {"token": telegram.add_bot(name="n").token}}
        made = await answer(api.post("/api/instances", json=body), 201)
        before = midnight(zone)
        await answer(api.get(f"/api/whatsapp/{made['id']}/status"))
        usage = (await answer(api.get(f"/api/stats/instances/{made['id']}?period=today")))["usage"]
        assert usage["apiCalls"] == 1
        assert [each["date"] for each in usage["dailyStats"]] in ([before], [midnight(zone)])
        # Written down, it is the same day.
        await answer(api.post("/api/jobs/usage_save/run"))
        again = (await answer(api.get(f"/api/stats/instances/{made['id']}?period=today")))["usage"]
        assert again == usage


async def test_calls_are_in_every_sum_while_they_are_written(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator
) -> None:
    started = running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url)
    async with started as running, running.client() as api:
        body = {"name": "n", "provider": "telegram", "config": {"token": telegram.add_bot(name="n").token}}
        made = await answer(api.post("/api/instances", json=body), 201)
        services = running.gateway.services
        instance = await services.instances.get(OPERATOR, InstanceId(made["id"]))

        async def told() -> int:
            days = await services.usage.days_of(instance, services.clock.now().date())
            return sum(day.counters.api_calls for day in days)

        before = await told()
        for called in range(1, 11):
            services.usage.count_call(instance.tenant_id, instance.id)
            _, *sums = await asyncio.gather(services.usage.flush(), *(told() for _ in range(5)))
            assert sums == [before + called] * 5
