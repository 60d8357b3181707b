"""The rows of a bulk: each step may be taken twice, a cancellation may come at any moment, and old ones go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.domain.bulks import Bulk, BulkRecipient, BulkState, FailureStrategy, SendState
from gateway.domain.ids import BulkId
from gateway.services.retention import BULK_DAYS, Retention
from gateway.settings import Settings
from gateway.storage.tables import Bulks, BulkSends
from tests.integration.house import NOON, OURS, OWNER, SHOP, House, open_house
from tests.process import environment

ID = BulkId("bulk")


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened


async def create(house: House, count: int = 3, bulk_id: BulkId = ID) -> None:
    bulk = Bulk(
        id=bulk_id,
        tenant_id=OURS,
        instance_id=SHOP,
        state=BulkState.PROCESSING,
        message="Dear {name}",
        variables={"city": "Köln"},
        delay_ms=0,
        strategy=FailureStrategy.CONTINUE,
        attempts=1,
        total=count,
        created_at=house.clock.now(),
    )
    recipients = [BulkRecipient(to=str(number), name="Zoë", custom_message=None) for number in range(count)]
    await house.storage.bulks.create(bulk, recipients)
    assert await house.storage.bulks.find(bulk_id) == bulk


async def states(house: House) -> list[SendState]:
    progress = await house.storage.bulks.progress(OWNER, SHOP, ID)
    return [each.state for each in progress.sends]


async def test_a_step_that_is_taken_twice_is_taken_once(house: House) -> None:
    bulks = house.storage.bulks
    await create(house)
    first = await bulks.take(ID, NOON)
    assert first is not None
    assert await bulks.take(ID, NOON) == first  # the answer to the first commit got lost
    done = structs.replace(first, state=SendState.SENT, message_id="7", at=NOON)
    await bulks.settle(done)
    await bulks.settle(done)
    second = await bulks.take(ID, NOON)
    assert second is not None
    assert (second.place, second.attempts) == (1, 1)
    assert await states(house) == [SendState.SENT, SendState.SENDING, SendState.WAITING]
    assert [each.place for each in await bulks.under_way()] == [1]


async def test_what_is_put_back_is_the_next_again(house: House) -> None:
    bulks = house.storage.bulks
    await create(house)
    first = await bulks.take(ID, NOON)
    assert first is not None
    await bulks.settle(structs.replace(first, state=SendState.WAITING, at=NOON))
    again = await bulks.take(ID, NOON)
    assert again is not None
    assert (again.place, again.attempts) == (0, 2)


async def test_nobody_is_taken_once_it_is_cancelled(house: House) -> None:
    bulks = house.storage.bulks
    await create(house)
    first = await bulks.take(ID, NOON)
    assert first is not None
    assert await bulks.cancel(OWNER, SHOP, ID, NOON)
    assert (await bulks.progress(OWNER, SHOP, ID)).bulk.state is BulkState.CANCELLING
    # Put back by somebody who did not know yet.
    await bulks.settle(structs.replace(first, state=SendState.WAITING, at=NOON))
    assert await bulks.take(ID, NOON) is None
    await bulks.finish(ID, NOON)
    progress = await bulks.progress(OWNER, SHOP, ID)
    assert progress.bulk.state is BulkState.CANCELLED
    assert await states(house) == [SendState.SKIPPED] * 3
    assert not await bulks.cancel(OWNER, SHOP, ID, NOON)
    assert await bulks.unfinished() == []


async def test_taking_and_cancelling_at_once_leaves_nobody_in_between(house: House) -> None:
    bulks = house.storage.bulks
    for number in range(10):
        bulk_id = BulkId(f"bulk {number}")
        await create(house, 2, bulk_id)
        taken, _ = await asyncio.gather(bulks.take(bulk_id, NOON), bulks.cancel(OWNER, SHOP, bulk_id, NOON))
        progress = await bulks.progress(OWNER, SHOP, bulk_id)
        if taken is None:
            assert progress.bulk.state is BulkState.CANCELLED
            assert progress.count(SendState.SKIPPED) == 2
        else:
            assert progress.bulk.state is BulkState.CANCELLING
            assert (progress.count(SendState.SENDING), progress.count(SendState.SKIPPED)) == (1, 1)


async def test_bulks_that_are_over_go_after_thirty_days_and_their_recipients_with_them(
    house: House, tmp_path: Path
) -> None:
    settings = Settings.from_env(environment(tmp_path, "sqlite:///unused"))
    for name in ("old", "open"):
        await create(house, 2, BulkId(name))
    await house.storage.bulks.finish(BulkId("old"), house.clock.now())
    await house.clock.advance(seconds=timedelta(days=2).total_seconds())
    await create(house, 2, BulkId("young"))
    await house.storage.bulks.finish(BulkId("young"), house.clock.now())
    await house.clock.advance(seconds=timedelta(days=BULK_DAYS - 1).total_seconds())
    assert await Retention(house.storage, settings, house.clock).prune() == 1
    assert {row["id"] for row in await Bulks.select()} == {"open", "young"}
    assert await BulkSends.count() == 4
