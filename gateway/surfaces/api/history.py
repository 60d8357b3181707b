"""`/api/instances/{instanceId}`: what happened to an instance."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.history import (
    ActivityItem,
    ActivityPage,
    EventItem,
    EventPage,
    Journal,
    JournalItem,
)
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.api.shared import AnyRequest, EndDate, Limit, Skip, StartDate
from gateway.surfaces.api.words import INSTANCE_ACTIONS, names_of
from gateway.surfaces.http import Who, iso, moment_of, page_of, services

DEFAULT_ACTIVITY = 100
DEFAULT_EVENTS = 20
_LIST = refusals(400, 401, 403, 404, 429, 500)

Since = Annotated[str | None, QueryParameter(description="Only what came after this: ISO 8601.")]
Types = Annotated[str | None, QueryParameter(description="Event types or actions, comma separated; default: all.")]
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


@get("/{instance_id:str}/events", summary="What happened", responses=_LIST)
async def events(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    since: Since = None,
    limit: Limit = DEFAULT_EVENTS,
    types: Types = None,
) -> EventPage:
    """Messages and everything else that happened, newest first."""
    return await events_of(request, who, InstanceId(instance_id), since=since, limit=limit, types=types)


@get("/{instance_id:str}/journal", summary="The session's last lines", responses=refusals(401, 403, 404, 429, 500))
async def journal(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Journal:
    """What its session said since this process began, oldest first; the place to look when it does not connect."""
    lines = await services(request).instances.journal(who, InstanceId(instance_id))
    return Journal(lines=[JournalItem.of(line) for line in lines])


async def events_of(
    request: AnyRequest, who: Principal, instance_id: InstanceId, *, since: str | None, limit: int, types: str | None
) -> EventPage:
    """Events, with what people did to the instance in between: older clients know them as one list."""
    given = services(request)
    try:
        after = moment_of(since, "since")
    except InvalidInput:
        raise InvalidInput("Invalid since parameter. Use ISO 8601 format.", field="since") from None
    wanted = names_of(types, "types")
    limit = page_of(limit or DEFAULT_EVENTS, 0).limit
    await given.instances.get(who, instance_id)
    items: list[EventItem] = []
    more = False
    told = None if wanted is None else [name for name in wanted if name in EVENT_TYPES]
    if told is None or told:
        accepted, more = await given.instances.events(who, instance_id, types=told or (), since=after, limit=limit)
        items += [EventItem.of(event) for event in accepted]
    done = INSTANCE_ACTIONS if wanted is None else [name for name in wanted if name in INSTANCE_ACTIONS]
    if done:
        lines, _ = await given.instances.activity(
            who, instance_id, actions=done, since=after, until=None, limit=limit + 1, skip=0
        )
        items += [EventItem.of_activity(line) for line in lines if after is None or line.created_at > after]
    items.sort(key=lambda item: item.timestamp, reverse=True)
    newest = items[0].timestamp if items else iso(after or given.clock.now())
    return EventPage(
        events=items[:limit],
        latest_timestamp=newest,
        count=min(len(items), limit),
        has_more=more or len(items) > limit,
    )


HANDLERS = [activity, events, journal]
