"""`/api/jobs`: what the gateway does from time to time. For its administrators."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from gateway.services.checks import require_person
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.jobs import JobItem, JobList
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, services


@get("/", summary="List jobs", responses=refusals(401, 403, 429, 500))
async def list_jobs(request: AnyRequest, who: Who) -> JobList:
    """Every periodic job with its schedule, how its last run went and when the next one is."""
    require_person(who)
    return JobList(jobs=[JobItem.of(each) for each in services(request).upkeep.list(who)])


@post("/{name:str}/run", status_code=200, summary="Run a job now", responses=refusals(401, 403, 404, 409, 429, 500))
async def run_job(request: AnyRequest, who: Who, name: FromPath[str]) -> JobItem:
    """Run it beside its schedule, and answer when it has ended. Every job may be run at any time."""
    require_person(who)
    return JobItem.of(await services(request).upkeep.run(who, name))


HANDLERS: list[Any] = [list_jobs, run_job]
