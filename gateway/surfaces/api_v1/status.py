"""`/api/v1`: how one instance is doing, which anybody may ask, and who it is."""

from typing import Any

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.addressed import OneInstance, caller_of
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.refusals import ClientNotReady
from gateway.surfaces.api_v1.schemas.login import QrReply
from gateway.surfaces.api_v1.schemas.status import AccountReply, ClientHealthReply, Info, StatusReply, provider_word
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, iso, services

_READ = refusals(400, 404)
_UNHEALTHY = ResponseSpec(data_container=ClientHealthReply, description="They do not.", generate_examples=False)


async def tell_status(request: AnyRequest, instance: OneInstance) -> StatusReply:
    """Whether it is connected or waits to be linked. A credential for it also shows who it is, or what to scan."""
    given = services(request)
    who = await caller_of(request, instance)
    if who is None:
        return StatusReply.of(instance, None, None)
    login = None if instance.flows else await given.logins.code(who, instance.id)
    return StatusReply.of(instance, await _info(request, who, instance), login)


async def _info(request: AnyRequest, who: Principal, instance: Instance) -> Info | None:
    if not instance.flows:
        return None
    try:
        profile = await services(request).messaging.profile(who, instance.id)
    except GatewayError:
        return None  # how it is doing is told even when the network does not say who it is
    return Info.of(profile.address, profile.name)


status = get("/status", summary="Is it connected", responses=_READ)(tell_status)
status_by_name = get("/whatsapp/status", summary="Is it connected, by another name", responses=_READ)(tell_status)


@get("/health", summary="Do messages flow", responses=_READ | {503: _UNHEALTHY})
async def health(request: AnyRequest, instance: OneInstance) -> Response[ClientHealthReply]:
    """`healthy` while messages flow; else 503, `unhealthy` and why."""
    now = iso(services(request).clock.now())
    if instance.flows:
        return Response(ClientHealthReply("healthy", provider_word(instance), now))
    why = ClientNotReady(instance).sentence
    return Response(ClientHealthReply("unhealthy", provider_word(instance), now, why), status_code=503)


@get(["/account-info", "/account"], summary="Who it is", responses=_READ)
async def account(instance: OneInstance) -> AccountReply:
    """Its account on the network, known since it was first connected."""
    return AccountReply.of(instance)


@get("/whatsapp/qr", summary="The QR code to scan", responses=_READ)
async def qr(request: AnyRequest, who: Who, instance: OneInstance) -> QrReply:
    """The code, as text and as a picture, and how long it is good. 404 when there is nothing to scan."""
    given = services(request)
    code = await given.logins.code(who, instance.id)
    if code is None or code.qr_code is None:
        raise NotFound("QR code not available", code="qr_not_available")
    return QrReply.of(code, given.clock.now())


OPEN_HANDLERS: list[Any] = [status]
HANDLERS: list[Any] = [account]
