"""`/api/instances/{instanceId}`: people as the network knows them now; who is blocked, who is online."""

from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.ids import InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.people import (
    AboutReply,
    CheckBody,
    CheckedNumber,
    CheckedNumbers,
    PersonItem,
    PersonList,
    PictureReply,
    PresenceBody,
)
from gateway.surfaces.api.schemas.whatsapp import Succeeded
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services

_ASK = refusals(400, 401, 403, 404, 429, 500, 502, 504)
_ACT = refusals(400, 401, 403, 404, 413, 429, 500, 502, 504)
_CONTACT = "/{instance_id:str}/contacts/{contact_id:str}"
_BLOCKED = "/{instance_id:str}/blocklist"

Preview = Annotated[bool, QueryParameter(description="A small one, which is quicker.")]


@get("/{instance_id:str}/contacts/live", summary="Contacts as the network has them", responses=_ASK)
async def live_contacts(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> PersonList:
    """The phone's address book and everybody met, asked of the session now."""
    found = await services(request).people.list(who, InstanceId(instance_id))
    return PersonList(contacts=[PersonItem.of(each) for each in found])


@post("/{instance_id:str}/contacts/check", status_code=200, summary="Which numbers are there", responses=_ACT)
async def check(request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[CheckBody]) -> CheckedNumbers:
    """Whether phone numbers are on the network, in the order asked."""
    checked = await services(request).people.check(who, InstanceId(instance_id), data.phones)
    return CheckedNumbers(numbers=[CheckedNumber.of(each) for each in checked])


@get(_CONTACT + "/picture", summary="A profile picture", responses=_ASK)
async def picture(
    request: AnyRequest, who: Who, instance_id: FromPath[str], contact_id: FromPath[str], preview: Preview = False
) -> PictureReply:
    """Where the picture of a person or group lies; 404 when there is none."""
    found = await services(request).people.picture(who, InstanceId(instance_id), contact_id, preview=preview)
    return PictureReply.of(found)


@get(_CONTACT + "/about", summary="What somebody says about themselves", responses=_ASK)
async def about(request: AnyRequest, who: Who, instance_id: FromPath[str], contact_id: FromPath[str]) -> AboutReply:
    """Empty when it is nothing, or hidden."""
    return AboutReply(about=await services(request).people.about(who, InstanceId(instance_id), contact_id))


@post(_CONTACT + "/presence", status_code=200, summary="Watch whether somebody is online", responses=_ASK)
async def watch(request: AnyRequest, who: Who, instance_id: FromPath[str], contact_id: FromPath[str]) -> Succeeded:
    """From now on tell `presence` of this person, until the connection ends."""
    await services(request).people.watch(who, InstanceId(instance_id), contact_id)
    return Succeeded()


@put("/{instance_id:str}/presence", summary="Be seen as online or not", responses=_ACT)
async def set_presence(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[PresenceBody]
) -> Succeeded:
    """How others see the instance itself."""
    await services(request).people.set_presence(who, InstanceId(instance_id), data.available)
    return Succeeded()


@get(_BLOCKED, summary="Who is blocked", responses=_ASK)
async def blocked(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> PersonList:
    """The block list of the account."""
    found = await services(request).people.blocked(who, InstanceId(instance_id))
    return PersonList(contacts=[PersonItem.of(each) for each in found])


@put(_BLOCKED + "/{contact_id:str}", summary="Block somebody", responses=_ASK)
async def block(request: AnyRequest, who: Who, instance_id: FromPath[str], contact_id: FromPath[str]) -> Succeeded:
    """Nothing of theirs arrives any more."""
    await services(request).people.set_blocked(who, InstanceId(instance_id), contact_id, True)
    return Succeeded()


@delete(_BLOCKED + "/{contact_id:str}", status_code=200, summary="Unblock somebody", responses=_ASK)
async def unblock(request: AnyRequest, who: Who, instance_id: FromPath[str], contact_id: FromPath[str]) -> Succeeded:
    """What they write from now on arrives."""
    await services(request).people.set_blocked(who, InstanceId(instance_id), contact_id, False)
    return Succeeded()


HANDLERS: list[Any] = [live_contacts, check, picture, about, watch, set_presence, blocked, block, unblock]
