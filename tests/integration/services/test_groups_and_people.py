"""Groups and people are asked of the network: by those who may, under the one address everything is stored under."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.errors import InvalidInput, NotConnected, NotFound, NotYours, Unsupported
from gateway.domain.groups import Group, GroupChange, Member, MemberChange, MemberResult
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import OutgoingMessage, Person, SentMessage
from gateway.domain.tenants import Principal
from gateway.providers.contract import SessionContext
from gateway.services.addresses import Addresses
from gateway.services.groups import Groups
from gateway.services.live import MOST_ADDRESSES, Live
from gateway.services.people import MOST_NUMBERS, People
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage
from tests.clock import ManualClock
from tests.integration.services.conftest import Gate

TEAM = Address("team@g")


@dataclass
class Village:
    """A network of one village: everybody is `<number>@v`, and groups end in `@g`."""

    groups: dict[Address, Group] = field(default_factory=dict)
    pictures: dict[Address, Picture] = field(default_factory=dict)


class Villager:
    """A session that knows people and manages groups, and cannot do anything else."""

    def __init__(self, context: SessionContext, village: Village) -> None:
        self._context = context
        self._village = village

    async def run(self) -> None:
        self._context.report.connected()
        await asyncio.Event().wait()

    async def send(self, message: OutgoingMessage) -> SentMessage:
        raise AssertionError("nobody sends in these tests")

    async def people(self) -> Sequence[Person]:
        return []

    async def check_numbers(self, numbers: Sequence[str]) -> Sequence[NumberCheck]:
        return [NumberCheck(number=each, exists=each.startswith("49")) for each in numbers]

    async def picture(self, address: Address, *, preview: bool = False) -> Picture | None:
        return self._village.pictures.get(address)

    async def about(self, address: Address) -> str:
        return f"I am {address}"

    async def groups(self) -> Sequence[Group]:
        return list(self._village.groups.values())

    async def group(self, address: Address) -> Group:
        if address not in self._village.groups:
            raise NotFound(f"Group {address} not found")
        return self._village.groups[address]

    async def create_group(self, subject: str, members: Sequence[Address]) -> Group:
        people = tuple(Member(person=Person(address=each)) for each in members)
        self._village.groups[TEAM] = Group(address=TEAM, subject=subject, members=people)
        return self._village.groups[TEAM]

    async def change_group(self, address: Address, change: GroupChange) -> None:
        before = await self.group(address)
        self._village.groups[address] = Group(
            address=address, subject=change.subject or before.subject, members=before.members
        )

    async def change_members(
        self, address: Address, change: MemberChange, members: Sequence[Address]
    ) -> Sequence[MemberResult]:
        return [MemberResult(person=Person(address=each)) for each in members]

    async def leave_group(self, address: Address) -> None:
        del self._village.groups[address]

    async def invite_link(self, address: Address, *, reset: bool = False) -> str:
        return f"https://v.example/{address}/{'new' if reset else 'old'}"

    async def join_group(self, link: str) -> Address:
        return TEAM


class VillageProvider:
    name = ProviderName.TELEGRAM

    def __init__(self, village: Village) -> None:
        self._village = village

    def check(self, config: Mapping[str, object]) -> Credentials:
        return Credentials()

    def open(self, context: SessionContext) -> Villager:
        return Villager(context, self._village)

    def address_of(self, text: str) -> Address:
        if "?" in text:
            raise InvalidInput("Nobody is called that.", field="to")
        return Address(text if "@" in text else f"{text.replace(' ', '').removeprefix('+')}@v")

    async def aclose(self) -> None:
        """Nothing is shared."""


@dataclass
class Place:
    village: Village
    who: Principal
    stranger: Principal
    id: InstanceId
    groups: Groups
    people: People
    live: Live
    registry: Registry


@pytest.fixture
async def place(gate: Gate, storage: Storage, clock: ManualClock) -> AsyncIterator[Place]:
    village = Village()
    providers = {ProviderName.TELEGRAM: VillageProvider(village)}

    async def forgotten(event: object) -> None:
        """What is told of states is no part of these tests."""

    registry = Registry(providers, forgotten, clock, lambda _: None)
    owner, stranger = await gate.let_in("owner@example.com"), await gate.let_in("stranger@example.com")
    instance_id = await gate.instance_of(owner.user)
    who = await gate.by_key(owner.api_key)
    registry.open()
    await registry.start(await storage.instances.get(who, instance_id), Credentials())
    await clock.advance(seconds=0)
    live = Live(storage, registry, Addresses(storage, providers))
    yield Place(
        village=village,
        who=who,
        stranger=await gate.by_key(stranger.api_key),
        id=instance_id,
        groups=Groups(live),
        people=People(live),
        live=live,
        registry=registry,
    )
    await registry.aclose()


async def test_a_group_is_made_of_people_however_their_numbers_are_written(place: Place) -> None:
    made = await place.groups.create(place.who, place.id, " Lunch ", ["+49 151 1", "491511", "491512@v"])
    assert made.subject == "Lunch"
    assert [each.person.address for each in made.members] == ["491511@v", "491512@v"]
    assert await place.groups.list(place.who, place.id) == [made]
    changed = await place.groups.change(place.who, place.id, TEAM, GroupChange(subject="Dinner"))
    assert changed == await place.groups.get(place.who, place.id, TEAM)
    assert changed.subject == "Dinner"
    fates = await place.groups.change_members(place.who, place.id, TEAM, MemberChange.PROMOTE, ["+49 151 2"])
    assert [(each.person.address, each.ok) for each in fates] == [("491512@v", True)]
    assert await place.groups.invite_link(place.who, place.id, TEAM) == "https://v.example/team@g/old"
    assert await place.groups.invite_link(place.who, place.id, TEAM, reset=True) == "https://v.example/team@g/new"
    await place.groups.leave(place.who, place.id, TEAM)
    with pytest.raises(NotFound):
        await place.groups.get(place.who, place.id, TEAM)
    assert await place.groups.join(place.who, place.id, "https://v.example/team") == TEAM


@pytest.mark.parametrize(
    ("subject", "members", "field"),
    [
        ("", ["491511"], "subject"),
        ("x" * 101, ["491511"], "subject"),
        ("two\nlines", ["491511"], "subject"),
        ("Lunch", [], "members"),
        ("Lunch", [" "], "members"),
        ("Lunch", ["who?"], "members"),
        ("Lunch", ["491511"] * (MOST_ADDRESSES + 1), "members"),
    ],
)
async def test_a_group_that_cannot_be_is_refused_before_the_network_is_asked(
    place: Place, subject: str, members: list[str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await place.groups.create(place.who, place.id, subject, members)
    assert refusal.value.field == field
    assert place.village.groups == {}


async def test_a_change_that_changes_nothing_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInput):
        await place.groups.change(place.who, place.id, TEAM, GroupChange())


async def test_numbers_are_checked_in_the_order_asked_and_not_by_the_thousand(place: Place) -> None:
    checked = await place.people.check(place.who, place.id, ["49151", "1202"])
    assert [(each.number, each.exists) for each in checked] == [("49151", True), ("1202", False)]
    for numbers in ([], ["49151"] * (MOST_NUMBERS + 1)):
        with pytest.raises(InvalidInput) as refusal:
            await place.people.check(place.who, place.id, numbers)
        assert refusal.value.field == "phones"


async def test_somebody_without_a_picture_has_none(place: Place) -> None:
    with pytest.raises(NotFound) as refusal:
        await place.people.picture(place.who, place.id, "49151")
    assert refusal.value.code == "no_picture"
    place.village.pictures[Address("49151@v")] = Picture(url="https://v.example/p.jpg")
    assert (await place.people.picture(place.who, place.id, "+49 151")).url == "https://v.example/p.jpg"
    assert await place.people.about(place.who, place.id, "49151") == "I am 49151@v"
    with pytest.raises(InvalidInput) as nobody:
        await place.people.about(place.who, place.id, "who?")
    assert nobody.value.field == "contactId"


async def test_what_a_session_cannot_do_is_refused_and_listed_as_missing(place: Place) -> None:
    assert await place.live.capabilities(place.who, place.id) == ("people", "group_info", "groups")
    for refused in (
        place.people.blocked(place.who, place.id),
        place.people.set_presence(place.who, place.id, True),
        place.people.watch(place.who, place.id, "49151"),
    ):
        with pytest.raises(Unsupported):
            await refused


async def test_a_stranger_reaches_nothing_and_nobody_reaches_what_does_not_run(place: Place) -> None:
    with pytest.raises(NotYours):
        await place.groups.list(place.stranger, place.id)
    with pytest.raises(NotYours):
        await place.people.check(place.stranger, place.id, [])
    await place.registry.stop(place.id)
    with pytest.raises(NotConnected):
        await place.groups.list(place.who, place.id)
