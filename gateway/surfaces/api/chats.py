"""`/api/instances/{instanceId}`: its chats, what was said in them, and what can be done to a message."""

from typing import Any

from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId
from gateway.kit.attachment import attachment_headers, safe_mime_type
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.contacts import (
    ChatItem,
    ChatPage,
    ProfileReply,
)
from gateway.surfaces.api.schemas.messages import (
    ButtonAnswerBody,
    ChatActivityBody,
    EditBody,
    MessageItem,
    MessagePage,
    ReactionBody,
)
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.api.schemas.whatsapp import SendReply, Succeeded
from gateway.surfaces.api.shared import AnyRequest, EndDate, Limit, Skip, StartDate
from gateway.surfaces.http import Who, fields_named, moment_of, page_of, services

DEFAULT_MESSAGES = 50
_LIST = refusals(400, 401, 403, 404, 429, 500)
_ACT = refusals(400, 401, 403, 404, 413, 429, 500, 502, 504)
_FIELDS = {"to": "chatId", "text": "message"}

_CHAT = "/{instance_id:str}/chats/{chat_id:str}"
_MESSAGE = _CHAT + "/messages/{message_id:str}"


# ---------------------------------------------------------------- where it talks


@get("/{instance_id:str}/chats", summary="Chats", responses=_LIST)
async def chats(
    request: AnyRequest, who: Who, instance_id: FromPath[str], limit: Limit = DEFAULT_MESSAGES, skip: Skip = 0
) -> ChatPage:
    """Conversations the instance has seen, the one that moved last first."""
    page = page_of(limit or DEFAULT_MESSAGES, skip)
    found, total = await services(request).contacts.chats(
        who, InstanceId(instance_id), limit=page.limit, skip=page.skip
    )
    return ChatPage(chats=[ChatItem.of(chat) for chat in found], pagination=Pagination.of(page, total))


@get("/{instance_id:str}/profile", summary="Who it is on its network", responses=_ACT)
async def profile(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ProfileReply:
    """Who the instance is there, asked now."""
    found = await services(request).messaging.profile(who, InstanceId(instance_id))
    return ProfileReply(id=found.address, name=found.name, username=found.username, is_bot=found.is_bot)


# ---------------------------------------------------------------- what was said


@get([_CHAT + "/messages", _CHAT + "/history"], summary="Messages of a chat", responses=_LIST)
async def messages(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    chat_id: FromPath[str],
    limit: Limit = DEFAULT_MESSAGES,
    skip: Skip = 0,
    start_date: StartDate = None,
    end_date: EndDate = None,
) -> MessagePage:
    """A chat's messages, newest first. Both dates are inclusive."""
    page = page_of(limit or DEFAULT_MESSAGES, skip)
    with fields_named(_FIELDS):
        found, total = await services(request).contacts.messages(
            who,
            InstanceId(instance_id),
            Address(chat_id),
            since=moment_of(start_date, "startDate"),
            until=moment_of(end_date, "endDate"),
            limit=page.limit,
            skip=page.skip,
        )
    return MessagePage(messages=[MessageItem.of(each) for each in found], pagination=Pagination.of(page, total))


@get(
    _MESSAGE + "/media",
    summary="Download a message's file",
    media_type="*/*",
    responses={
        200: ResponseSpec(
            data_container=bytes,
            description="The file.",
            media_type="*/*",
            generate_examples=False,
        ),
        **_ACT,
    },
)
async def media(
    request: AnyRequest, who: Who, instance_id: FromPath[str], chat_id: FromPath[str], message_id: FromPath[str]
) -> Response[bytes]:
    """The file of a message, fetched from the network now. Nothing is kept at a public place."""
    with fields_named(_FIELDS):
        fetched, content = await services(request).messaging.media(
            who, InstanceId(instance_id), Address(chat_id), message_id
        )
    return Response(
        fetched.data,
        media_type=safe_mime_type(fetched.mime_type or content.mime_type),
        headers=attachment_headers(content.file_name or fetched.file_name or "file"),
    )


# ---------------------------------------------------------------- what can be done


@put(_MESSAGE, summary="Edit a message", responses=_ACT)
async def edit(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    chat_id: FromPath[str],
    message_id: FromPath[str],
    data: JSONBody[EditBody],
) -> SendReply:
    """Replace the text or caption of a message that the instance sent."""
    await services(request).instances.get(who, InstanceId(instance_id))
    if not data.message:
        raise InvalidInput("Message is required", field="message")
    with fields_named(_FIELDS):
        await services(request).messaging.edit(
            who, InstanceId(instance_id), Address(chat_id), message_id, data.message, data.format
        )
    return SendReply(id=message_id)


@delete(_MESSAGE, status_code=200, summary="Delete a message", responses=_ACT)
async def take_back(
    request: AnyRequest, who: Who, instance_id: FromPath[str], chat_id: FromPath[str], message_id: FromPath[str]
) -> Succeeded:
    """Take a message back for everyone. What is kept of it here stays, marked as deleted."""
    with fields_named(_FIELDS):
        await services(request).messaging.delete(who, InstanceId(instance_id), Address(chat_id), message_id)
    return Succeeded()


@post(_MESSAGE + "/reaction", status_code=200, summary="React to a message", responses=_ACT)
async def react(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    chat_id: FromPath[str],
    message_id: FromPath[str],
    data: JSONBody[ReactionBody],
) -> Succeeded:
    """Set the instance's reaction, or withdraw it."""
    with fields_named(_FIELDS):
        await services(request).messaging.react(
            who, InstanceId(instance_id), Address(chat_id), message_id, data.emoji or None
        )
    return Succeeded()


@post(_CHAT + "/activity", status_code=200, summary="Show that it is typing", responses=_ACT)
async def show_activity(
    request: AnyRequest, who: Who, instance_id: FromPath[str], chat_id: FromPath[str], data: JSONBody[ChatActivityBody]
) -> Succeeded:
    """Show `typing` and the like in a chat; the network hides it by itself after some seconds."""
    with fields_named(_FIELDS):
        await services(request).messaging.show_activity(who, InstanceId(instance_id), Address(chat_id), data.activity)
    return Succeeded()


@post(
    "/{instance_id:str}/buttons/{query_id:str}/answer",
    status_code=200,
    summary="Answer a pressed button",
    responses=_ACT,
)
async def answer_button(
    request: AnyRequest, who: Who, instance_id: FromPath[str], query_id: FromPath[str], data: JSONBody[ButtonAnswerBody]
) -> Succeeded:
    """Acknowledge a press (`queryId` of `button_pressed`), so that the network stops showing it as waiting."""
    await services(request).messaging.answer_button(
        who, InstanceId(instance_id), query_id, data.text or None, data.alert
    )
    return Succeeded()


HANDLERS: list[Any] = [
    chats,
    profile,
    messages,
    media,
    edit,
    take_back,
    react,
    show_activity,
    answer_button,
]
