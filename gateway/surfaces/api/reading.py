"""`/api/instances/{instanceId}/chats/{chatId}`: telling others that their messages were read."""

from typing import Any

from litestar import post
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import Address, InstanceId
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.messages import ReadBody
from gateway.surfaces.api.schemas.whatsapp import Succeeded
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, services

_ACT = refusals(400, 401, 403, 404, 413, 429, 500, 502, 504)
_FIELDS = {"to": "chatId"}
_CHAT = "/{instance_id:str}/chats/{chat_id:str}"


@post(_CHAT + "/read", status_code=200, summary="Mark a chat as read", responses=_ACT)
async def read_chat(
    request: AnyRequest, who: Who, instance_id: FromPath[str], chat_id: FromPath[str], data: JSONBody[ReadBody]
) -> Succeeded:
    """Show others that their messages were read: those named, or else the last that are stored of the chat."""
    with fields_named(_FIELDS):
        await services(request).messaging.mark_read(who, InstanceId(instance_id), Address(chat_id), data.message_ids)
    return Succeeded()


@post(_CHAT + "/messages/{message_id:str}/read", status_code=200, summary="Mark a message as read", responses=_ACT)
async def read_message(
    request: AnyRequest, who: Who, instance_id: FromPath[str], chat_id: FromPath[str], message_id: FromPath[str]
) -> Succeeded:
    """Show its sender that it was read; a voice note, that it was played."""
    with fields_named(_FIELDS):
        await services(request).messaging.mark_read(who, InstanceId(instance_id), Address(chat_id), [message_id])
    return Succeeded()


HANDLERS: list[Any] = [read_chat, read_message]
