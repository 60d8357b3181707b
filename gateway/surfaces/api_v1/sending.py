"""`/api/v1`: what one instance is asked to say. Each send happens once for one Idempotency-Key."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.params import FromPath, HeaderParameter, JSONBody

from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.messages import OutgoingMessage, Text
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.group_ids import group_of
from gateway.surfaces.api_v1.refusals import require_ready
from gateway.surfaces.api_v1.schemas.sending import (
    FileToSend,
    GroupSendBody,
    GroupSendReply,
    MediaInfo,
    NamedGroupSendBody,
    SendBody,
    SendMediaBody,
    SendMediaReply,
    SendReply,
    required,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, iso, services

_SEND = refusals(400, 404, 409, 413, 501, 502, 504)
_FIELDS = {"to": "number", "text": "message", "url": "source"}
_GROUP_FIELDS = {"to": "groupId", "text": "message"}
_NOTHING_TO_SAY = "Group ID and message are required"

IdempotencyKey = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="At most one send for this key in 24 hours.")
]


class _Sent(msgspec.Struct):
    """What is kept for a second request with the same key."""

    id: str
    info: MediaInfo | None = None


async def say(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    data: JSONBody[SendBody],
    idempotency_key: IdempotencyKey = None,
) -> SendReply:
    """Say a text; with `source` send that file. Answers once the network has taken it and it is recorded."""
    if data.is_text:
        to, words = data.to_text()
        message = OutgoingMessage(to=to, content=Text(text=words))
        sent = await _say(request, who, instance, message, idempotency_key, _FIELDS)
    else:
        sent = await _send_file(request, who, instance, data.to_file(), idempotency_key)
    kind = "text" if data.is_text else "media"
    return SendReply(True, sent.id, kind, iso(services(request).clock.now()))


send = post("/send", status_code=200, summary="Say something", responses=_SEND)(say)
send_by_name = post(
    ["/whatsapp/send", "/whatsapp/send-message"],
    status_code=200,
    summary="Say something, by another name",
    responses=_SEND,
)(say)


@post("/send/media", status_code=200, summary="Send a file from a URL", responses=_SEND)
async def send_media(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    data: JSONBody[SendMediaBody],
    idempotency_key: IdempotencyKey = None,
) -> SendMediaReply:
    """Fetch a file and send it. The URL must be public; what it answers is shown by what it really is."""
    return await media_sent(request, who, instance, data, idempotency_key)


async def media_sent(
    request: AnyRequest, who: Principal, instance: Instance, data: SendMediaBody, key: str | None
) -> SendMediaReply:
    """The same for every path of it."""
    sent = await _send_file(request, who, instance, data.to_file(), key)
    assert sent.info is not None
    return SendMediaReply(sent.id, sent.info)


@post("/groups/{group_id:str}/send", status_code=200, summary="Say something in a group", responses=_SEND)
async def send_to_group(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    group_id: FromPath[str],
    data: JSONBody[GroupSendBody],
    idempotency_key: IdempotencyKey = None,
) -> GroupSendReply:
    """Say a text in a group."""
    return await group_told(request, who, instance, NamedGroupSendBody(group_id, data.message), idempotency_key)


async def group_told(
    request: AnyRequest, who: Principal, instance: Instance, data: NamedGroupSendBody, key: str | None
) -> GroupSendReply:
    """The same for every path of it."""
    group_id = required(data.group_id, "groupId", _NOTHING_TO_SAY)
    words = required(data.message, "message", _NOTHING_TO_SAY)
    require_ready(instance)
    to = await group_of(request, who, instance, group_id)
    message = OutgoingMessage(to=to, content=Text(text=words))
    sent = await _say(request, who, instance, message, key, _GROUP_FIELDS)
    return GroupSendReply(sent.id)


async def _say(
    request: AnyRequest,
    who: Principal,
    instance: Instance,
    message: OutgoingMessage,
    key: str | None,
    fields: dict[str, str],
) -> _Sent:
    require_ready(instance)

    async def act() -> _Sent:
        sent = await services(request).messaging.send(who, instance.id, message)
        return _Sent(sent.id)

    with fields_named(fields):
        return await _once(request, who, instance.id, key, msgspec.json.encode(("v1 text", message)), act)


async def _send_file(
    request: AnyRequest, who: Principal, instance: Instance, file: FileToSend, key: str | None
) -> _Sent:
    require_ready(instance)
    given = services(request)

    async def act() -> _Sent:
        content = await given.media.from_url(file.source.strip(), caption=file.caption, kind=file.kind)
        sent = await given.messaging.send(who, instance.id, OutgoingMessage(to=file.to, content=content))
        return _Sent(sent.id, MediaInfo.of(content))

    with fields_named(_FIELDS):
        return await _once(request, who, instance.id, key, msgspec.json.encode(("v1 file", file)), act)


async def _once(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    key: str | None,
    asked: bytes,
    act: Callable[[], Awaitable[_Sent]],
) -> _Sent:
    async def kept() -> str:
        return msgspec.json.encode(await act()).decode()

    answer = await services(request).idempotency.once(who, f"send:{instance_id}", key, asked, kept)
    return msgspec.json.decode(answer, type=_Sent)


HANDLERS: list[Any] = [send, send_media, send_to_group]
