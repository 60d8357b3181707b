"""`/api/whatsapp-simple/{instanceId}`: five routes that older clients know; the instance and its session are the same.

Sends from here are recorded, counted and told like all others.
"""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from gateway.domain.errors import NotFound
from gateway.domain.ids import InstanceId
from gateway.services.checks import require_person
from gateway.surfaces.api import sending
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.instances import ConnectionStatus
from gateway.surfaces.api.schemas.login import QrReply
from gateway.surfaces.api.schemas.whatsapp import SendBody, SendReply, Succeeded
from gateway.surfaces.api.schemas.whatsapp_simple import NotReadyReply, StartedReply
from gateway.surfaces.api.shared import AnyRequest, IdempotencyKey
from gateway.surfaces.http import Who, services

QR_WAIT = 2.0
"""Seconds a request for a code waits for the session it started."""
_LOOK_EVERY = 0.05
_READ = refusals(401, 403, 404, 429, 500)
_ACT = refusals(401, 403, 404, 409, 429, 500, 502, 504)
_SEND = refusals(400, 401, 403, 404, 409, 413, 429, 500, 502, 504)


@post("/{instance_id:str}/init", status_code=200, summary="Connect it", responses=_ACT)
async def init(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> StartedReply:
    """Open its session, unless it is open or opening already."""
    require_person(who)
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    if instance.state.kind.is_final:
        await given.lifecycle.reconnect(who, instance.id)
        instance = await given.instances.get(who, instance.id)
    return StartedReply(message=f"Instance {instance_id} initialized", status=ConnectionStatus.of(instance))


@get("/{instance_id:str}/qr", summary="The QR code to scan", responses=_READ)
async def qr(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> QrReply:
    """The raw text of the QR code; starts an instance that stands still, and waits two seconds for its first code."""
    given = services(request)
    await given.logins.begin(who, InstanceId(instance_id))
    deadline = given.clock.monotonic() + QR_WAIT
    while True:
        code = await given.logins.code(who, InstanceId(instance_id))
        if code is not None and code.qr_code is not None:
            return QrReply(qr_code=code.qr_code)
        instance = await given.instances.get(who, InstanceId(instance_id))
        if instance.flows or instance.state.kind.is_final:
            raise NotFound("QR code not available", code="qr_not_available")
        if given.clock.monotonic() >= deadline:
            raise NotFound("QR code not available yet. Please try again in a few seconds.", code="qr_not_available")
        await given.clock.sleep(_LOOK_EVERY)


@get("/{instance_id:str}/status", summary="Is it connected", responses=_READ)
async def status(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ConnectionStatus:
    """Whether messages flow."""
    return ConnectionStatus.of(await services(request).instances.get(who, InstanceId(instance_id)))


@post("/{instance_id:str}/send", status_code=200, summary="Send a message", responses=_SEND)
async def send(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    data: JSONBody[SendBody],
    idempotency_key: IdempotencyKey = None,
) -> Response[SendReply]:
    """Say something. 400 while the instance is not connected, with how it is doing."""
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    data.to_message()  # what is wrong with the request is said before what is wrong with the instance
    if not instance.flows:
        not_ready: Response[Any] = Response(NotReadyReply(status=ConnectionStatus.of(instance)), status_code=400)
        return not_ready
    return Response(await sending.send_text(request, who, instance.id, data, idempotency_key))


@post("/{instance_id:str}/logout", status_code=200, summary="Log out", responses=_ACT)
async def logout(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Succeeded:
    """End its login at the network, where there is such a thing, and keep it stopped. Also when it does not run."""
    require_person(who)
    await services(request).lifecycle.logout(who, InstanceId(instance_id))
    return Succeeded()


HANDLERS: list[Any] = [init, qr, status, send, logout]
