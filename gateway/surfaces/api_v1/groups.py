"""`/api/v1/groups`: the groups one instance is in, asked of its network now."""

from typing import Any

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from gateway.domain.errors import InvalidInput, NetworkRefused, NetworkUnreachable, NotFound, Unsupported
from gateway.domain.groups import MemberChange
from gateway.domain.ids import Address
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.chats import DEFAULT_MESSAGES, MessageLimit, Query, last_messages, words_of
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.group_ids import group_of
from gateway.surfaces.api_v1.refusals import require_ready
from gateway.surfaces.api_v1.schemas.chats import MessageItem
from gateway.surfaces.api_v1.schemas.groups import (
    AddedReply,
    GroupItem,
    NewGroupBody,
    NewGroupReply,
    ParticipantsBody,
    RemovedReply,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, services

_ASK = refusals(400, 404, 501, 502, 504)
_ACT = refusals(400, 404, 413, 501, 502, 504)
_FIELDS = {"subject": "name", "members": "participants"}


@get("/groups", summary="Its groups", responses=_ASK)
async def groups(request: AnyRequest, who: Who, instance: OneInstance) -> list[GroupItem]:
    """The groups it is in."""
    require_ready(instance)
    return [GroupItem.of(each) for each in await services(request).groups.list(who, instance.id)]


@get("/groups/search", summary="Find a group", responses=_ASK)
async def search(request: AnyRequest, who: Who, instance: OneInstance, asked: Query = None) -> list[GroupItem]:
    """Groups with these words in the name or description, whatever the case."""
    words = words_of(asked).casefold()
    require_ready(instance)
    found = await services(request).groups.list(who, instance.id)
    return [GroupItem.of(each) for each in found if words in f"{each.subject}\n{each.description}".casefold()]


@get("/groups/{group_id:str}", summary="One group", responses=_ASK)
async def show(request: AnyRequest, who: Who, instance: OneInstance, group_id: FromPath[str]) -> GroupItem:
    """One group with its participants."""
    require_ready(instance)
    address = await group_of(request, who, instance, group_id)
    return GroupItem.of(await services(request).groups.get(who, instance.id, address))


@post("/groups", status_code=200, summary="Make a group", responses=_ACT)
async def create(request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[NewGroupBody]) -> NewGroupReply:
    """Make a group with these people. Who could not be added can still come by the invite code."""
    return await group_made(request, who, instance, data)


async def group_made(request: AnyRequest, who: Principal, instance: Instance, data: NewGroupBody) -> NewGroupReply:
    """The same for every path of it."""
    name, people = data.checked()
    require_ready(instance)
    given = services(request)
    with fields_named(_FIELDS):
        made = await given.groups.create(who, instance.id, name, people)
    try:
        link = await given.groups.invite_link(who, instance.id, made.address)
    except (NetworkRefused, NetworkUnreachable):
        return NewGroupReply(made.address)  # the group is there, and that is what was asked
    return NewGroupReply(made.address, link.rpartition("/")[2])


@get("/groups/{group_id:str}/messages", summary="What was said in a group", responses=_ASK)
async def messages(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    group_id: FromPath[str],
    limit: MessageLimit = DEFAULT_MESSAGES,
) -> list[MessageItem]:
    """The last messages of a group, oldest first."""
    return await group_messages(request, who, instance, group_id, limit)


async def group_messages(
    request: AnyRequest, who: Principal, instance: Instance, group_id: str, limit: int
) -> list[MessageItem]:
    """The same for every path of it."""
    require_ready(instance)
    address = await group_of(request, who, instance, group_id)
    found = await last_messages(request, who, instance.id, address, limit)
    if not found:
        await _be_there(request, who, instance, address)
    return found


async def _be_there(request: AnyRequest, who: Principal, instance: Instance, group: Address) -> None:
    """Raises NotFound for a group that the instance is not in, as far as its network tells."""
    try:
        await services(request).groups.get(who, instance.id, group)
    except Unsupported:
        raise NotFound("Group not found") from None


@post(
    ["/groups/{group_id:str}/participants/add", "/groups/{group_id:str}/participants"],
    status_code=200,
    summary="Add participants",
    responses=_ACT,
)
async def add(
    request: AnyRequest, who: Who, instance: OneInstance, group_id: FromPath[str], data: JSONBody[ParticipantsBody]
) -> AddedReply:
    """Add people to a group. Each has a fate of their own: look at `failed`."""
    return await participants_added(request, who, instance, group_id, data)


async def participants_added(
    request: AnyRequest, who: Principal, instance: Instance, group_id: str, data: ParticipantsBody
) -> AddedReply:
    """The same for every path of it."""
    people = data.checked()
    require_ready(instance)
    address = await group_of(request, who, instance, group_id)
    with fields_named(_FIELDS):
        fates = await services(request).groups.change_members(who, instance.id, address, MemberChange.ADD, people)
    return AddedReply.of(fates)


@delete(
    "/groups/{group_id:str}/participants/{number:str}", status_code=200, summary="Remove a participant", responses=_ASK
)
async def remove(
    request: AnyRequest, who: Who, instance: OneInstance, group_id: FromPath[str], number: FromPath[str]
) -> RemovedReply:
    """Remove somebody from a group."""
    require_ready(instance)
    address = await group_of(request, who, instance, group_id)
    try:
        person = await services(request).live.address(who, instance.id, number)
    except InvalidInput as refusal:
        raise NotFound(refusal.sentence) from None
    fates = await services(request).groups.change_members(who, instance.id, address, MemberChange.REMOVE, [person])
    return RemovedReply.of(fates)


HANDLERS: list[Any] = [groups, search, show, create, messages, add, remove]
