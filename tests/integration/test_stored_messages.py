"""Stored messages across chats and instances: what is counted into which day, what is listed, what is cleaned up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from gateway.domain.errors import InvalidInput, NotYours
from gateway.domain.events import HistoryReceived, MessageReceived
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import ChatKind, Location, Media, MediaKind, MessageSource
from gateway.domain.stored_messages import MessageChoice, MessageCounts
from gateway.domain.tenants import Principal
from gateway.domain.usage import Calendar
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.services.addresses import Addresses
from gateway.services.retention import PRUNE_BATCH
from gateway.services.stored_messages import StoredMessages
from gateway.settings import Settings
from gateway.storage.messages import NewMessage
from gateway.storage.tables import Instances, Messages
from gateway.storage.times import to_ms
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
    instance,
    open_house,
    received,
    sent,
)

GROUP = chat("-500", ChatKind.GROUP, "Friends")
ALL = MessageChoice()
LABEL = MessageChoice(label="acme")


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        opened.inbox.open()
        yield opened
        await opened.inbox.aclose()


def stored_in(house: House, zone: str = "UTC") -> StoredMessages:
    return StoredMessages(house.storage, Addresses(house.storage, {}), house.clock, Calendar(ZoneInfo(zone)))


async def listed(house: House, choice: MessageChoice = ALL, *, who: Principal = OWNER, skip: int = 0) -> list[str]:
    page = await stored_in(house).page(who, choice, limit=10, skip=skip)
    return [each.message.message.network_id for each in page]


async def came(house: House, moment: str, network_id: str) -> None:
    """A message that came at this moment, whenever that is."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    message = replace(received(network_id).message, sent_at=at)
    new = NewMessage(tenant_id=OURS, instance_id=SHOP, message=message)
    await house.storage.messages.insert_new([new], at)


async def now_is(house: House, moment: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    await house.clock.advance(seconds=(at - house.clock.now()).total_seconds())


def counted(**more: int) -> MessageCounts:
    return MessageCounts(
        **dict.fromkeys(("total", "text", "media", "group", "today", "this_week", "this_month"), 0) | more
    )


async def test_every_kind_is_counted_once_and_where_it_belongs(house: House) -> None:
    assert await stored_in(house).counts(OWNER, ALL) == counted()
    picture = Media(media=MediaKind.IMAGE, ref="r", caption="look")
    for event in (
        received("1"),
        received("2", content=picture),
        received("3", content=Location(latitude=1, longitude=2)),
        received("4", where=GROUP),
        sent("5", where=GROUP),
        received("6", at=CAFE, where=chat("@news", ChatKind.CHANNEL)),
        received("7", at=ELSEWHERE),
    ):
        await house.inbox.accept(event)
    found = await stored_in(house).counts(OWNER, ALL)
    assert found == counted(total=6, text=4, media=1, group=2, today=6, this_week=6, this_month=6)
    assert found.private == 4
    shop = await stored_in(house).counts(OWNER, MessageChoice(instance_id=SHOP))
    assert (shop.total, shop.group, shop.private) == (5, 2, 3)


@pytest.mark.parametrize(
    ("zone", "now", "borders"),
    [
        # Thursday the first of January: the month began later than the week.
        ("UTC", "2026-01-01T12:00", ("2026-01-01T00:00", "2025-12-29T00:00", "2026-01-01T00:00")),
        ("Asia/Kolkata", "2026-01-14T18:30", ("2026-01-14T18:30", "2026-01-11T18:30", "2025-12-31T18:30")),
        ("Europe/Berlin", "2026-03-29T21:59", ("2026-03-28T23:00", "2026-03-22T23:00", "2026-02-28T23:00")),
        ("America/Los_Angeles", "2026-03-02T07:59", ("2026-03-01T08:00", "2026-02-23T08:00", "2026-03-01T08:00")),
    ],
)
async def test_a_message_counts_from_the_first_millisecond_of_its_day_week_and_month(
    house: House, zone: str, now: str, borders: tuple[str, str, str]
) -> None:
    await now_is(house, now)
    expected = [0, 0, 0]
    moments = [datetime.fromisoformat(each) for each in borders]
    for number, border in enumerate(sorted(set(moments))):
        for beside, moment in (("just before", border - timedelta(milliseconds=1)), ("at once", border)):
            await came(house, moment.isoformat(), f"{number} {beside}")
            expected = [count + (moment >= each) for count, each in zip(expected, moments, strict=True)]
    found = await stored_in(house, zone).counts(OWNER, ALL)
    assert [found.today, found.this_week, found.this_month] == expected
    assert found.total == 2 * len(set(moments))


async def test_a_page_is_newest_first_and_goes_on_where_the_last_one_ended(house: House) -> None:
    for number in range(25):
        await house.inbox.accept(received(str(number), where=GROUP if number % 2 else chat()))
        await house.clock.advance(seconds=1)
    pages = [await listed(house, MessageChoice(instance_id=SHOP), skip=skip) for skip in (0, 10, 20, 30)]
    assert [each for page in pages for each in page] == [str(number) for number in reversed(range(25))]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert await listed(house, MessageChoice(is_group=True)) == [str(number) for number in range(23, 4, -2)]
    assert await listed(house, MessageChoice(is_group=False), skip=10) == ["4", "2", "0"]
    assert await listed(house, MessageChoice(chats=frozenset({Address("100")})), skip=12) == ["0"]
    assert await listed(house, MessageChoice(chats=frozenset())) == []


async def test_messages_of_different_chats_with_the_same_id_are_different_messages(house: House) -> None:
    """Telegram counts the messages of each chat from one."""
    for where in (chat("100"), chat("200"), GROUP):
        await house.inbox.accept(received("1", where=where))
    await house.inbox.accept(received("1", where=chat("100"), at=CAFE))
    again = await house.inbox.accept(received("1", where=chat("200")))
    assert again is None  # a redelivery is one
    page = await stored_in(house).page(OWNER, ALL, limit=10, skip=0)
    found = sorted((each.instance.id, each.message.message.chat.address) for each in page)
    assert found == [("cafe", "100"), ("shop", "-500"), ("shop", "100"), ("shop", "200")]
    assert len({each.message.id for each in page}) == 4
    assert (await stored_in(house).counts(OWNER, ALL)).total == 4


async def test_a_label_opens_nothing_of_another_tenant(house: House) -> None:
    for each in (SHOP, CAFE, ELSEWHERE):
        await house.inbox.accept(received(each, at=each))
    await Instances.update({Instances.label: "acme"}).where(Instances.id.is_in([SHOP, ELSEWHERE]))
    theirs = replace(OWNER, tenant_id=THEIRS)
    assert await listed(house, LABEL) == [SHOP]
    assert await listed(house, LABEL, who=theirs) == [ELSEWHERE]
    assert [(await stored_in(house).counts(who, LABEL)).total for who in (OWNER, theirs)] == [1, 1]
    assert await listed(house, MessageChoice(label="")) == [CAFE]
    # A key reaches its own instance, whatever it asks for.
    key = replace(OWNER, instance_id=CAFE)
    assert await listed(house, LABEL, who=key) == []
    assert await listed(house, who=key) == [CAFE]
    for work in (
        stored_in(house).page(OWNER, MessageChoice(instance_id=ELSEWHERE), limit=1, skip=0),
        stored_in(house).counts(OWNER, MessageChoice(instance_id=ELSEWHERE)),
        stored_in(house).clean(OWNER, ELSEWHERE, days=1),
    ):
        with pytest.raises(NotYours):
            await work
    assert await Messages.exists().where(Messages.instance_id == ELSEWHERE)


async def test_a_network_is_chosen_by_its_name(house: House) -> None:
    linked = replace(instance(InstanceId("linked"), OURS), provider=ProviderName.WHATSAPP)
    await house.storage.instances.create(linked, Credentials(), None)
    for each in (SHOP, linked.id):
        await house.inbox.accept(received(each, at=each))
    assert await listed(house, MessageChoice(provider=ProviderName.WHATSAPP)) == ["linked"]
    assert await listed(house, MessageChoice(provider=ProviderName.TELEGRAM)) == [SHOP]


async def test_a_chat_is_found_however_it_is_written(house: House, tmp_path: Path) -> None:
    providers = make_providers(Settings(data_dir=tmp_path), Egress(EgressPolicy()))
    linked = replace(instance(InstanceId("linked"), OURS), provider=ProviderName.WHATSAPP, label="acme")
    await house.storage.instances.create(linked, Credentials(), None)
    await Instances.update({Instances.label: "acme"}).where(Instances.id == SHOP)
    for network_id, where in (("to Ann", "15550002222@s.whatsapp.net"), ("to a group", "120363@g.us")):
        await house.inbox.accept(received(network_id, at=linked.id, where=chat(where)))
    await house.inbox.accept(received("on Telegram", where=chat("15550002222")))
    addresses = Addresses(house.storage, providers)
    stored = StoredMessages(house.storage, addresses, house.clock, Calendar())

    async def found(choice: MessageChoice, text: str) -> list[str]:
        page = await stored.page(OWNER, choice, chat=text, limit=10, skip=0)
        return [each.message.message.network_id for each in page]

    for text in ("15550002222@c.us", "15550002222@s.whatsapp.net", "+1 (555) 000-2222"):
        assert await found(MessageChoice(instance_id=linked.id), text) == ["to Ann"]
        assert await found(LABEL, text) == ["to Ann"]
    # One number may be somebody on each of two networks; each network has its own way to write it.
    assert sorted(await found(LABEL, "15550002222")) == ["on Telegram", "to Ann"]
    assert await found(LABEL, "120363@g.us") == ["to a group"]
    assert await found(LABEL, "nobody") == []
    assert await found(MessageChoice(label="nobody has it"), "15550002222") == []
    with pytest.raises(InvalidInput):
        await found(MessageChoice(instance_id=linked.id), "nobody")


async def test_what_brought_a_message_is_kept(house: House) -> None:
    await house.inbox.accept(received("somebody wrote"))
    await house.inbox.accept(sent("on the phone"))
    await house.inbox.accept(replace(sent("by a program"), source=MessageSource.API))
    past = tuple(
        replace(each.message, network_id=f"past {each.message.network_id}") for each in (received("1"), sent("2"))
    )
    await house.inbox.accept(HistoryReceived(instance_id=SHOP, at=NOON, messages=past))
    await house.inbox.accept(sent("before this was written down"))
    await Messages.update({Messages.source: ""}).where(Messages.network_id == "before this was written down")
    page = await stored_in(house).page(OWNER, ALL, limit=10, skip=0)
    assert {each.message.message.network_id: each.message.source.value for each in page} == {
        "somebody wrote": "user",
        "on the phone": "device",
        "by a program": "api",
        "past 1": "user",
        "past 2": "device",
        "before this was written down": "api",
    }


async def test_cleaning_up_takes_what_is_old_and_nothing_that_is_fresh(house: House) -> None:
    now = house.clock.now()
    day = timedelta(days=1)
    moments = {
        "old": now - 30 * day - timedelta(milliseconds=1),
        "thirty days to the millisecond": now - 30 * day,
        "yesterday": now - day,
        "now": now,
    }
    for network_id, moment in moments.items():
        await came(house, moment.replace(tzinfo=None).isoformat(), network_id)
    # Said long ago and brought only now, by a network that had kept it.
    late = received("late")
    late = MessageReceived(instance_id=SHOP, at=NOON, message=replace(late.message, sent_at=now - 400 * day))
    await house.inbox.accept(late)
    assert await stored_in(house).clean(OWNER, SHOP, days=30) == 1
    assert sorted(await listed(house)) == sorted({*moments, "late"} - {"old"})
    assert await stored_in(house).clean(OWNER, SHOP, days=30) == 0
    assert await stored_in(house).clean(OWNER, SHOP, days=1) == 1
    assert sorted(await listed(house)) == ["late", "now", "yesterday"]


async def test_cleaning_up_ends_only_when_nothing_old_is_left_and_touches_no_other_instance(house: House) -> None:
    old = NOON - timedelta(days=100)
    news = [
        NewMessage(tenant_id=tenant, instance_id=where, message=received(str(number)).message)
        for where, tenant in ((SHOP, OURS), (CAFE, OURS), (ELSEWHERE, THEIRS))
        for number in range(PRUNE_BATCH + 1)
    ]
    await house.storage.messages.insert_new(news, old)
    await house.inbox.accept(received("fresh"))
    before = await Instances.select()
    assert await stored_in(house).clean(OWNER, SHOP, days=30) == PRUNE_BATCH + 1
    left = await Messages.select(Messages.instance_id, Messages.created_at)
    assert [row for row in left if row["instance_id"] == SHOP] == [
        {"instance_id": SHOP, "created_at": to_ms(house.clock.now())}
    ]
    assert len(left) == 2 * (PRUNE_BATCH + 1) + 1
    assert await Instances.select() == before
