"""Sends a message, and says what was sent in the gateway's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from msgspec import structs
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.messages import (
    ContactCard,
    Content,
    Location,
    Media,
    Message,
    OutgoingMedia,
    OutgoingMessage,
    Poll,
    SentMessage,
    Text,
)
from gateway.kit.egress import Egress
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.inbound.content import content_of
from gateway.providers.whatsapp.inbound.unwrap import inside
from gateway.providers.whatsapp.jids import address_of, is_newsletter, normalise, to_jid
from gateway.providers.whatsapp.outbound import compose
from gateway.providers.whatsapp.outbound.files import file_message
from gateway.providers.whatsapp.outbound.preview import add_preview
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient


async def send(client: NewAClient, egress: Egress, message: OutgoingMessage, about: Context) -> SentMessage:
    """Say something. Raises InvalidInput, NetworkRefused, NetworkUnreachable or TooManyRequests."""
    jid = to_jid(message.to)
    built = await _built(client, egress, message)
    with refusals("take the message"):
        answer = await client.send_message(jid, built)
    chat = who.chat(about, normalise(message.to), address_of(answer.Chat))
    network_id = str(answer.ServerID) if is_newsletter(message.to) and answer.ServerID else answer.ID
    return SentMessage(
        message=Message(
            network_id=network_id,
            chat=chat,
            sender=who.me(about),
            content=_content(message, built, network_id),
            sent_at=datetime.fromtimestamp(answer.Timestamp, UTC) if answer.Timestamp else about.now,
            from_me=True,
            reply_to=message.reply_to,
            mentions=message.mentions,
        )
    )


async def _built(client: NewAClient, egress: Egress, message: OutgoingMessage) -> wa.Message:
    match message.content:
        case Text() as text:
            built = compose.text_message(message, text)
            if message.link_preview:
                await add_preview(built.extendedTextMessage, egress)
            return built
        case OutgoingMedia() as file:
            return await file_message(client, message, file)
        case Location() as place:
            return compose.place_message(message, place)
        case ContactCard() as card:
            return compose.card_message(message, card)
        case Poll() as poll:
            return compose.poll_message(message, poll)
        case _ as never:
            assert_never(never)


def _content(message: OutgoingMessage, built: wa.Message, network_id: str) -> Content:
    given = message.content
    if not isinstance(given, OutgoingMedia | Poll):
        return given
    content: Content = content_of(inside(built), network_id)  # as the other side reads it, so that `ref` can be fetched
    if isinstance(given, OutgoingMedia) and isinstance(content, Media):
        return structs.replace(content, file_name=content.file_name or given.file_name)
    if isinstance(given, Poll):
        question, options = compose.poll_words(given)
        return structs.replace(given, question=question, options=options, ref=network_id)
    return content
