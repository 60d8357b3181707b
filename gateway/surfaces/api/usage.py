"""`/api/stats`: what was counted."""

from litestar import get
from litestar.params import FromPath, FromQuery

from gateway.domain.ids import InstanceId
from gateway.services.checks import require_person
from gateway.services.usage import Period
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.usage import InstanceStats, SystemStats, UserStats
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services


@get("/user", summary="What my instances did", responses=refusals(400, 401, 403, 429, 500))
async def user_stats(request: AnyRequest, who: Who, period: FromQuery[Period] = Period.MONTH) -> UserStats:
    """Sums of every instance within reach. Days are UTC days; what was counted a moment ago is in."""
    require_person(who)
    return UserStats.of(await services(request).usage.of_user(who, period))


@get("/instances/{instance_id:str}", summary="What an instance did", responses=refusals(400, 401, 403, 404, 429, 500))
async def instance_stats(
    request: AnyRequest, who: Who, instance_id: FromPath[str], period: FromQuery[Period] = Period.TODAY
) -> InstanceStats:
    """Sums of one instance, and each day of the period on which anything happened."""
    return InstanceStats.of(await services(request).usage.of_instance(who, InstanceId(instance_id), period))


@get("/system", summary="What the whole gateway did", responses=refusals(401, 403, 429, 500))
async def system_stats(request: AnyRequest, who: Who) -> SystemStats:
    """For administrators: how many instances and users there are and are active, and the last 30 days together."""
    return SystemStats.of(await services(request).usage.of_system(who))


HANDLERS = [user_stats, instance_stats, system_stats]
