"""The one door for events: all that follows from one is written together, once, in order, or not at all."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.domain.errors import NotFound, StorageUnavailable
from gateway.domain.events import (
    CallReceived,
    MessageEdited,
    PresenceChanged,
    SessionConnected,
    SessionDisconnected,
    SessionRestricted,
    SessionStalled,
)
from gateway.domain.ids import Address, EndpointId, InstanceId, TenantId
from gateway.domain.instances import SessionState, SessionStateKind
from gateway.domain.messages import ChatKind, Media, MediaKind, MessageStatus, Person, Text
from gateway.domain.usage import Counters
from gateway.domain.webhooks import EventFilter
from gateway.storage.tables import (
    ALL_TABLES,
    Activities,
    Chats,
    Contacts,
    Deliveries,
    Events,
    Messages,
    Sequences,
    UsageDays,
)
from tests.clock import ManualClock
from tests.integration.house import (
    CAFE,
    ELSEWHERE,
    NOON,
    OURS,
    OWNER,
    SHOP,
    THEIRS,
    House,
    chat,
    entered,
    got,
    open_house,
    received,
    sent,
)
from tests.postgres import PostgresServer, running_server


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        opened.inbox.open()
        yield opened
        await opened.inbox.aclose()


async def counted() -> dict[str, int]:
    """How many rows each table has."""
    return {table._meta.tablename: await table.count() for table in ALL_TABLES}


async def status_of(network_id: str) -> str:
    row = await Messages.select(Messages.status).where(Messages.network_id == network_id).first()
    assert row is not None
    return str(row["status"])


# ---------------------------------------------------------------- once


async def test_a_redelivered_message_stops_quietly(house: House) -> None:
    await house.endpoint("hook")
    first = await house.inbox.accept(received("1"))
    assert first is not None
    before = await counted()
    assert await house.inbox.accept(received("1")) is None
    assert await counted() == before
    assert [each.id for each in house.told] == [first.id]


async def test_a_message_redelivered_in_the_same_breath_stops_too(house: House) -> None:
    answers = await asyncio.gather(*(house.inbox.accept(received("1")) for _ in range(20)))
    assert sum(answer is not None for answer in answers) == 1
    assert await Messages.count() == await Events.count() == 1


async def test_the_same_number_in_another_chat_or_instance_is_another_message(house: House) -> None:
    news = [received("1"), received("1", where=chat("200")), received("1", at=CAFE), received("1", at=ELSEWHERE)]
    answers = await asyncio.gather(*(house.inbox.accept(each) for each in news))
    assert None not in answers
    assert await Messages.count() == 4


async def test_an_event_with_a_known_key_stops_whatever_it_says(house: House) -> None:
    state = SessionState(kind=SessionStateKind.CONNECTED, code="connected", sentence="", at=NOON)
    event = SessionConnected(instance_id=SHOP, at=NOON, state=state, dedupe_key="update-7")
    assert await house.inbox.accept(event) is not None
    assert await house.inbox.accept(event) is None
    assert await house.inbox.accept(received("1", dedupe_key="update-7")) is None
    assert await Messages.count() == 0


# ---------------------------------------------------------------- in order


async def test_fifty_producers_get_numbers_without_a_gap_in_the_order_of_each_chat(house: House) -> None:
    each_says = 20

    async def producer(number: int) -> None:
        where = chat(str(1000 + number % 10))
        for place in range(each_says):
            await house.inbox.accept(received(f"{number}-{place}", where=where))

    await asyncio.gather(*(producer(number) for number in range(50)))
    rows = await Events.select().order_by(Events.position)
    assert len(rows) == len({row["position"] for row in rows}) == len({row["id"] for row in rows}) == 50 * each_says
    sequences: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        sequences[row["conversation"]].append(row["sequence"])
    assert len(sequences) == 10
    assert all(numbers == list(range(1, 5 * each_says + 1)) for numbers in sequences.values())
    assert [each.position for each in house.told] == [row["position"] for row in rows]
    assert (await Sequences.count()) == 10


async def test_positions_go_on_ascending_over_a_restart_with_the_clock_set_back(database_url: str) -> None:
    async with open_house(database_url) as house:
        house.inbox.open()
        first = await house.inbox.accept(received("1"))
        await house.inbox.aclose()
    async with entered(database_url, ManualClock(NOON - timedelta(days=1))) as house:
        house.inbox.open()
        second = await house.inbox.accept(received("2"))
        await house.inbox.aclose()
    assert first is not None
    assert second is not None
    assert second.position > first.position
    assert second.sequence == first.sequence + 1


async def test_a_status_never_goes_backwards(house: House) -> None:
    await house.inbox.accept(sent("1"))
    assert await house.inbox.accept(got("1", MessageStatus.READ)) is not None
    assert await house.inbox.accept(got("1", MessageStatus.DELIVERED)) is None
    assert await house.inbox.accept(got("1", MessageStatus.READ)) is None
    assert await status_of("1") == "read"
    assert await house.inbox.accept(got("1", MessageStatus.PLAYED)) is not None
    assert await status_of("1") == "played"


async def test_statuses_that_come_all_at_once_end_at_the_furthest(house: House) -> None:
    await house.inbox.accept(sent("1"))
    storm = [MessageStatus.DELIVERED, MessageStatus.PLAYED, MessageStatus.READ, MessageStatus.SENT] * 5
    answers = await asyncio.gather(*(house.inbox.accept(got("1", status)) for status in storm))
    assert [answer.event.status for answer in answers if answer] == [MessageStatus.DELIVERED, MessageStatus.PLAYED]  # type: ignore[union-attr]  # only such events were sent
    assert await status_of("1") == "played"


async def test_an_edit_changes_what_is_kept(house: House) -> None:
    await house.inbox.accept(received("1"))
    await house.inbox.accept(
        MessageEdited(instance_id=SHOP, at=NOON, chat=chat(), network_id="1", content=Text(text="other words"))
    )
    (row,) = await Messages.select()
    assert row["text"] == "other words"
    assert row["edited_at"] is not None


# ---------------------------------------------------------------- all or nothing


async def test_one_poisonous_event_fails_alone(house: House) -> None:
    # A lone surrogate is no text to either database.
    poison = received("poison", content=Text(text="\ud800"))
    news = [received("1"), received("2"), poison, received("3"), received("4")]
    answers = await asyncio.gather(*(house.inbox.accept(each) for each in news), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [False, False, True, False, False]
    rows = await Events.select().order_by(Events.position)
    assert [row["sequence"] for row in rows] == [1, 2, 3, 4]
    assert await house.inbox.accept(received("5")) is not None


async def test_a_deleted_instance_is_not_found_and_takes_nobody_along(house: House) -> None:
    await house.inbox.accept(received("1", at=CAFE))
    await house.storage.instances.delete(CAFE)
    answers = await asyncio.gather(
        *(house.inbox.accept(received("2", at=at)) for at in (SHOP, CAFE, InstanceId("never was"), ELSEWHERE)),
        return_exceptions=True,
    )
    assert [isinstance(answer, NotFound) for answer in answers] == [False, True, True, False]
    assert {row["instance_id"] for row in await Events.select(Events.instance_id)} == {SHOP, ELSEWHERE}


async def test_closing_commits_what_was_queued(database_url: str) -> None:
    async with open_house(database_url) as house:
        house.inbox.open()
        waiting = [asyncio.create_task(house.inbox.accept(received(str(number)))) for number in range(600)]
        await asyncio.sleep(0)  # they queue up
        assert house.inbox.backlog == 600
        await house.inbox.aclose()
        assert all(answer is not None for answer in await asyncio.gather(*waiting))
        assert await Events.count() == 600


async def test_a_caller_who_gives_up_does_not_take_the_event_back(house: House) -> None:
    caller = asyncio.create_task(house.inbox.accept(received("1")))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert await house.inbox.accept(received("2")) is not None
    assert [row["sequence"] for row in await Events.select().order_by(Events.position)] == [1, 2]


async def test_with_the_database_away_everybody_is_refused_and_nothing_is_half_written() -> None:
    with running_server() as own_server:
        await refuse_while_away(own_server)


async def refuse_while_away(own_server: PostgresServer) -> None:
    async with open_house(own_server.url()) as house:
        await house.endpoint("hook")
        house.inbox.open()
        await house.inbox.accept(received("0"))
        before = await counted()
        await asyncio.to_thread(own_server.stop, "immediate")
        answers = await asyncio.gather(
            *(house.inbox.accept(received(str(number))) for number in range(1, 40)), return_exceptions=True
        )
        assert all(isinstance(answer, StorageUnavailable) for answer in answers)
        await asyncio.to_thread(own_server.start)
        assert await counted() == before
        again = await asyncio.gather(*(house.inbox.accept(received(str(number))) for number in range(1, 40)))
        assert [answer.sequence for answer in again if answer] == list(range(2, 41))
        await house.inbox.aclose()


# ---------------------------------------------------------------- what follows


async def test_messages_are_counted_by_day(house: House) -> None:
    picture = Media(media=MediaKind.IMAGE, ref="file", size=700)
    await house.endpoint("hook")
    await asyncio.gather(
        house.inbox.accept(received("1")),
        house.inbox.accept(received("2", content=picture)),
        house.inbox.accept(received("2", content=picture)),
        house.inbox.accept(sent("3")),
        house.inbox.accept(sent("4", content=picture, media_size=300)),
        house.inbox.accept(got("3", MessageStatus.READ)),
    )
    (row,) = await UsageDays.select()
    assert (row["tenant_id"], row["instance_id"], row["day"]) == (OURS, SHOP, NOON.date())
    assert {name: row[name] for name in Counters.__struct_fields__} == {
        "messages_sent": 2,
        "messages_received": 2,
        "media_sent": 1,
        "media_received": 1,
        "total_media_size": 1000,
        "api_calls": 0,
        "webhook_sent": 4,
    }


async def test_people_and_chats_are_remembered_as_they_were_last_seen(house: House) -> None:
    club = chat("-500", ChatKind.GROUP, "Club")
    news = chat("-600", ChatKind.CHANNEL, "News")
    bob = Person(address=Address("200"), name="Bob", phone="4930123456")
    robot = Person(address=Address("300"), name="Robot", is_bot=True)
    for event in (
        received("1"),
        received("2", sender=Person(address=Address("100"), name="Ann Marie")),
        received("3", where=club, sender=bob),
        received("4", where=club, sender=robot),
        received("5", where=news, sender=Person(address=Address("-600"), name="News")),
        sent("6"),
    ):
        await house.inbox.accept(event)
    people = {row["address"]: row for row in await Contacts.select()}
    assert set(people) == {"100", "200", "-500", "-600"}
    assert (people["100"]["push_name"], people["100"]["username"]) == ("Ann Marie", "ann")
    assert (people["200"]["number"], people["200"]["is_group"]) == ("4930123456", False)
    assert (people["-500"]["push_name"], people["-500"]["is_group"]) == ("Club", True)
    chats = {row["address"]: (row["kind"], row["title"], row["last_message_at"]) for row in await Chats.select()}
    noon = int(NOON.timestamp() * 1000)
    assert chats == {
        "100": ("private", "Chat 100", noon),
        "-500": ("group", "Club", noon),
        "-600": ("channel", "News", noon),
    }
    assert {row["tenant_id"] for row in people.values()} == {OURS}


async def test_states_are_written_and_told_to_people(house: House) -> None:
    def state(kind: SessionStateKind, code: str) -> SessionState:
        return SessionState(kind=kind, code=code, sentence=f"It is {code}.", at=NOON)

    await asyncio.gather(
        house.inbox.accept(SessionConnected(instance_id=SHOP, at=NOON, state=state(SessionStateKind.CONNECTED, "on"))),
        house.inbox.accept(
            SessionDisconnected(
                instance_id=SHOP,
                at=NOON,
                state=state(SessionStateKind.RECONNECTING, "cut"),
                reason="cut",
                will_reconnect=True,
            )
        ),
    )
    shown = await house.storage.instances.get(OWNER, SHOP)
    assert (shown.state.kind, shown.state.code) == (SessionStateKind.RECONNECTING, "cut")
    rows = await Activities.select().order_by(Activities.id)
    assert [row["action"] for row in rows] == ["session.connected", "session.disconnected"]
    assert '"willReconnect":true' in rows[1]["details"]


async def test_a_restriction_is_kept_with_its_end_and_lifted_with_the_next_state(house: House) -> None:
    until = NOON + timedelta(hours=6)
    restricted = SessionState(
        kind=SessionStateKind.RESTRICTED, code="temporary_ban", sentence="Banned.", at=NOON, until=until
    )
    stalled = SessionState(kind=SessionStateKind.STALLED, code="stalled", sentence="Silence.", at=NOON)
    await house.inbox.accept(SessionRestricted(instance_id=SHOP, at=NOON, state=restricted))
    assert (await house.storage.instances.get(OWNER, SHOP)).state == restricted
    await house.inbox.accept(SessionStalled(instance_id=SHOP, at=NOON, state=stalled))
    assert (await house.storage.instances.get(OWNER, SHOP)).state == stalled
    rows = await Activities.select().order_by(Activities.id)
    assert [row["action"] for row in rows] == ["session.restricted", "session.stalled"]
    assert "temporary_ban" in rows[0]["details"]
    assert "2026-01-01T18:00:00" in rows[0]["details"]


async def test_a_call_is_a_line_for_people_and_starts_no_chat(house: House) -> None:
    ann = Person(address=Address("200"), name="Ann")
    call = CallReceived(
        instance_id=SHOP, at=NOON, call_id="c1", sender=ann, chat=chat("200"), video=True, dedupe_key="call-c1"
    )
    assert await house.inbox.accept(call) is not None
    assert await house.inbox.accept(call) is None
    (line,) = await Activities.select()
    assert (line["action"], '"callId":"c1"' in line["details"]) == ("call.received", True)
    assert await Chats.count() == 0
    assert [row["address"] for row in await Contacts.select()] == ["200"]


async def test_who_is_online_is_told_and_leaves_the_address_book_alone(house: House) -> None:
    await house.endpoint("hook")
    ann = Person(address=Address("200"), name="Ann")
    presence = PresenceChanged(instance_id=SHOP, at=NOON, person=ann, presence="typing", chat=chat("200"))
    assert await house.inbox.accept(presence) is not None
    assert await Deliveries.count() == 1
    assert await Contacts.count() == await Chats.count() == 0


async def test_only_interested_endpoints_are_owed_something(house: House) -> None:
    await house.endpoint("ours")
    await house.endpoint("whole-tenant", instance=None)
    await house.endpoint("off", enabled=False)
    await house.endpoint("deaf", wanted=EventFilter(received=False))
    await house.endpoint("picky", wanted=EventFilter(types=("message.sent",)))
    await house.endpoint("no-groups", wanted=EventFilter(allow_groups=False))
    await house.endpoint("cafe", instance=CAFE)
    await house.endpoint("theirs", tenant=THEIRS, instance=ELSEWHERE)
    await house.endpoint("all-of-theirs", tenant=THEIRS, instance=None)

    accepted = await house.inbox.accept(received("1", where=chat("-500", ChatKind.GROUP)))
    assert accepted is not None
    rows = await Deliveries.select()
    assert {row["endpoint_id"] for row in rows} == {"ours", "whole-tenant"}
    assert house.woken == [frozenset({EndpointId("ours"), EndpointId("whole-tenant")})]
    for row in rows:
        assert (row["tenant_id"], row["instance_id"]) == (OURS, SHOP)
        assert (row["event_id"], row["state"], row["conversation"]) == (accepted.id, "pending", "-500")
        assert '"event":"message_received"' in row["payload"]

    await house.inbox.accept(received("2", at=ELSEWHERE))
    theirs = await Deliveries.select().where(Deliveries.tenant_id == TenantId("theirs"))
    assert {row["endpoint_id"] for row in theirs} == {"theirs", "all-of-theirs"}
