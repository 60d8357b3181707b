"""`/api`: names that some routes of one instance had in earlier versions of their API and in its documents."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath, JSONBody

from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.chats import DEFAULT_MESSAGES, MessageLimit
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.groups import group_made, group_messages, participants_added
from gateway.surfaces.api_v1.media import media_downloaded
from gateway.surfaces.api_v1.schemas.chats import MessageItem
from gateway.surfaces.api_v1.schemas.groups import AddedReply, NamedParticipantsBody, NewGroupBody, NewGroupReply
from gateway.surfaces.api_v1.schemas.media import DownloadedReply
from gateway.surfaces.api_v1.schemas.sending import (
    GroupSendReply,
    NamedGroupSendBody,
    SendMediaBody,
    SendMediaReply,
    required,
)
from gateway.surfaces.api_v1.sending import IdempotencyKey, group_told, media_sent
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who

_ASK = refusals(400, 404, 409, 413, 501, 502, 504)


@post("/send-media", status_code=200, summary="Send a file from a URL", responses=_ASK)
async def send_file(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    data: JSONBody[SendMediaBody],
    idempotency_key: IdempotencyKey = None,
) -> SendMediaReply:
    """As `POST /api/v1/send/media`."""
    return await media_sent(request, who, instance, data, idempotency_key)


@post(["/groups/create", "/create-group"], status_code=200, summary="Make a group", responses=_ASK)
async def create(request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[NewGroupBody]) -> NewGroupReply:
    """As `POST /api/v1/groups`."""
    return await group_made(request, who, instance, data)


@post(["/groups/send", "/send-group"], status_code=200, summary="Say something in a group", responses=_ASK)
async def send_to_group(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    data: JSONBody[NamedGroupSendBody],
    idempotency_key: IdempotencyKey = None,
) -> GroupSendReply:
    """As `POST /api/v1/groups/{groupId}/send`."""
    return await group_told(request, who, instance, data, idempotency_key)


@post("/add-participants", status_code=200, summary="Add participants", responses=_ASK)
async def add(
    request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[NamedParticipantsBody]
) -> AddedReply:
    """As `POST /api/v1/groups/{groupId}/participants/add`."""
    group_id = required(data.group_id, "groupId", "Group ID and array of participants are required")
    return await participants_added(request, who, instance, group_id, data)


@get("/group-messages/{group_id:str}", summary="What was said in a group", responses=_ASK)
async def messages(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    group_id: FromPath[str],
    limit: MessageLimit = DEFAULT_MESSAGES,
) -> list[MessageItem]:
    """As `GET /api/v1/groups/{groupId}/messages`."""
    return await group_messages(request, who, instance, group_id, limit)


@post("/download-media/{message_id:str}", status_code=200, summary="Download a file", responses=_ASK)
async def download(request: AnyRequest, who: Who, instance: OneInstance, message_id: FromPath[str]) -> DownloadedReply:
    """As `POST /api/v1/messages/{messageId}/media/download`."""
    return await media_downloaded(request, who, instance, message_id)


HANDLERS: list[Any] = [send_file, create, send_to_group, add, messages, download]
