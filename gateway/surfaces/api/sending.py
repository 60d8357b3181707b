"""Sends, as the routes for programs and those for people share them: once per Idempotency-Key, answered with the id."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import OutgoingMessage
from gateway.domain.tenants import Principal
from gateway.surfaces.api.schemas.whatsapp import (
    SendBody,
    SendMediaBody,
    SendReply,
    address_of,
    mentioned,
    reference_of,
)
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.api.uploads import Upload
from gateway.surfaces.http import fields_named, services

_FIELDS = {"to": "phone", "text": "message", "reply_to": "replyTo"}
"""What providers call the parts of a message, and what they are called here."""


async def send_text(
    request: AnyRequest, who: Principal, instance_id: InstanceId, data: SendBody, key: str | None
) -> SendReply:
    """Say a text, a place, a card or a poll."""
    message = data.to_message()

    async def compose() -> OutgoingMessage:
        return message

    return await _send(request, who, instance_id, key, msgspec.json.encode(("send", data)), compose)


async def send_media(
    request: AnyRequest, who: Principal, instance_id: InstanceId, data: SendMediaBody, key: str | None
) -> SendReply:
    """Fetch a file through the egress guard and say it."""
    to = address_of(data.phone, "Phone and URL are required")
    url = data.url
    if not url:
        raise InvalidInput("Phone and URL are required", field="url")

    async def compose() -> OutgoingMessage:
        file = await services(request).media.from_url(
            url, caption=data.caption, file_name=data.filename or None, kind=data.type
        )
        return OutgoingMessage(
            to=to,
            content=file,
            format=data.format,
            reply_to=reference_of(data.reply_to),
            silent=data.silent,
            mentions=mentioned(data.mentions),
        )

    return await _send(request, who, instance_id, key, msgspec.json.encode(("send-media", data)), compose)


async def send_file(
    request: AnyRequest, who: Principal, instance_id: InstanceId, upload: Upload, key: str | None
) -> SendReply:
    """Say an uploaded file."""
    file = services(request).media.from_upload(
        upload.data, file_name=upload.file_name, caption=upload.caption, kind=upload.kind
    )
    message = OutgoingMessage(
        to=Address(upload.phone),
        content=file,
        format=upload.format,
        reply_to=upload.reply_to,
        silent=upload.silent,
        mentions=mentioned(upload.mentions),
    )

    async def compose() -> OutgoingMessage:
        return message

    asked = b""
    if key is not None:
        digest = await asyncio.to_thread(hashlib.sha256, upload.data)
        asked = msgspec.json.encode(("send-file", digest.hexdigest(), msgspec.structs.replace(upload, data=b"")))
    return await _send(request, who, instance_id, key, asked, compose)


async def _send(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    key: str | None,
    asked: bytes,
    compose: Callable[[], Awaitable[OutgoingMessage]],
) -> SendReply:
    given = services(request)

    async def act() -> str:
        sent = await given.messaging.send(who, instance_id, await compose())
        return sent.id

    with fields_named(_FIELDS):
        return SendReply(id=await given.idempotency.once(who, f"send:{instance_id}", key, asked, act))
