"""`/api/instances/{instanceId}`: what happened to an instance."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.ids import InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.history import (
    ActivityItem,
    ActivityPage,
    Journal,
    JournalItem,
)
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.api.shared import AnyRequest, EndDate, Limit, Skip, StartDate
from gateway.surfaces.api.words import names_of
from gateway.surfaces.http import Who, moment_of, page_of, services

DEFAULT_ACTIVITY = 100
_LIST = refusals(400, 401, 403, 404, 429, 500)


Actions = Annotated[str | None, QueryParameter(description="Actions, comma separated; default: all.")]


@get("/{instance_id:str}/activity", summary="Activity log", responses=_LIST)
async def activity(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    limit: Limit = DEFAULT_ACTIVITY,
    skip: Skip = 0,
    actions: Actions = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
) -> ActivityPage:
    """What happened to it, for people to read, newest first. Both dates are inclusive."""
    wanted = names_of(actions, "actions")
    page = page_of(limit or DEFAULT_ACTIVITY, skip)
    since, until = moment_of(start_date, "startDate"), moment_of(end_date, "endDate")
    lines, total = await services(request).instances.activity(
        who,
        InstanceId(instance_id),
        actions=wanted or (),
        since=since,
        until=until,
        limit=page.limit,
        skip=page.skip,
    )
    if wanted == ():
        lines, total = [], 0
    return ActivityPage(logs=[ActivityItem.of(line) for line in lines], pagination=Pagination.of(page, total))


@get("/{instance_id:str}/journal", summary="The session's last lines", responses=refusals(401, 403, 404, 429, 500))
async def journal(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Journal:
    """What its session said since this process began, oldest first; the place to look when it does not connect."""
    lines = await services(request).instances.journal(who, InstanceId(instance_id))
    return Journal(lines=[JournalItem.of(line) for line in lines])


HANDLERS = [activity, journal]
