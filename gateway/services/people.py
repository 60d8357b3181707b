"""People on an instance's network: who is there, what they show of themselves, who is blocked, who is online."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.errors import InvalidInput, NotFound, Unsupported
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import Person
from gateway.domain.tenants import Principal
from gateway.providers.contract import BlocksPeople, KnowsPeople, WatchesPresence
from gateway.services.live import Live, check_count

MOST_NUMBERS = 100
"""In one check; networks look hard at who asks about many."""


class People:
    """Each method asks the network now, and raises NotConnected, Unsupported, NetworkRefused, NetworkUnreachable."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def list(self, who: Principal, instance_id: InstanceId) -> Sequence[Person]:
        """The phone's address book and everybody met, as the session knows them."""
        return await (await self._knowing(who, instance_id)).people()

    async def check(self, who: Principal, instance_id: InstanceId, numbers: Sequence[str]) -> Sequence[NumberCheck]:
        """Which of these phone numbers are on the network, in the order asked."""
        session = await self._knowing(who, instance_id)
        check_count(numbers, "phones")
        if len(numbers) > MOST_NUMBERS:
            raise InvalidInput(f"phones must have at most {MOST_NUMBERS} entries", field="phones")
        return await session.check_numbers(numbers)

    async def is_there(self, who: Principal, instance_id: InstanceId, number: str) -> bool:
        """Whether a phone number is on the network; True where nobody can tell, and for an address, which is no number.

        Raises NotConnected, NetworkRefused, NetworkUnreachable.
        """
        session = await self._live.session(who, instance_id)
        if "@" in number or not isinstance(session, KnowsPeople):
            return True
        (check,) = await session.check_numbers([number])
        return check.exists

    async def picture(self, who: Principal, instance_id: InstanceId, person: str, *, preview: bool = False) -> Picture:
        """A profile picture. Raises NotFound when there is none."""
        session = await self._knowing(who, instance_id)
        picture = await session.picture(await self._address(who, instance_id, person), preview=preview)
        if picture is None:
            raise NotFound(f"{person} shows no picture", code="no_picture")
        return picture

    async def about(self, who: Principal, instance_id: InstanceId, person: str) -> str:
        """What somebody says about themselves; empty when nothing or hidden."""
        session = await self._knowing(who, instance_id)
        return await session.about(await self._address(who, instance_id, person))

    async def blocked(self, who: Principal, instance_id: InstanceId) -> Sequence[Person]:
        """Who is blocked."""
        return await (await self._blocking(who, instance_id)).blocked()

    async def set_blocked(self, who: Principal, instance_id: InstanceId, person: str, blocked: bool) -> None:
        """Block or unblock somebody."""
        session = await self._blocking(who, instance_id)
        await session.set_blocked(await self._address(who, instance_id, person), blocked)

    async def watch(self, who: Principal, instance_id: InstanceId, person: str) -> None:
        """From now on tell when this person is online, until the connection ends."""
        session = await self._watching(who, instance_id)
        await session.watch_presence(await self._address(who, instance_id, person))

    async def set_presence(self, who: Principal, instance_id: InstanceId, available: bool) -> None:
        """Be seen as online or not. While online, the phone itself gets no notifications."""
        await (await self._watching(who, instance_id)).set_presence(available)

    async def _knowing(self, who: Principal, instance_id: InstanceId) -> KnowsPeople:
        session = await self._live.session(who, instance_id)
        if not isinstance(session, KnowsPeople):
            raise Unsupported("This provider cannot look people up.")
        return session

    async def _blocking(self, who: Principal, instance_id: InstanceId) -> BlocksPeople:
        session = await self._live.session(who, instance_id)
        if not isinstance(session, BlocksPeople):
            raise Unsupported("This provider cannot block people.")
        return session

    async def _watching(self, who: Principal, instance_id: InstanceId) -> WatchesPresence:
        session = await self._live.session(who, instance_id)
        if not isinstance(session, WatchesPresence):
            raise Unsupported("This provider does not show who is online.")
        return session

    async def _address(self, who: Principal, instance_id: InstanceId, person: str) -> Address:
        return await self._live.address(who, instance_id, person, "contactId")
