"""Broadcast channels the account follows, and what was posted there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.groups import Channel
from gateway.domain.ids import Address
from gateway.domain.messages import Chat, ChatKind, Message, Person
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.inbound.content import content_of
from gateway.providers.whatsapp.inbound.unwrap import inside
from gateway.providers.whatsapp.jids import address_of, is_newsletter, normalise, to_jid
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient
    from neonize.proto.Neonize_pb2 import NewsletterMessage, NewsletterMetadata

MAX_POSTS: Final = 100

_ROLES: Final = {1: "subscriber", 2: "guest", 3: "admin", 4: "owner"}


async def channels(client: NewAClient) -> Sequence[Channel]:
    """The channels the account follows."""
    with refusals("list the channels"):
        return [_channel(each) for each in await client.get_subscribed_newletters()]


async def posts(
    client: NewAClient, address: Address, about: Context, *, limit: int, before: int | None
) -> Sequence[Message]:
    """What was posted, newest first."""
    channel = normalise(address, field="channelId")
    if not is_newsletter(channel):
        raise InvalidInput("This is no channel; a channel's id ends in @newsletter.", field="channelId")
    with refusals("show the channel's messages"):
        told = await client.get_newsletter_messages(to_jid(channel), min(limit, MAX_POSTS), before or 0)
    return _posts(told, channel, about)


def _posts(told: Iterable[NewsletterMessage], channel: Address, about: Context) -> Sequence[Message]:
    chat = Chat(address=channel, kind=ChatKind.CHANNEL)
    found = [
        Message(
            network_id=str(each.MessageServerID),
            chat=chat,
            sender=Person(address=channel),
            content=content_of(inside(each.Message), str(each.MessageServerID)),
            sent_at=about.now,
        )
        for each in told
    ]
    return sorted(found, key=lambda message: -int(message.network_id))


def _channel(told: NewsletterMetadata) -> Channel:
    code = told.ThreadMeta.InviteCode
    return Channel(
        address=address_of(told.ID) or Address(""),
        name=told.ThreadMeta.Name.Text,
        description=told.ThreadMeta.Description.Text,
        subscribers=told.ThreadMeta.SubscriberCount,
        role=_ROLES.get(told.ViewerMeta.Role, "subscriber"),
        invite_link=f"https://whatsapp.com/channel/{code}" if code else None,
    )
