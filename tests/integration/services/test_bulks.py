"""A bulk says one thing to many: at its pace, once to each, and over everything that comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.bulks import BulkOrder, BulkProgress, BulkRecipient, BulkState, FailureStrategy, SendState
from gateway.domain.errors import Conflict, NotConnected, NotFound, TooManyRequests
from gateway.domain.ids import Address, BulkId, TenantId, UserId
from gateway.domain.instances import Instance, ProviderName, SessionStateKind
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.services.bulk_outcomes import PATIENCE, UNSURE
from gateway.services.bulks import MOST_OPEN, Bulks
from gateway.services.instances import NewInstance
from gateway.storage.tables import Bulks as BulkRows
from gateway.storage.tables import BulkSends
from tests.clock import ManualClock
from tests.conftest import Until
from tests.process import ADMIN_KEY
from tests.running import RunningGateway, running_gateway
from tests.simulators.telegram import Bot, Fault, TelegramSimulator, User, too_many_requests

STRANGER = Principal(
    tenant_id=TenantId("elsewhere"),
    user_id=UserId("stranger"),
    role=Role.OWNER,
    credential=CredentialKind.API_KEY,
    credential_id="k",
)


@dataclass
class Office:
    """A connected bot of a gateway whose time stands still, and people who have opened it."""

    running: RunningGateway
    clock: ManualClock
    telegram: TelegramSimulator
    bot: Bot
    who: Principal
    instance: Instance
    until: Until
    people: list[User] = field(default_factory=list)

    @property
    def bulks(self) -> Bulks:
        return self.running.gateway.services.bulks

    def order(self, count: int, **more: Any) -> BulkOrder:
        """Something for the first of the people."""
        chosen = tuple(BulkRecipient(to=str(each.id), name=each.first_name) for each in self.people[:count])
        return BulkOrder(recipients=chosen, message="Dear {name}", **more)

    async def create(self, order: BulkOrder) -> BulkId:
        return (await self.bulks.create(self.instance, order)).id

    async def progress(self, bulk_id: BulkId) -> BulkProgress:
        return await self.bulks.progress(self.who, self.instance.id, bulk_id)

    async def over(self, bulk_id: BulkId, *, step: float = 2.0) -> BulkProgress:
        """The bulk when it is over, with as much time as it takes, in steps of so many seconds."""

        async def is_over() -> bool:
            await self.clock.advance(seconds=step)
            return (await self.progress(bulk_id)).bulk.state.is_over

        await self.until(is_over)
        return await self.progress(bulk_id)

    def said(self) -> list[list[str]]:
        """What each of the people was told."""
        return [self.telegram.texts(self.bot, each) for each in self.people]


@asynccontextmanager
async def office_of(
    folder: Path, database_url: str, telegram: TelegramSimulator, until: Until, **env: str
) -> AsyncIterator[Office]:
    clock = ManualClock(datetime.now(UTC))
    async with running_gateway(
        folder, database_url, clock=clock, TELEGRAM_API_BASE=telegram.base_url, **env
    ) as running:
        services = running.gateway.services
        who = await services.auth.authenticate(bearer=None, api_key=ADMIN_KEY, ip="127.0.0.1")
        bot = telegram.add_bot(name="office")
        new = NewInstance(name="office", provider=ProviderName.TELEGRAM, config={"token": bot.token})
        made = (await services.instances.create(who, new)).instance

        async def connected() -> bool:
            return (await services.instances.get(who, made.id)).state.kind is SessionStateKind.CONNECTED

        await until(connected)
        people = [telegram.add_person(name) for name in ("Ann", "Bea", "Cleo", "Dora")]
        for each in people:
            telegram.people.opens(each, bot)
        yield Office(running, clock, telegram, bot, who, made, until, people)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Here it is about who gets what and when. How bulks are kept is tested on both databases, and so are restarts."""
    return sqlite_url


@pytest.fixture
async def office(tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until) -> AsyncIterator[Office]:
    async with office_of(tmp_path, database_url, telegram, until) as opened:
        yield opened


def states(progress: BulkProgress) -> list[SendState]:
    return [each.state for each in progress.sends]


def moments(progress: BulkProgress) -> list[float]:
    """When each had their turn, in seconds."""
    return [each.at.timestamp() for each in progress.sends if each.at is not None]


def fails(office: Office, **what: Any) -> None:
    office.telegram.fault(Fault(method="sendMessage", **what))


async def test_everybody_gets_their_own_words_once(office: Office) -> None:
    bulk_id = await office.create(office.order(4))
    done = await office.over(bulk_id)
    assert done.bulk.state is BulkState.COMPLETED
    assert states(done) == [SendState.SENT] * 4
    assert office.said() == [["Dear Ann"], ["Dear Bea"], ["Dear Cleo"], ["Dear Dora"]]
    assert [each.attempts for each in done.sends] == [1] * 4
    messages = office.running.gateway.services.contacts
    kept, _ = await messages.messages(
        office.who, office.instance.id, Address(str(office.people[0].id)), since=None, until=None, limit=5, skip=0
    )
    assert [each.message.network_id for each in kept if each.message.from_me] == [done.sends[0].message_id]


async def test_between_two_messages_lies_the_delay_and_after_the_last_none(office: Office) -> None:
    slow = await office.over(await office.create(office.order(3, delay_ms=600_000)), step=50)
    fast = await office.over(await office.create(office.order(3, delay_ms=0)))
    first, second, third = moments(slow)
    assert second - first >= 600
    assert third - second >= 600
    assert slow.bulk.finished_at is not None
    assert slow.bulk.finished_at.timestamp() - third < 600
    assert max(moments(fast)) - min(moments(fast)) < 600  # the negative control: it is the delay that takes so long


async def test_a_failure_stops_nobody_else(office: Office) -> None:
    fails(office, code=403, description="Forbidden: bot was blocked by the user")
    done = await office.over(await office.create(office.order(3)))
    assert states(done) == [SendState.FAILED, SendState.SENT, SendState.SENT]
    assert done.bulk.state is BulkState.COMPLETED
    assert "blocked" in (done.sends[0].error or "")


async def test_unless_it_is_to_abort(office: Office) -> None:
    fails(office, code=403, description="Forbidden: bot was blocked by the user")
    done = await office.over(await office.create(office.order(3, strategy=FailureStrategy.ABORT)))
    assert states(done) == [SendState.FAILED, SendState.SKIPPED, SendState.SKIPPED]
    assert done.bulk.state is BulkState.ABORTED
    assert office.said() == [[], [], [], []]


async def test_what_may_have_left_is_not_repeated_however_many_tries_there_are(office: Office) -> None:
    fails(office, drop="after")
    done = await office.over(await office.create(office.order(2, attempts=5)))
    assert states(done) == [SendState.UNKNOWN, SendState.SENT]
    assert done.sends[0].attempts == 1
    assert (done.sends[0].error or "").endswith(UNSURE)
    assert office.said()[:2] == [["Dear Ann"], ["Dear Bea"]]


async def test_a_connection_that_is_lost_is_waited_for(office: Office) -> None:
    bulk_id = await office.create(office.order(2, delay_ms=60_000))
    await office.until(lambda: office.said()[0])
    await office.telegram.go_offline()

    async def waits() -> bool:
        await office.clock.advance(seconds=5)
        send = (await office.progress(bulk_id)).sends[1]
        return send.state is SendState.WAITING and send.error is not None

    await office.until(waits)
    await office.telegram.go_online()
    done = await office.over(bulk_id)
    assert states(done) == [SendState.SENT, SendState.SENT]
    assert done.sends[1].attempts == 1


async def test_but_not_for_ever(office: Office) -> None:
    bulk_id = await office.create(office.order(3, delay_ms=60_000))
    await office.until(lambda: office.said()[0])
    await office.telegram.go_offline()
    done = await office.over(bulk_id, step=20)
    assert states(done) == [SendState.SENT, SendState.FAILED, SendState.FAILED]
    assert "not ready" in (done.sends[2].error or "")


async def test_the_networks_wish_to_wait_is_no_try(office: Office) -> None:
    office.telegram.fault(too_many_requests(7, method="sendMessage"))
    bulk_id = await office.create(office.order(1))
    done = await office.over(bulk_id)
    assert states(done) == [SendState.SENT]
    assert done.sends[0].attempts == 1
    assert done.bulk.started_at is not None
    assert moments(done)[0] - done.bulk.started_at.timestamp() >= 7


async def test_a_wish_to_wait_longer_than_anybody_would_is_a_failure(office: Office) -> None:
    office.telegram.fault(too_many_requests(int(PATIENCE) + 1, method="sendMessage"))
    done = await office.over(await office.create(office.order(2)))
    assert states(done) == [SendState.FAILED, SendState.SENT]


async def test_the_instances_own_pace_is_kept_instead_of_failing(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    async with office_of(tmp_path, sqlite_url, telegram, until, PACE_MESSAGES_PER_MINUTE="2") as office:
        done = await office.over(await office.create(office.order(3, delay_ms=0)))
        assert states(done) == [SendState.SENT] * 3
        first, *_, last = moments(done)
        assert last - first >= 60


async def test_a_used_up_limit_fails_the_rest_at_once(office: Office) -> None:
    async with office.running.client() as client:
        limits = {"maxMessagesSent": 2}
        assert (await client.put(f"/api/instances/{office.instance.id}/usage-limits", json=limits)).status_code == 200
    done = await office.over(await office.create(office.order(4)))
    assert states(done) == [SendState.SENT, SendState.SENT, SendState.FAILED, SendState.FAILED]
    assert "limit" in (done.sends[2].error or "")


async def test_who_is_not_connected_begins_no_bulk(office: Office) -> None:
    await office.running.gateway.services.lifecycle.stop(office.who, office.instance.id)
    with pytest.raises(NotConnected):
        await office.create(office.order(2))
    assert await BulkRows.count() == 0


async def test_an_instance_that_is_stopped_under_way_sends_to_nobody_else(office: Office) -> None:
    bulk_id = await office.create(office.order(3, delay_ms=600_000))
    await office.until(lambda: office.said()[0])
    await office.running.gateway.services.lifecycle.stop(office.who, office.instance.id)
    done = await office.over(bulk_id)
    assert states(done) == [SendState.SENT, SendState.FAILED, SendState.FAILED]
    assert "not ready" in (done.sends[1].error or "")


async def test_cancelled_it_sends_to_nobody_else(office: Office) -> None:
    bulk_id = await office.create(office.order(3, delay_ms=600_000))
    waiting = asyncio.create_task(office.bulks.until_over(office.who, office.instance.id, bulk_id))
    await office.until(lambda: office.said()[0])

    async def sent_one() -> bool:
        return states(await office.progress(bulk_id))[0] is SendState.SENT

    await office.until(sent_one)
    cancelled = await office.bulks.cancel(office.who, office.instance.id, bulk_id)
    assert cancelled.bulk.state is BulkState.CANCELLED
    assert states(cancelled) == [SendState.SENT, SendState.SKIPPED, SendState.SKIPPED]
    assert (await waiting).bulk.state is BulkState.CANCELLED  # whoever waits for it is told
    await office.clock.advance(seconds=3600)
    assert office.said() == [["Dear Ann"], [], [], []]
    assert (await office.bulks.cancel(office.who, office.instance.id, bulk_id)).bulk.state is BulkState.CANCELLED


async def test_what_is_on_its_way_as_it_is_cancelled_ends_by_itself(office: Office) -> None:
    fails(office, delay=0.5)
    bulk_id = await office.create(office.order(2, delay_ms=0))

    async def on_its_way() -> bool:
        return states(await office.progress(bulk_id))[0] is SendState.SENDING

    await office.until(on_its_way)
    cancelled = await office.bulks.cancel(office.who, office.instance.id, bulk_id)
    assert cancelled.bulk.state is BulkState.CANCELLING
    assert states(cancelled) == [SendState.SENDING, SendState.SKIPPED]
    done = await office.over(bulk_id)
    assert done.bulk.state is BulkState.CANCELLED
    assert states(done) == [SendState.SENT, SendState.SKIPPED]


async def test_what_is_over_cannot_be_cancelled(office: Office) -> None:
    bulk_id = await office.create(office.order(1))
    await office.over(bulk_id)
    with pytest.raises(Conflict) as refused:
        await office.bulks.cancel(office.who, office.instance.id, bulk_id)
    assert refused.value.code == "bulk_over"


async def test_one_instance_sends_one_bulk_after_the_other_and_keeps_so_many(office: Office) -> None:
    first = await office.create(office.order(2, delay_ms=600_000))
    others = [await office.create(office.order(1)) for _ in range(MOST_OPEN - 1)]
    with pytest.raises(TooManyRequests) as refused:
        await office.create(office.order(1))
    assert refused.value.code == "too_many_bulks"
    await office.until(lambda: office.said()[0])
    assert (await office.progress(others[0])).bulk.started_at is None
    await office.bulks.cancel(office.who, office.instance.id, first)
    for each in others:
        assert states(await office.over(each)) == [SendState.SENT]
    assert office.said()[0] == ["Dear Ann"] * MOST_OPEN


async def test_another_tenant_knows_of_no_bulk(office: Office) -> None:
    bulk_id = await office.create(office.order(1))
    await office.over(bulk_id)
    with pytest.raises(NotFound):
        await office.bulks.progress(STRANGER, office.instance.id, bulk_id)
    with pytest.raises(NotFound):
        await office.bulks.cancel(STRANGER, office.instance.id, bulk_id)
    assert await office.bulks.page(STRANGER, office.instance.id, limit=10, skip=0) == ([], 0)
    found, total = await office.bulks.page(office.who, office.instance.id, limit=10, skip=0)
    assert ([each.bulk.id for each in found], total) == ([bulk_id], 1)
    assert found[0].counts == {SendState.SENT: 1}


async def test_a_bulk_goes_with_its_instance(office: Office) -> None:
    bulk_id = await office.create(office.order(3, delay_ms=600_000))
    await office.until(lambda: office.said()[0])
    await office.running.gateway.services.instances.delete(office.who, office.instance.id)
    assert (await BulkRows.count(), await BulkSends.count()) == (0, 0)
    waiting = asyncio.create_task(office.bulks.until_over(office.who, office.instance.id, bulk_id))
    while not waiting.done():
        await office.clock.advance(seconds=60)
        await asyncio.sleep(0.01)
    with pytest.raises(NotFound):
        await waiting
    assert office.said() == [["Dear Ann"], [], [], []]
