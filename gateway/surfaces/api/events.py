"""`/api/instances/{instanceId}/events`: what happened, asked for in pages or followed as it happens."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES, AcceptedEvent
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.events import EventItem, EventPage
from gateway.surfaces.api.shared import AnyRequest, Limit
from gateway.surfaces.api.words import INSTANCE_ACTIONS, names_of
from gateway.surfaces.http import Who, iso, moment_of, page_of, services

DEFAULT_EVENTS = 20
STREAM_RETRY_MS = 1000
"""How long a browser waits before it comes back."""
_LONGEST_CURSOR = 18
_LIST = refusals(400, 401, 403, 404, 429, 500)


class EventOrder(StrEnum):
    """Which end of the log comes first."""

    ASC = "asc"
    DESC = "desc"


LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="The `id` of the last event that was seen.")
]
Since = Annotated[str | None, QueryParameter(description="Only what came after this: ISO 8601.")]
After = Annotated[
    str | None,
    QueryParameter(
        description="A cursor: only what came after it, oldest first, from the log alone (without what people did)."
    ),
]
Order = Annotated[
    EventOrder | None,
    QueryParameter(description="`asc`: oldest first. Default: newest first, unless there is `after`."),
]
Types = Annotated[str | None, QueryParameter(description="Event types or actions, comma separated; default: all.")]


@get("/{instance_id:str}/events", summary="What happened", responses=_LIST)
async def events(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    since: Since = None,
    limit: Limit = DEFAULT_EVENTS,
    types: Types = None,
    after: After = None,
    order: Order = None,
) -> EventPage:
    """Messages and everything else that happened, newest first; with `after` or `order=asc` oldest first."""
    wish = EventWish(since=since, limit=limit, types=types, after=after, order=order)
    return await events_of(request, who, InstanceId(instance_id), wish)


@get(
    "/{instance_id:str}/events/stream",
    summary="What happens, as it happens",
    media_type="text/event-stream",
    responses={
        200: ResponseSpec(
            data_container=str,
            description="Server-sent events.",
            media_type="text/event-stream",
            generate_examples=False,
        ),
        **refusals(400, 401, 403, 404, 429, 500),
    },
)
async def stream(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    types: Types = None,
    after: After = None,
    last_event_id: LastEventId = None,
) -> ServerSentEvent:
    """Every event as it is committed: `id` is its cursor, `event` its type, `data` the item that a page would have.

    Begins after `Last-Event-ID`, else after the cursor `after`, else now. A quiet stream says so every 15 seconds with
    a comment. It ends after ten minutes, and when the gateway stops: come back with the last `id`, as an EventSource
    does by itself, and nothing is missed.
    """
    given = services(request)
    await given.instances.get(who, InstanceId(instance_id))
    wanted = names_of(types, "types")
    told = () if wanted is None else tuple(name for name in wanted if name in EVENT_TYPES)
    if wanted is not None and not told:
        raise InvalidInput("types: none of these is ever told as an event", field="types")
    cursor = cursor_of(last_event_id, "Last-Event-ID") if last_event_id else cursor_of(after, "after")
    log = await given.event_log.follow(who, InstanceId(instance_id), types=told, after=cursor)
    return ServerSentEvent(_told(log), retry_duration=STREAM_RETRY_MS, headers={"X-Accel-Buffering": "no"})


class EventWish(Struct, frozen=True, kw_only=True):
    """What a caller asks of the log, as it was written."""

    since: str | None
    limit: int
    types: str | None
    after: str | None
    order: EventOrder | None


async def events_of(request: AnyRequest, who: Principal, instance_id: InstanceId, wish: EventWish) -> EventPage:
    """The same for both paths."""
    try:
        since = moment_of(wish.since, "since")
    except InvalidInput:
        raise InvalidInput("Invalid since parameter. Use ISO 8601 format.", field="since") from None
    wanted = names_of(wish.types, "types")
    after = cursor_of(wish.after, "after")
    limit = page_of(wish.limit or DEFAULT_EVENTS, 0).limit
    if after is not None or wish.order is EventOrder.ASC:
        return await _in_order(request, who, instance_id, since=since, after=after, limit=limit, wanted=wanted)
    return await _newest(request, who, instance_id, since=since, limit=limit, wanted=wanted)


async def _in_order(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    *,
    since: datetime | None,
    after: int | None,
    limit: int,
    wanted: tuple[str, ...] | None,
) -> EventPage:
    log = services(request).event_log
    told = () if wanted is None else tuple(name for name in wanted if name in EVENT_TYPES)
    end = await log.end()  # asked first: what is committed meanwhile comes after it
    accepted: Sequence[AcceptedEvent] = ()
    more = False
    if wanted is None or told:
        accepted, more = await log.page(
            who, instance_id, types=told, since=since, after=after, limit=limit, ascending=True
        )
    else:
        await services(request).instances.get(who, instance_id)
    cursor = accepted[-1].position if accepted else max(end, after or 0)
    newest = accepted[-1].created_at if accepted else since or services(request).clock.now()
    return EventPage(
        events=[EventItem.of(each) for each in accepted],
        latest_timestamp=iso(newest),
        next_cursor=str(cursor),
        count=len(accepted),
        has_more=more,
    )


async def _newest(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    *,
    since: datetime | None,
    limit: int,
    wanted: tuple[str, ...] | None,
) -> EventPage:
    """Events, with what people did to the instance in between: older clients know them as one list."""
    given = services(request)
    await given.instances.get(who, instance_id)
    items: list[EventItem] = []
    more = False
    cursor = await given.event_log.end()
    told = None if wanted is None else [name for name in wanted if name in EVENT_TYPES]
    if told is None or told:
        accepted, more = await given.event_log.page(who, instance_id, types=told or (), since=since, limit=limit)
        items += [EventItem.of(event) for event in accepted]
        cursor = max([cursor, *(event.position for event in accepted)])
    done = INSTANCE_ACTIONS if wanted is None else [name for name in wanted if name in INSTANCE_ACTIONS]
    if done:
        lines, _ = await given.instances.activity(
            who, instance_id, actions=done, since=since, until=None, limit=limit + 1, skip=0
        )
        items += [EventItem.of_activity(line) for line in lines if since is None or line.created_at > since]
    items.sort(key=lambda item: item.timestamp, reverse=True)
    return EventPage(
        events=items[:limit],
        latest_timestamp=items[0].timestamp if items else iso(since or given.clock.now()),
        next_cursor=str(cursor),
        count=min(len(items), limit),
        has_more=more or len(items) > limit,
    )


def cursor_of(text: str | None, field: str) -> int | None:
    """A cursor as it was given out. Raises InvalidInput naming `field`."""
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_CURSOR):
        raise InvalidInput(f"{field} must be a cursor that was given out, such as nextCursor", field=field)
    return int(text)


async def _told(log: AsyncIterator[AcceptedEvent | None]) -> AsyncIterator[ServerSentEventMessage]:
    async for accepted in log:
        if accepted is None:
            yield ServerSentEventMessage(comment="still here", data=None)
            continue
        item = EventItem.of(accepted)
        data = msgspec.json.encode(item)
        yield ServerSentEventMessage(id=accepted.position, event=item.type, data=data, retry=None)


HANDLERS = [events, stream]
