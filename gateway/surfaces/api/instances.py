"""`/api/instances`: made, shown, changed, connected, logged out, removed; and sends for people's own pages."""

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import InstanceId
from gateway.services.checks import require_person
from gateway.surfaces.api import sending
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.auth import Done
from gateway.surfaces.api.schemas.instances import (
    CreatedInstanceReply,
    InstanceChangesBody,
    InstanceList,
    InstanceReply,
    InstanceStatus,
    NewInstanceBody,
    ShownInstance,
    instance_fields,
)
from gateway.surfaces.api.schemas.whatsapp import SendBody, SendMediaBody, SendReply
from gateway.surfaces.api.shared import AnyRequest, IdempotencyKey
from gateway.surfaces.api.uploads import UploadOperation, UploadRequest, read_upload
from gateway.surfaces.http import Who, fields_named, services

_FIELDS = {"url": "webhookUrl", "secret": "webhookSecret"}
_READ = refusals(401, 403, 404, 429, 500)
_LOGOUT = refusals(401, 403, 404, 429, 500, 502, 504)
_SEND = refusals(400, 401, 403, 404, 409, 413, 429, 500, 502, 504)


@post("/", summary="Create an instance", responses=refusals(400, 401, 403, 409, 413, 429, 500))
async def create(request: AnyRequest, who: Who, data: JSONBody[NewInstanceBody]) -> CreatedInstanceReply:
    """Store an instance, with its webhook if it has one, and connect it in the background."""
    require_person(who)
    with fields_named(_FIELDS):
        made = await services(request).instances.create(who, data.to_new_instance())
    return CreatedInstanceReply(**instance_fields(made.instance, made.endpoint), instance_key=made.key)


@get("/", summary="List instances", responses=refusals(401, 403, 429, 500))
async def list_instances(request: AnyRequest, who: Who) -> InstanceList:
    """Every instance within reach, oldest first."""
    require_person(who)
    given = services(request)
    firsts = [each for each in await given.webhooks.list(who) if each.is_first]
    endpoints = {each.instance_id: each for each in firsts if each.instance_id is not None}
    return InstanceList.of(await given.instances.list(who), endpoints)


@get("/{instance_id:str}", summary="Show an instance", responses=_READ)
async def show(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ShownInstance:
    """One instance, its webhook settings and its connection."""
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    return ShownInstance.of(instance, await given.webhooks.first_of(who, instance.id))


@put("/{instance_id:str}", summary="Change an instance", responses=refusals(400, 401, 403, 404, 409, 413, 429, 500))
async def change(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[InstanceChangesBody]
) -> InstanceReply:
    """Change what was given. New network settings reconnect it; a webhook that is on afterwards is told."""
    require_person(who)
    given = services(request)
    with fields_named(_FIELDS):
        instance = await given.instances.update(who, InstanceId(instance_id), data.to_change())
    return InstanceReply(**instance_fields(instance, await given.webhooks.first_of(who, instance.id)))


@delete("/{instance_id:str}", status_code=200, summary="Delete an instance", responses=_READ)
async def remove(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """Stop it and remove it with its messages, contacts, events and webhooks."""
    require_person(who)
    await services(request).instances.delete(who, InstanceId(instance_id))
    return Done(message=f"Instance {instance_id} deleted successfully")


@get("/{instance_id:str}/status", summary="How it is doing", responses=_READ)
async def status(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> InstanceStatus:
    """Whether messages flow, and why not."""
    return InstanceStatus.of(await services(request).instances.get(who, InstanceId(instance_id)))


@post("/{instance_id:str}/reconnect", status_code=200, summary="Connect it anew", responses=_READ)
async def reconnect(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """Open its session anew, in the background, whatever state it is in."""
    require_person(who)
    await services(request).lifecycle.reconnect(who, InstanceId(instance_id))
    return Done(message=f"Instance {instance_id} reconnected")


@post("/{instance_id:str}/stop", status_code=200, summary="Stop it", responses=_READ)
async def stop(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """End its session and keep it stopped, also over restarts. Its login stays; `reconnect` starts it again."""
    require_person(who)
    await services(request).lifecycle.stop(who, InstanceId(instance_id))
    return Done(message=f"Instance {instance_id} stopped")


@post(
    "/{instance_id:str}/logout",
    status_code=200,
    summary="Log out",
    responses=_LOGOUT,
)
async def logout(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """End its login at the network, where there is such a thing, and keep it stopped. Also when it does not run."""
    require_person(who)
    await services(request).lifecycle.logout(who, InstanceId(instance_id))
    return Done(message=f"Instance {instance_id} logged out")


@post("/{instance_id:str}/send", status_code=200, summary="Send a message", responses=_SEND)
async def send(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    data: JSONBody[SendBody],
    idempotency_key: IdempotencyKey = None,
) -> SendReply:
    """As under `/api/whatsapp`, without counting as an API call."""
    await services(request).instances.get(who, InstanceId(instance_id))
    return await sending.send_text(request, who, InstanceId(instance_id), data, idempotency_key)


@post("/{instance_id:str}/send-media", status_code=200, summary="Send a file from a URL", responses=_SEND)
async def send_media(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    data: JSONBody[SendMediaBody],
    idempotency_key: IdempotencyKey = None,
) -> SendReply:
    """As under `/api/whatsapp`, without counting as an API call."""
    await services(request).instances.get(who, InstanceId(instance_id))
    return await sending.send_media(request, who, InstanceId(instance_id), data, idempotency_key)


@post(
    "/{instance_id:str}/send-file",
    status_code=200,
    summary="Send an uploaded file",
    request_class=UploadRequest,
    request_max_body_size=None,
    operation_class=UploadOperation,
    responses=_SEND,
)
async def send_file(
    request: UploadRequest, who: Who, instance_id: FromPath[str], idempotency_key: IdempotencyKey = None
) -> SendReply:
    """As under `/api/whatsapp`, without counting as an API call."""
    await services(request).instances.get(who, InstanceId(instance_id))
    return await sending.send_file(request, who, InstanceId(instance_id), await read_upload(request), idempotency_key)


HANDLERS = [
    create,
    list_instances,
    show,
    change,
    remove,
    status,
    reconnect,
    stop,
    logout,
    send,
    send_media,
    send_file,
]
