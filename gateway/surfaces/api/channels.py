"""`/api/instances/{instanceId}/channels`: broadcast channels an instance follows."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.ids import InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.channels import ChannelItem, ChannelList, ChannelMessage, ChannelMessages
from gateway.surfaces.api.shared import AnyRequest, Limit
from gateway.surfaces.http import Who, page_of, services

DEFAULT_MESSAGES = 50
MOST_MESSAGES = 100
_ASK = refusals(400, 401, 403, 404, 429, 500, 502, 504)

Before = Annotated[
    int | None, QueryParameter(ge=1, le=2**31 - 1, description="Only what was said before this number of the channel.")
]


@get("/{instance_id:str}/channels", summary="Channels", responses=_ASK)
async def channels(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ChannelList:
    """The channels the instance follows, asked of the network now."""
    found = await services(request).channels.list(who, InstanceId(instance_id))
    return ChannelList(channels=[ChannelItem.of(each) for each in found])


@get("/{instance_id:str}/channels/{channel_id:str}/messages", summary="Messages of a channel", responses=_ASK)
async def messages(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    channel_id: FromPath[str],
    limit: Limit = DEFAULT_MESSAGES,
    before: Before = None,
) -> ChannelMessages:
    """What a channel said, newest first, asked of the network now."""
    page = page_of(limit or DEFAULT_MESSAGES, 0, most=MOST_MESSAGES)
    found = await services(request).channels.messages(
        who, InstanceId(instance_id), channel_id, limit=page.limit, before=before
    )
    return ChannelMessages(messages=[ChannelMessage.of(each) for each in found])


HANDLERS: list[Any] = [channels, messages]
