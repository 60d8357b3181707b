"""`/api/v1/stored-messages`: what was said on the instance of the caller's key."""

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from gateway.domain.stored_messages import MessageChoice
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.stored_messages import (
    Cleaned,
    CleanupBody,
    CleanupReply,
    InstanceCounts,
    InstanceCountsReply,
    StoredPage,
    StoredRow,
    Window,
)
from gateway.surfaces.api_v1.shared import AnyRequest, Limit
from gateway.surfaces.http import Who, fields_named, services

Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out, of the newest.")]
ChatId = Annotated[
    str | None, QueryParameter(name="chatId", min_length=1, max_length=255, description="Only this chat.")
]
IsGroup = Annotated[bool | None, QueryParameter(name="isGroup", description="Only groups, or only what is none.")]

_READ = refusals(400, 404)


@get("/", summary="Stored messages", responses=_READ)
async def stored_messages(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    chat_id: ChatId = None,
    limit: Limit = 50,
    offset: Offset = 0,
    is_group: IsGroup = None,
) -> StoredPage:
    """What was said on the instance, newest first."""
    choice = MessageChoice(instance_id=instance.id, is_group=is_group)
    with fields_named({"to": "chatId"}):
        seen = await services(request).stored_messages.page(who, choice, chat=chat_id, limit=limit, skip=offset)
    rows = [StoredRow.of(each) for each in seen]
    return StoredPage(True, rows, len(rows), Window(limit, offset))


@get("/stats", summary="Sums over stored messages", responses=_READ)
async def stats(request: AnyRequest, who: Who, instance: OneInstance) -> InstanceCountsReply:
    """How much was said on the instance, where and when."""
    counts = await services(request).stored_messages.counts(who, MessageChoice(instance_id=instance.id))
    return InstanceCountsReply(True, InstanceCounts.of(counts))


@post("/cleanup", status_code=200, summary="Delete old messages", responses=refusals(400, 404, 413))
async def cleanup(
    request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[CleanupBody | None] = None
) -> CleanupReply:
    """Delete what came to the instance more than `daysToKeep` days ago. The body may be left out."""
    days = (data or CleanupBody()).days_to_keep
    gone = await services(request).stored_messages.clean(who, instance.id, days=days)
    return CleanupReply(True, Cleaned(gone, days), f"Deleted {gone} messages older than {days} days")


HANDLERS = [stored_messages, stats, cleanup]
