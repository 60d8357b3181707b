"""`/api/instances/{instanceId}/socket`: whether an instance's connection answers, asked now."""

from litestar import get
from litestar.params import FromPath

from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.socket import SocketReply
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services


@get(
    "/{instance_id:str}/socket",
    summary="Does its connection answer",
    responses=refusals(401, 403, 404, 429, 500),
)
async def check(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> SocketReply:
    """Ask the network something over the instance's connection, and say whether it answered and how soon."""
    return await answer(request, who, InstanceId(instance_id))


async def answer(request: AnyRequest, who: Principal, instance_id: InstanceId) -> SocketReply:
    """The same for both paths."""
    instance, pulse = await services(request).pulses.take(who, instance_id)
    return SocketReply.of(instance, pulse)


HANDLERS = [check]
