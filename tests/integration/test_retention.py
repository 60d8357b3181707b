"""What is old is forgotten in small batches; what is young, owed or kept for ever stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.domain.audit import AuditLine
from gateway.domain.events import PresenceChanged
from gateway.domain.ids import Address, EndpointId, TenantId
from gateway.domain.messages import Person
from gateway.services.retention import PRUNE_BATCH, Retention
from gateway.settings import Settings
from gateway.storage.activity import NewActivity
from gateway.storage.tables import (
    Activities,
    Attempts,
    AuditLines,
    Deliveries,
    Events,
    IdempotencyKeys,
    Messages,
    RevokedTokens,
    UsageDays,
)
from gateway.storage.times import to_ms
from tests.integration.house import NOON, OURS, SHOP, House, open_house, received
from tests.process import environment

DAYS = {
    "MESSAGE_RETENTION_DAYS": "365",
    "ACTIVITY_RETENTION_DAYS": "90",
    "EVENT_RETENTION_DAYS": "30",
    "DELIVERY_RETENTION_DAYS": "30",
    "ATTEMPT_RETENTION_DAYS": "7",
    "DEAD_DELIVERY_RETENTION_DAYS": "60",
}


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        await opened.endpoint("hook")
        opened.inbox.open()
        yield opened
        await opened.inbox.aclose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env(environment(tmp_path, "sqlite:///unused") | DAYS)


def retention(house: House, settings: Settings) -> Retention:
    return Retention(house.storage, settings, house.clock)


def days_ago(house: House, days: float) -> datetime:
    return house.clock.now() - timedelta(days=days)


async def delivery(house: House, state: str, days: float) -> int:
    """A delivery of that age with one try; returns its id."""
    moment = to_ms(days_ago(house, days))
    row = Deliveries(
        tenant_id=OURS,
        instance_id=SHOP,
        endpoint_id=EndpointId("hook"),
        event_id=f"evt_{state}_{days}",
        event_type="message.received",
        payload="{}",
        state=state,
        due=moment,
        created_at=moment,
        finished_at=moment if state in {"delivered", "dead"} else None,
    )
    await row.save()
    await Attempts(delivery_id=row.id, number=1, trigger="schedule", started_at=moment, duration_ms=1).save()
    return int(row.id)


async def test_messages_and_events_go_when_they_are_old(house: House, settings: Settings) -> None:
    for number in range(5):
        await house.inbox.accept(received(f"old {number}"))
    await house.clock.advance(seconds=timedelta(days=366).total_seconds())
    for number in range(3):
        await house.inbox.accept(received(f"new {number}"))
    await Deliveries.delete(force=True)
    await retention(house, settings).prune()
    assert {row["network_id"] for row in await Messages.select()} == {f"new {number}" for number in range(3)}
    assert [row["sequence"] for row in await Events.select().order_by(Events.position)] == [6, 7, 8]
    (usage, *_) = await UsageDays.select().order_by(UsageDays.day)
    assert usage["messages_received"] == 5  # a year's bill outlives its messages


async def test_an_event_with_an_open_delivery_stays(house: House, settings: Settings) -> None:
    owed = await house.inbox.accept(received("owed"))
    paid = await house.inbox.accept(received("paid"))
    assert owed is not None
    assert paid is not None
    await Deliveries.update({Deliveries.state: "delivered", Deliveries.finished_at: to_ms(NOON)}).where(
        Deliveries.event_id == paid.id
    )
    await house.clock.advance(seconds=timedelta(days=31).total_seconds())
    await retention(house, settings).prune()
    assert [row["id"] for row in await Events.select()] == [owed.id]
    assert [row["event_id"] for row in await Deliveries.select()] == [owed.id]


async def test_who_was_online_is_forgotten_after_a_day(house: House, settings: Settings) -> None:
    async def seen(presence: str) -> None:
        ann = Person(address=Address("200"))
        await house.inbox.accept(PresenceChanged(instance_id=SHOP, at=house.clock.now(), person=ann, presence=presence))

    await house.inbox.accept(received("1"))
    await seen("available")
    await Deliveries.delete(force=True)
    await seen("owed")
    await house.clock.advance(seconds=timedelta(hours=25).total_seconds())
    await seen("unavailable")
    await retention(house, settings).prune()
    left = [msgspec.json.decode(row["body"]).get("presence") for row in await Events.select().order_by(Events.position)]
    assert left == [None, "owed", "unavailable"]


async def test_deliveries_go_by_how_they_ended_and_never_while_they_are_owed(house: House, settings: Settings) -> None:
    stays = {
        await delivery(house, state, days)
        for state, days in (("pending", 500), ("leased", 500), ("delivered", 29), ("dead", 59))
    }
    goes = {await delivery(house, state, days) for state, days in (("delivered", 31), ("dead", 61))}
    await retention(house, settings).prune()
    left = {row["id"] for row in await Deliveries.select()}
    assert left == stays
    assert not left & goes


async def test_tries_go_before_their_deliveries(house: House, settings: Settings) -> None:
    old, young = await delivery(house, "delivered", 8), await delivery(house, "delivered", 6)
    await retention(house, settings).prune()
    assert {row["id"] for row in await Deliveries.select()} == {old, young}
    assert [row["delivery_id"] for row in await Attempts.select()] == [young]


async def test_activity_audit_answers_and_ended_tokens_go(house: House, settings: Settings) -> None:
    for days in (91, 89):
        at = days_ago(house, days)
        await house.storage.activity.add(
            [NewActivity(tenant_id=OURS, instance_id=SHOP, action=f"{days} days ago", at=at)]
        )
        await house.storage.audit.add(AuditLine(action=f"{days} days ago", result="ok", at=at))
    for hours in (25, 23):
        at = days_ago(house, hours / 24)
        await house.storage.idempotency.open(f"{hours} hours ago", TenantId("ours"), "digest", at)
        await house.storage.revoked_tokens.add(f"ended {hours} hours ago", at)
    await house.storage.revoked_tokens.add("still good", days_ago(house, -1))
    await retention(house, settings).prune()
    assert [row["action"] for row in await Activities.select()] == ["89 days ago"]
    assert [row["action"] for row in await AuditLines.select()] == ["89 days ago"]
    assert [row["key"] for row in await IdempotencyKeys.select()] == ["23 hours ago"]
    assert [row["jti"] for row in await RevokedTokens.select()] == ["still good"]


async def test_much_goes_in_many_small_batches(house: House, settings: Settings) -> None:
    count = 2 * PRUNE_BATCH + 7
    at = days_ago(house, 400)
    await house.storage.activity.add(
        [NewActivity(tenant_id=OURS, instance_id=SHOP, action=str(number), at=at) for number in range(count)]
    )
    assert await house.storage.activity.prune(days_ago(house, 90), PRUNE_BATCH) == PRUNE_BATCH
    assert await Activities.count() == count - PRUNE_BATCH
    assert await retention(house, settings).prune() == count - PRUNE_BATCH
    assert await Activities.count() == 0


async def test_zero_days_keep_for_ever(house: House, settings: Settings) -> None:
    await house.inbox.accept(received("1"))
    await delivery(house, "dead", 5000)
    await house.clock.advance(seconds=timedelta(days=5000).total_seconds())
    keeping = msgspec.structs.replace(settings, **{name.lower(): 0 for name in DAYS})
    assert await retention(house, keeping).prune() == 0
    assert await Messages.count() == await Events.count() == 1
    assert await Deliveries.count() == 2
    assert await Attempts.count() == 1
