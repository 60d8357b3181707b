"""`/api/v1/instances/{id}`: logged in or not, what a person has to scan, and the key that programs come with."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from gateway.domain.errors import NotFound
from gateway.domain.ids import InstanceId
from gateway.domain.instances import LoginCode
from gateway.domain.tenants import Principal
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.history import CurrentQr, CurrentQrReply, KeyReply
from gateway.surfaces.api_v1.schemas.instances import InstanceHealth
from gateway.surfaces.api_v1.schemas.login import (
    AuthReply,
    CredentialsReply,
    HealthReply,
    QrReply,
    RotatedKey,
    RotatedKeyReply,
)
from gateway.surfaces.api_v1.schemas.memory import KeyUse, ShownCode
from gateway.surfaces.api_v1.shared import AnyRequest, Here
from gateway.surfaces.http import Who, iso, services

_READ = refusals(404)


async def _code(request: AnyRequest, who: Principal, instance_id: str) -> LoginCode:
    code = await services(request).logins.code(who, InstanceId(instance_id))
    if code is None or code.qr_code is None:
        raise NotFound("QR code not available", code="qr_not_available")
    return code


@get("/{instance_id:str}/auth-status", summary="Is it logged in", responses=_READ)
async def auth_status(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> AuthReply:
    """Whether it is logged in and ready. Asking changes nothing."""
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    logins = await given.histories.logins(who, instance.id, limit=1)
    return AuthReply.of(instance, given.clock.now(), logins[0].at if logins else None)


@get("/{instance_id:str}/qr", summary="The QR code to scan", responses=_READ)
async def qr(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> QrReply:
    """The code, as text and as a picture, and how long it is good. 404 when there is nothing to scan."""
    return QrReply.of(await _code(request, who, instance_id), services(request).clock.now())


@get("/{instance_id:str}/current-qr", summary="The QR code, with its dates", responses=_READ)
async def current_qr(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> CurrentQrReply:
    """The same code with when it was made and until when it is good."""
    code = await _code(request, who, instance_id)
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    return CurrentQrReply(True, CurrentQr.of(ShownCode.of(code, instance.state.at)))


async def _key(request: AnyRequest, who: Principal, instance_id: str) -> KeyReply:
    key = await services(request).histories.key(who, InstanceId(instance_id))
    return KeyReply(True, KeyUse.of(instance_id, key, Here.of(request)))


@get("/{instance_id:str}/api-key", summary="Its key", responses=_READ)
async def api_key(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> KeyReply:
    """The key of the instance and how it is used. A secret key was shown when it was made; here it is masked."""
    return await _key(request, who, instance_id)


@get("/{instance_id:str}/current-api-key", summary="Its key, by an older name", deprecated=True, responses=_READ)
async def current_api_key(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Response[KeyReply]:
    """As `/api-key`, which replaces it."""
    return Response(await _key(request, who, instance_id), headers={"Deprecation": "true"})


@post(
    "/{instance_id:str}/api-key/rotate",
    status_code=200,
    summary="Replace its key",
    responses=refusals(403, 404, 409),
)
async def rotate_key(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> RotatedKeyReply:
    """A new secret key, shown this once; the former one ends now. 409 where keys are ids (`INSTANCE_KEYS=id`)."""
    require_person(who)
    given = services(request)
    key = await given.instances.rotate_key(who, InstanceId(instance_id))
    return RotatedKeyReply(True, RotatedKey(key, iso(given.clock.now())), "Keep it: it is not shown again.")


@get("/{instance_id:str}/credentials", summary="What a program needs", responses=_READ)
async def credentials(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> CredentialsReply:
    """Its key and where to come with it. 404 where keys are secret: they are shown once, when they are made."""
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    here = Here.of(request)
    key = here.key_of(instance.id)
    if key is None:
        raise NotFound(
            "Credentials not available: the key was shown when it was made; POST .../api-key/rotate makes a new one.",
            code="credentials_not_available",
        )
    mcp = f"{here.url}/api/v1/instances/{instance.id}/mcp" if "mcp" in instance.options.serves else None
    return CredentialsReply(True, key, f"{here.url}/api", mcp)


@get("/{instance_id:str}/health", summary="Is it well", responses=_READ)
async def health(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> HealthReply:
    """Whether its session lives and nothing stands in its way."""
    given = services(request)
    told = InstanceHealth.of(await given.instances.get(who, InstanceId(instance_id)))
    status = "healthy" if told.healthy else "unhealthy"
    return HealthReply(True, status, told.healthy, told.services, iso(given.clock.now()))


HANDLERS: list[Any] = [
    auth_status,
    qr,
    current_qr,
    api_key,
    current_api_key,
    rotate_key,
    credentials,
    health,
]
