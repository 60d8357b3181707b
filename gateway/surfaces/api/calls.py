"""`/api/instances/{instanceId}/calls`: calls that ring at an instance."""

from typing import Any

from litestar import post
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.people import RejectBody
from gateway.surfaces.api.schemas.whatsapp import Succeeded
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services


@post(
    "/{instance_id:str}/calls/{call_id:str}/reject",
    status_code=200,
    summary="Reject a call",
    responses=refusals(400, 401, 403, 404, 413, 429, 500, 502, 504),
)
async def reject(
    request: AnyRequest, who: Who, instance_id: FromPath[str], call_id: FromPath[str], data: JSONBody[RejectBody]
) -> Succeeded:
    """Turn down a ringing call, whose id and caller `call_received` told."""
    await services(request).calls.reject(who, InstanceId(instance_id), call_id, data.caller)
    return Succeeded()


HANDLERS: list[Any] = [reject]
