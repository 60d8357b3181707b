"""`/api/v1/resources`: what the gateway takes of its machine, and how it is doing.

Figures of the machine and of the whole gateway are for any person; which instances there are is told within reach, and
what would be felt by others is for administrators.
"""

from litestar import get, post

from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import LENIENT, MODERATE
from gateway.surfaces.api_v1.schemas.instances import Done
from gateway.surfaces.api_v1.schemas.performance import PerformanceReply, SystemHealthReply
from gateway.surfaces.api_v1.schemas.ports import PortsReply
from gateway.surfaces.api_v1.schemas.resources import InstanceShare, InstanceSharesReply, ResourcesReply
from gateway.surfaces.api_v1.shared import AnyRequest, Here
from gateway.surfaces.http import Who, iso, services

_PERSON = refusals(403)


@get("/", opt=LENIENT, summary="The machine at a glance", responses=_PERSON)
async def resources(request: AnyRequest, who: Who) -> ResourcesReply:
    """The machine, the gateway's process on it, and how many instances of the caller run."""
    given = services(request).resources
    counts = await given.counts(who)
    return ResourcesReply.of(await given.server(), counts)


@get("/instances", opt=LENIENT, summary="What instances take", responses=_PERSON)
async def instances(request: AnyRequest, who: Who) -> InstanceSharesReply:
    """The caller's instances. They live in one process: each that runs is said to take an equal part of it."""
    shares = [InstanceShare.of(each) for each in await services(request).resources.shares(who)]
    return InstanceSharesReply(True, shares, len(shares))


@get("/ports", opt=LENIENT, summary="Ports", responses=_PERSON)
async def ports(request: AnyRequest, who: Who) -> PortsReply:
    """The gateway's own port, which all instances share: none needs one of its own."""
    require_person(who)
    return PortsReply.of(Here.of(request).port)


@post("/ports/clear-cache", status_code=200, opt=MODERATE, summary="Forget ports", responses=_PERSON)
async def clear_ports(who: Who) -> Done:
    """Nothing is remembered about ports, so there is nothing to forget; kept for programs that ask for it."""
    require_person(who)
    return Done(True, "Port cache cleared successfully")


@get("/performance", opt=LENIENT, summary="How long instances take to be made", responses=_PERSON)
async def performance(request: AnyRequest, who: Who) -> PerformanceReply:
    """Times and failures of making and processing instances since the gateway was started, all tenants together."""
    given = services(request)
    report = await given.checkup.examine(who)
    return PerformanceReply.of(report, await given.resources.server(), Here.of(request).port)


@get("/health", opt=LENIENT, summary="Is anything wrong", responses=_PERSON)
async def health(request: AnyRequest, who: Who) -> SystemHealthReply:
    """What is wrong with the database, the disk, the memory, what waits, and the caller's sessions; and what to do."""
    given = services(request)
    report = await given.checkup.examine(who)
    return SystemHealthReply.told(report, Here.of(request).port, iso(given.clock.now()))


HANDLERS = [resources, instances, ports, clear_ports, performance, health]
