"""Groups an instance is in: seen, made, changed, left, joined."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.errors import InvalidInput, Unsupported
from gateway.domain.groups import Group, GroupChange, MemberChange, MemberResult
from gateway.domain.ids import Address, InstanceId
from gateway.domain.tenants import Principal
from gateway.providers.contract import ManagesGroups, ShowsGroups
from gateway.services.checks import checked_line
from gateway.services.live import Live

SUBJECT_LONGEST = 100
DESCRIPTION_LONGEST = 2048
"""Characters that WhatsApp takes."""


class Groups:
    """Each method raises NotConnected, Unsupported, and NetworkRefused when the network does not let it."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def list(self, who: Principal, instance_id: InstanceId) -> Sequence[Group]:
        """The groups it is in."""
        return await (await self._session(who, instance_id)).groups()

    async def get(self, who: Principal, instance_id: InstanceId, group: str) -> Group:
        """One group with its members, where the network tells them. Raises NotFound."""
        session = await self._live.session(who, instance_id)
        if not isinstance(session, ShowsGroups):
            raise Unsupported("This provider cannot show groups.")
        try:
            return await session.group(await self._address(who, instance_id, group))
        except InvalidInput as refusal:
            refusal.field = "groupId" if refusal.field == "to" else refusal.field
            raise

    async def create(self, who: Principal, instance_id: InstanceId, subject: str, members: Sequence[str]) -> Group:
        """Make a group with these people; who could not be added is missing in the answer."""
        session = await self._session(who, instance_id)
        name = checked_line(subject, "subject", longest=SUBJECT_LONGEST, required=True)
        people = await self._live.addresses(who, instance_id, members, "members")
        return await session.create_group(name, people)

    async def change(self, who: Principal, instance_id: InstanceId, group: str, change: GroupChange) -> Group:
        """Change its settings; returns the group as it is then. Raises InvalidInput when nothing was given."""
        session = await self._session(who, instance_id)
        address = await self._address(who, instance_id, group)
        if change == GroupChange():
            raise InvalidInput("Give at least one of subject, description and the settings.", field="subject")
        if change.subject is not None:
            checked_line(change.subject, "subject", longest=SUBJECT_LONGEST, required=True)
        if change.description is not None and len(change.description) > DESCRIPTION_LONGEST:
            raise InvalidInput(f"description must have at most {DESCRIPTION_LONGEST} characters", field="description")
        await session.change_group(address, change)
        return await session.group(address)

    async def change_members(
        self, who: Principal, instance_id: InstanceId, group: str, change: MemberChange, members: Sequence[str]
    ) -> Sequence[MemberResult]:
        """Add, remove, promote or demote; each member has a fate of its own."""
        session = await self._session(who, instance_id)
        address = await self._address(who, instance_id, group)
        people = await self._live.addresses(who, instance_id, members, "members")
        return await session.change_members(address, change, people)

    async def leave(self, who: Principal, instance_id: InstanceId, group: str) -> None:
        """Leave it."""
        session = await self._session(who, instance_id)
        await session.leave_group(await self._address(who, instance_id, group))

    async def invite_link(self, who: Principal, instance_id: InstanceId, group: str, *, reset: bool = False) -> str:
        """The link others can join with; `reset` makes the old one useless."""
        session = await self._session(who, instance_id)
        return await session.invite_link(await self._address(who, instance_id, group), reset=reset)

    async def join(self, who: Principal, instance_id: InstanceId, link: str) -> Address:
        """Join by an invite link or its code; returns the group's address."""
        session = await self._session(who, instance_id)
        return await session.join_group(checked_line(link, "link", required=True))

    async def _session(self, who: Principal, instance_id: InstanceId) -> ManagesGroups:
        session = await self._live.session(who, instance_id)
        if not isinstance(session, ManagesGroups):
            raise Unsupported("This provider cannot manage groups.")
        return session

    async def _address(self, who: Principal, instance_id: InstanceId, group: str) -> Address:
        return await self._live.address(who, instance_id, group, "groupId")
