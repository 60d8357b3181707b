"""`/api/v1/resources`: what is remembered, forgetting it, and a test under load."""

from litestar import get, post
from litestar.params import JSONBody

from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import LENIENT, MODERATE, STRESS
from gateway.surfaces.api_v1.schemas.caches import (
    CacheClearBody,
    CacheClearReply,
    CacheStatsReply,
    CacheTotals,
    CleanupReply,
    StressBody,
    StressReply,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, iso, services

_STRESS_FIELDS = {"concurrent": "concurrentRequests", "waves": "iterations", "seconds": "duration"}


@get("/cache/stats", opt=LENIENT, summary="What is remembered", responses=refusals(403))
async def stats(request: AnyRequest, who: Who) -> CacheStatsReply:
    """The gateway's caches: how much is in them, and how often they had what was asked for."""
    given = services(request)
    return CacheStatsReply(True, CacheTotals.of(given.caches.states(who)), iso(given.clock.now()))


@post(
    "/cache/clear",
    status_code=200,
    opt=MODERATE,
    summary="Forget what is remembered",
    responses=refusals(400, 403, 413),
)
async def clear(request: AnyRequest, who: Who, data: JSONBody[CacheClearBody | None] = None) -> CacheClearReply:
    """Empty caches: those that are named, or all. For administrators. The body may be left out."""
    cleared = services(request).caches.clear(who, data.keys if data else None)
    return CacheClearReply(True, "Cache cleared successfully", list(cleared))


@post("/memory/cleanup", status_code=200, opt=MODERATE, summary="Give memory back", responses=refusals(403))
async def clean_up(request: AnyRequest, who: Who) -> CleanupReply:
    """Empty every cache and return free memory to the system. For administrators. No instance is touched."""
    given = services(request)
    found = given.caches.clean_up(who)
    return CleanupReply.of(found, (await given.resources.counts(who)).total)


@post(
    "/stress-test",
    status_code=200,
    opt=STRESS,
    summary="Test under load",
    responses=refusals(400, 403, 409, 413),
)
async def stress(request: AnyRequest, who: Who, data: JSONBody[StressBody | None] = None) -> StressReply:
    """Read the list of instances from the database, many at once. For administrators, one at a time.

    It answers when it is over, which may take minutes. Nothing is written and no network is asked.
    """
    plan = (data or StressBody()).to_plan()
    with fields_named(_STRESS_FIELDS):
        return StressReply.of(await services(request).stress.run(who, plan))


HANDLERS = [stats, clear, clean_up, stress]
