"""Data loss: what is still there after a save that failed."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.ids import InstanceId, TenantId
from gateway.storage.tables import Instances
from tests.e2e.shop import answer
from tests.running import RunningGateway

TOKEN = "123456789:" + "A" * 35


@pytest.mark.parametrize("table", ["usage_days", "instances"])
async def test_calls_during_a_save_and_a_save_that_fails_lose_no_count(gateway: RunningGateway, table: str) -> None:
    """8.17: what is counted while a save is under way is saved next, and a save that fails is made up for."""
    usage = gateway.gateway.services.usage
    async with gateway.client() as api:
        made = await answer(api.post("/api/instances", json={"name": "a", "provider": "telegram", "token": TOKEN}), 201)
        row = await Instances.select(Instances.tenant_id).where(Instances.id == made["id"]).first()
        assert row is not None
        key = TenantId(row["tenant_id"]), InstanceId(made["id"])

        async def counted() -> int:
            return int((await answer(api.get(f"/api/stats/instances/{made['id']}")))["usage"]["apiCalls"])

        for _ in range(50):
            usage.count_call(*key)
            await asyncio.gather(usage.flush(), usage.flush())
            usage.count_call(*key)
        assert await counted() == 100
        usage.count_call(key[0], InstanceId("deleted meanwhile"))  # so that a save looks among the instances
        await Instances.raw(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            with pytest.raises(Exception, match=table):
                await usage.flush()
        finally:
            await Instances.raw(f"ALTER TABLE {table}_away RENAME TO {table}")
        assert await counted() == 100
        await usage.flush()
        assert await counted() == 100

        usage.count_call(*key)
        await answer(api.delete(f"/api/instances/{made['id']}"))
        await usage.flush()
        assert await usage.flush() == 0, "what is counted for a deleted instance is nobody's, and not tried for ever"
