"""`/api/instances/{instanceId}/groups`: the groups an instance is in."""

from typing import Any

from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.groups import (
    GroupChangesBody,
    GroupItem,
    GroupList,
    InviteLink,
    JoinBody,
    JoinedGroup,
    MemberFate,
    MemberFates,
    MembersBody,
    NewGroupBody,
)
from gateway.surfaces.api.schemas.whatsapp import Succeeded
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services

_ASK = refusals(400, 401, 403, 404, 429, 500, 502, 504)
_ACT = refusals(400, 401, 403, 404, 413, 429, 500, 502, 504)
_GROUPS = "/{instance_id:str}/groups"
_GROUP = _GROUPS + "/{group_id:str}"


@get(_GROUPS, summary="Groups", responses=_ASK)
async def groups(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> GroupList:
    """The groups the instance is in, asked of the network now."""
    found = await services(request).groups.list(who, InstanceId(instance_id))
    return GroupList(groups=[GroupItem.of(each) for each in found])


@post(_GROUPS, summary="Make a group", responses=_ACT)
async def create(request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[NewGroupBody]) -> GroupItem:
    """Make a group with these people. Who could not be added is missing in the answer."""
    return GroupItem.of(await services(request).groups.create(who, InstanceId(instance_id), data.subject, data.members))


@post(_GROUPS + "/join", status_code=200, summary="Join a group", responses=_ACT)
async def join(request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[JoinBody]) -> JoinedGroup:
    """Join by an invite link or its code."""
    return JoinedGroup(id=await services(request).groups.join(who, InstanceId(instance_id), data.link))


@get(_GROUP, summary="Show a group", responses=_ASK)
async def show(request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str]) -> GroupItem:
    """One group with its members."""
    return GroupItem.of(await services(request).groups.get(who, InstanceId(instance_id), group_id))


@put(_GROUP, summary="Change a group", responses=_ACT)
async def change(
    request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str], data: JSONBody[GroupChangesBody]
) -> GroupItem:
    """Change what was given; the answer is the group as it is then."""
    return GroupItem.of(await services(request).groups.change(who, InstanceId(instance_id), group_id, data.to_change()))


@post(_GROUP + "/members", status_code=200, summary="Add, remove, promote or demote members", responses=_ACT)
async def change_members(
    request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str], data: JSONBody[MembersBody]
) -> MemberFates:
    """Each member has a fate of its own; look at every result."""
    results = await services(request).groups.change_members(
        who, InstanceId(instance_id), group_id, data.action, data.members
    )
    return MemberFates(results=[MemberFate.of(each) for each in results])


@post(_GROUP + "/leave", status_code=200, summary="Leave a group", responses=_ASK)
async def leave(request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str]) -> Succeeded:
    """Leave it; what was said there stays stored."""
    await services(request).groups.leave(who, InstanceId(instance_id), group_id)
    return Succeeded()


@get(_GROUP + "/invite", summary="The invite link", responses=_ASK)
async def invite(request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str]) -> InviteLink:
    """The link others can join with."""
    return InviteLink(link=await services(request).groups.invite_link(who, InstanceId(instance_id), group_id))


@post(_GROUP + "/invite/reset", status_code=200, summary="Replace the invite link", responses=_ASK)
async def reset_invite(
    request: AnyRequest, who: Who, instance_id: FromPath[str], group_id: FromPath[str]
) -> InviteLink:
    """A new link; the old one is useless from now on."""
    link = await services(request).groups.invite_link(who, InstanceId(instance_id), group_id, reset=True)
    return InviteLink(link=link)


HANDLERS: list[Any] = [groups, create, join, show, change, change_members, leave, invite, reset_invite]
