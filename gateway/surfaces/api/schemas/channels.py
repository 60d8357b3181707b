"""Wire format of broadcast channels and what they say."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.groups import Channel
from gateway.domain.messages import Media, Message
from gateway.surfaces.api.schemas.messages import metadata_of
from gateway.surfaces.http import iso


class ChannelItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A channel that an instance follows."""

    id: str
    name: str
    description: str
    subscribers: int
    role: str
    invite_link: str | None

    @classmethod
    def of(cls, channel: Channel) -> "ChannelItem":
        return cls(
            id=channel.address,
            name=channel.name,
            description=channel.description,
            subscribers=channel.subscribers,
            role=channel.role,
            invite_link=channel.invite_link,
        )


class ChannelList(Struct, frozen=True):
    """The channels an instance follows."""

    channels: list[ChannelItem]


class ChannelMessage(Struct, frozen=True, rename="camel", kw_only=True):
    """Something a channel said, as the network has it now; it is not kept here."""

    message_id: Annotated[str, Meta(description="Its number in the channel, or the network's id of it.")]
    remote_jid: str
    message_type: str
    content: Annotated[str, Meta(description="Its words: text, caption, question.")]
    has_media: bool
    mime_type: str | None
    sent_at: str
    metadata: dict[str, Any]

    @classmethod
    def of(cls, message: Message) -> "ChannelMessage":
        media = message.content if isinstance(message.content, Media) else None
        return cls(
            message_id=message.network_id,
            remote_jid=message.chat.address,
            message_type=message.kind,
            content=message.body,
            has_media=media is not None,
            mime_type=media.mime_type if media else None,
            sent_at=iso(message.sent_at),
            metadata=metadata_of(message),
        )


class ChannelMessages(Struct, frozen=True):
    """Newest first."""

    messages: list[ChannelMessage]
