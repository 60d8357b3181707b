"""An instance is removed although somebody is at work on what is below it."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.errors import NotFound, StorageUnavailable
from gateway.domain.ids import EndpointId
from gateway.storage import instances
from gateway.storage.errors import DEADLOCK
from gateway.storage.tables import Endpoints, Instances
from tests.integration.house import OWNER, SHOP, House, open_house


async def met(house: House) -> None:
    """Take a row below the instance, let its removal wait for that, and then want the instance itself."""
    await house.endpoint("hook")
    async with house.storage.transaction():
        await Endpoints.update({Endpoints.url: "https://example.com/new"}).where(Endpoints.id == EndpointId("hook"))
        removing = asyncio.create_task(_remove(house))
        while not await house.storage.engine.execute(_WAITING, ()):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.01)
        await Instances.update({Instances.name: "new"}).where(Instances.id == SHOP)
    await removing


async def _remove(house: House) -> None:
    # A task inherits the transaction it is made in; this one has its own.
    house.storage.database.current_transaction.set(None)
    await house.storage.instances.delete(SHOP)


_WAITING = "SELECT pid FROM pg_locks WHERE NOT granted"


async def test_a_removal_that_meets_another_change_is_repeated(postgres_url: str) -> None:
    async with open_house(postgres_url) as house:
        await met(house)
        with pytest.raises(NotFound):
            await house.storage.instances.get(OWNER, SHOP)


async def test_and_is_refused_when_it_may_not_be_repeated(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "DELETE_TRIES", 1)  # the negative control: it did meet the other
    async with open_house(postgres_url) as house:
        with pytest.raises(StorageUnavailable) as refused:
            await met(house)
        assert refused.value.code == DEADLOCK
        assert (await house.storage.instances.get(OWNER, SHOP)).name == "new"
