"""`/api/v1/telegram`: what a Telegram instance says."""

from typing import Any

from litestar import post
from litestar.params import JSONBody

from gateway.domain.instances import Instance
from gateway.domain.messages import OutgoingMessage
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.once import IdempotencyKey, once
from gateway.surfaces.api_v1.schemas.telegram_sending import (
    SENT_FIELDS,
    MediaInfo,
    SendBody,
    SendFormattedBody,
    SendMediaBody,
    SentMediaReply,
    SentReply,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.api_v1.telegram import Bot
from gateway.surfaces.http import Who, fields_named, services

_SEND = refusals(400, 404, 409, 413, 502, 504)


async def _said(
    request: AnyRequest, who: Principal, bot: Instance, message: OutgoingMessage, key: str | None
) -> SentReply:
    async def act() -> SentReply:
        return SentReply.of(await services(request).messaging.send(who, bot.id, message))

    with fields_named(SENT_FIELDS):
        return await once(request, who, bot.id, key, ("v1 telegram", message), act, SentReply)


@post("/send", status_code=200, summary="Send a text", responses=_SEND)
async def send(
    request: AnyRequest, who: Who, bot: Bot, data: JSONBody[SendBody], idempotency_key: IdempotencyKey = None
) -> SentReply:
    """Say a text as it is written."""
    return await _said(request, who, bot, data.to_message(), idempotency_key)


@post(
    ["/send-telegram-message", "/send-message"],
    status_code=200,
    summary="Send a text with Telegram's options",
    responses=_SEND,
)
async def send_formatted(
    request: AnyRequest, who: Who, bot: Bot, data: JSONBody[SendFormattedBody], idempotency_key: IdempotencyKey = None
) -> SentReply:
    """Say a text with markup, as an answer, without a preview or without a sound. 400 with Telegram's own words when
    the markup is broken.
    """
    return await _said(request, who, bot, data.to_message(), idempotency_key)


@post("/send-media", status_code=200, summary="Send a file by its URL", responses=_SEND)
async def send_media(
    request: AnyRequest, who: Who, bot: Bot, data: JSONBody[SendMediaBody], idempotency_key: IdempotencyKey = None
) -> SentMediaReply:
    """Fetch a public http(s) URL and say it as what it is: a photo, a video, music, or else a document."""
    given = services(request)
    to, source = data.addressed()

    async def act() -> SentMediaReply:
        file = await given.media.from_url(source, caption=data.caption or "", music=True)
        sent = await given.messaging.send(who, bot.id, OutgoingMessage(to=to, content=file))
        return SentMediaReply(message_id=sent.id, provider=bot.provider, media_info=MediaInfo.of(file))

    with fields_named(SENT_FIELDS):
        return await once(request, who, bot.id, idempotency_key, ("v1 telegram file", data), act, SentMediaReply)


HANDLERS: list[Any] = [send, send_formatted, send_media]
