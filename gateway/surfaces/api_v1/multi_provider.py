"""`/api/v1/multi-provider`: the same instances once more, in one form for every network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.errors import InstanceNotFound, InvalidInput
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.messages import OutgoingMessage
from gateway.domain.tenants import Principal
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.errors import ErrorBody
from gateway.surfaces.api_v1.field_errors import FieldError, refuse_fields
from gateway.surfaces.api_v1.rates import LENIENT, MODERATE
from gateway.surfaces.api_v1.schemas.multi_provider import (
    ActiveProviders,
    ListedInstance,
    MadeInstance,
    NewProviderBody,
    ProviderChats,
    ProviderContacts,
    ProviderInstances,
    ProviderMediaBody,
    ProviderMediaSent,
    ProviderSent,
    ProviderStats,
    ProviderStatus,
    ProviderTextBody,
    RemovedInstance,
)
from gateway.surfaces.api_v1.schemas.seen import PersonItem, SeenChat
from gateway.surfaces.api_v1.shared import AnyRequest, Here, Limit, Provider, within_budget
from gateway.surfaces.api_v1.words import provider_of
from gateway.surfaces.http import Who, fields_named, iso, services

_READ = refusals(400, 403, 404)
_SEND = refusals(400, 404, 413, 502, 504)
_MANY = 500
_ONE = "/instances/{provider:str}/{instance_id:str}"
_SENT_FIELDS = {"text": "message", "url": "mediaUrl", "file": "mediaUrl"}
Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out at the beginning.")]


def refuse(request: AnyRequest, problem: Exception) -> Response[ErrorBody]:
    """The answer to anything that went wrong; what a body has wrong is listed field by field, without its value."""
    if not (isinstance(problem, InvalidInput) and problem.field and request.method == "POST"):
        return refuse_fields(request, problem)
    code = "VALIDATION_FAILED" if problem.code == InvalidInput.code else problem.code.upper()
    details = [FieldError("field", None, problem.sentence, problem.field, "body")]
    body = ErrorBody(False, "Validation failed", code, message=problem.sentence, details=details)
    return Response(body, status_code=400)


@contextmanager
def _of_config() -> Iterator[None]:
    """What a network says about its settings is said about `config`."""
    try:
        yield
    except InvalidInput as refusal:
        if refusal.field and refusal.field != "name":
            refusal.field = f"config.{refusal.field}"
        raise


async def _instance(request: AnyRequest, who: Principal, provider: str, instance_id: str) -> Instance:
    network = provider_of(provider)
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    if instance.provider is not network:
        raise InstanceNotFound(instance_id)
    return instance


# ---------------------------------------------------------------- instances


@post("/instances", opt=MODERATE, summary="Create an instance", responses=refusals(400, 403, 409, 413))
async def create(request: AnyRequest, who: Who, data: JSONBody[NewProviderBody]) -> MadeInstance:
    """Store an instance and start it in the background: it answers before its network has."""
    require_person(who)
    given = services(request)
    new = data.to_new_instance()
    with _of_config():
        making = given.instances.create(who, new, most=given.settings.instance_limit)
        made = await within_budget(given.settings.manager_timeout, making)
    instance = made.instance
    return MadeInstance(instance.id, instance.provider, "created", made.key or Here.of(request).key_of(instance.id))


@get("/instances", opt=LENIENT, summary="List instances", responses=refusals(400, 403))
async def list_instances(request: AnyRequest, who: Who, provider: Provider = None) -> ProviderInstances:
    """Every instance within reach, however it was made, oldest first."""
    require_person(who)
    network = provider_of(provider) if provider else None
    found = [each for each in await services(request).instances.list(who) if network in (None, each.provider)]
    return ProviderInstances([ListedInstance.of(each) for each in found], len(found))


@get(_ONE + "/status", opt=LENIENT, summary="Where its session stands", responses=_READ)
async def status(request: AnyRequest, who: Who, provider: FromPath[str], instance_id: FromPath[str]) -> ProviderStatus:
    """Whether it is connected, and who it is there."""
    instance = await _instance(request, who, provider, instance_id)
    profile = services(request).live.known_profile(instance)
    return ProviderStatus.of(instance, profile.details if profile else None)


async def _remove(request: AnyRequest, who: Principal, instance: Instance) -> RemovedInstance:
    given = services(request)
    await within_budget(given.settings.manager_timeout, given.instances.delete(who, instance.id))
    return RemovedInstance(instance.id, instance.provider, "deleted")


@delete(_ONE, status_code=200, opt=MODERATE, summary="Delete an instance", responses=_READ)
async def remove(request: AnyRequest, who: Who, provider: FromPath[str], instance_id: FromPath[str]) -> RemovedInstance:
    """Stop it and remove it with everything below it."""
    require_person(who)
    return await _remove(request, who, await _instance(request, who, provider, instance_id))


@delete(
    "/instances/{instance_id:str}", status_code=200, opt=MODERATE, summary="Delete it by its id alone", responses=_READ
)
async def remove_by_id(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> RemovedInstance:
    """The same, whatever its network."""
    require_person(who)
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    return await _remove(request, who, instance)


# ---------------------------------------------------------------- talking


@post(_ONE + "/send-message", status_code=200, summary="Send a text", responses=_SEND)
async def send_message(
    request: AnyRequest,
    who: Who,
    provider: FromPath[str],
    instance_id: FromPath[str],
    data: JSONBody[ProviderTextBody],
) -> ProviderSent:
    """Say a text on whatever network it is."""
    instance = await _instance(request, who, provider, instance_id)
    message = data.to_message()
    with fields_named(_SENT_FIELDS):
        sent = await services(request).messaging.send(who, instance.id, message)
    return ProviderSent(True, sent.id, message.to, instance.provider)


@post(_ONE + "/send-media", status_code=200, summary="Send a file by its URL", responses=_SEND)
async def send_media(
    request: AnyRequest,
    who: Who,
    provider: FromPath[str],
    instance_id: FromPath[str],
    data: JSONBody[ProviderMediaBody],
) -> ProviderMediaSent:
    """Fetch a public http(s) URL and say it as what it is: a photo, a video, music, or else a document."""
    given = services(request)
    instance = await _instance(request, who, provider, instance_id)
    to, url = data.addressed()
    with fields_named(_SENT_FIELDS):
        file = await given.media.from_url(url, caption=data.caption or "", music=True)
        sent = await given.messaging.send(who, instance.id, OutgoingMessage(to=to, content=file))
    return ProviderMediaSent(True, sent.id, to, url, data.caption, instance.provider)


@get(_ONE + "/contacts", summary="Contacts", responses=_READ)
async def contacts(
    request: AnyRequest,
    who: Who,
    provider: FromPath[str],
    instance_id: FromPath[str],
    limit: Limit = _MANY,
    offset: Offset = 0,
) -> ProviderContacts:
    """People it knows, as they are kept here, by name."""
    instance = await _instance(request, who, provider, instance_id)
    found, total = await services(request).contacts.contacts(
        who, instance.id, only_people=True, limit=limit, skip=offset
    )
    return ProviderContacts([PersonItem.of(each) for each in found], total, instance.provider)


@get(_ONE + "/chats", summary="Chats", responses=_READ)
async def chats(
    request: AnyRequest,
    who: Who,
    provider: FromPath[str],
    instance_id: FromPath[str],
    limit: Limit = _MANY,
    offset: Offset = 0,
) -> ProviderChats:
    """Its chats, as they are kept here, with their last message, the one that moved last first."""
    given = services(request).contacts
    instance = await _instance(request, who, provider, instance_id)
    found, total = await given.previews(who, instance.id, limit=limit, skip=offset)
    return ProviderChats([SeenChat.of(each) for each in found], total, instance.provider)


# ---------------------------------------------------------------- at a glance


@get("/stats", opt=LENIENT, summary="Instances by network", responses=refusals(403))
async def stats(request: AnyRequest, who: Who) -> ProviderStats:
    """How many instances each network has, and which."""
    require_person(who)
    given = services(request)
    return ProviderStats.of(await given.instances.list(who), iso(given.clock.now()))


@get("/active-providers", opt=LENIENT, summary="Which networks are in use", responses=refusals(403))
async def active_providers(request: AnyRequest, who: Who) -> ActiveProviders:
    """The instances there are, and the networks they are on."""
    require_person(who)
    found = await services(request).instances.list(who)
    return ActiveProviders(
        [each.id for each in found], len(found), list(dict.fromkeys(each.provider for each in found))
    )


HANDLERS: list[Any] = [
    Router(
        "/",
        route_handlers=[
            create,
            list_instances,
            status,
            remove,
            remove_by_id,
            send_message,
            send_media,
            contacts,
            chats,
            stats,
            active_providers,
        ],
        exception_handlers={Exception: refuse},
    )
]
