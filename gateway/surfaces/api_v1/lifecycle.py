"""`/api/v1/instances/{id}`: brought to where it is wanted, started, stopped."""

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from gateway.domain.ids import InstanceId
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import MODERATE, STRICT
from gateway.surfaces.api_v1.schemas.instances import Done, ProcessResult
from gateway.surfaces.api_v1.shared import AnyRequest, Here
from gateway.surfaces.http import Who, services

_CHANGE = refusals(403, 404, 409)


class ProcessBody(Struct, frozen=True):
    """How to process."""

    force_recreate: bool = False
    """Forget a linked device and begin anew."""


@post(
    "/{instance_id:str}/process",
    status_code=200,
    opt=STRICT,
    summary="Bring it to where it is wanted",
    responses=refusals(400, 403, 404, 409, 413),
)
async def process(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[ProcessBody | None] = None
) -> ProcessResult:
    """Start its session if it does not run, anew if its settings changed. The body may be left out."""
    require_person(who)
    given = services(request)
    anew = data is not None and data.force_recreate
    action = await given.processing.reconcile(who, InstanceId(instance_id), anew=anew)
    return ProcessResult.of(await given.instances.get(who, InstanceId(instance_id)), action, Here.of(request))


@post("/{instance_id:str}/start", status_code=200, opt=MODERATE, summary="Start it", responses=_CHANGE)
async def start(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """Run its session, and keep it running over restarts. One that runs is left alone."""
    require_person(who)
    await services(request).processing.reconcile(who, InstanceId(instance_id))
    return Done(True, "Instance started successfully")


@post("/{instance_id:str}/stop", status_code=200, opt=MODERATE, summary="Stop it", responses=_CHANGE)
async def stop(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """End its session and keep it stopped over restarts. Its login stays."""
    require_person(who)
    await services(request).lifecycle.stop(who, InstanceId(instance_id))
    return Done(True, "Instance stopped successfully")


@post("/{instance_id:str}/restart", status_code=200, opt=MODERATE, summary="Start it anew", responses=_CHANGE)
async def restart(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """Open its session anew, whatever state it is in."""
    require_person(who)
    await services(request).lifecycle.reconnect(who, InstanceId(instance_id))
    return Done(True, "Instance restarted successfully")


HANDLERS = [process, start, stop, restart]
