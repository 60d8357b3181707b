"""Wire format of a chat's messages, and of what can be done to one."""

from typing import Annotated, Any
from urllib.parse import quote

from msgspec import Meta, Struct

from gateway.domain.messages import (
    ChatKind,
    ContactCard,
    Location,
    Media,
    Message,
    MessageStatus,
    Poll,
    StoredMessage,
    TextFormat,
    Unknown,
)
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.http import iso, maybe_iso


class MessageItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A message as it is kept."""

    id: str
    instance_id: str
    remote_jid: Annotated[str, Meta(description="The chat.")]
    from_me: bool
    message_type: Annotated[str, Meta(examples=["text"])]
    content: Annotated[str, Meta(description="Its words: text, caption, question.")]
    message_id: Annotated[str, Meta(description="The network's id of it, unique in the chat.")]
    has_media: bool
    media_url: Annotated[str | None, Meta(description="Where a send by URL took its file from.")]
    media_path: Annotated[str | None, Meta(description="Path of this API that downloads the file, with a credential.")]
    caption: str | None
    mime_type: str | None
    file_name: str | None
    status: MessageStatus
    metadata: dict[str, Any]
    created_at: str
    updated_at: str
    status_updated_at: str | None
    edited_at: str | None
    deleted_at: str | None

    @classmethod
    def of(cls, stored: StoredMessage) -> "MessageItem":
        message = stored.message
        media = message.content if isinstance(message.content, Media) else None
        return cls(
            id=stored.id,
            instance_id=stored.instance_id,
            remote_jid=message.chat.address,
            from_me=message.from_me,
            message_type=message.kind,
            content=message.body,
            message_id=message.network_id,
            has_media=media is not None,
            media_url=stored.media_url,
            media_path=_media_path(stored) if media else None,
            caption=media.caption if media else None,
            mime_type=media.mime_type if media else None,
            file_name=media.file_name if media else None,
            status=stored.status,
            metadata=metadata_of(message),
            created_at=iso(stored.created_at),
            updated_at=iso(stored.updated_at),
            # A network may tell the time of a receipt in whole seconds, which is before the message it is about.
            status_updated_at=maybe_iso(stored.status_at and max(stored.status_at, stored.created_at)),
            edited_at=maybe_iso(stored.edited_at),
            deleted_at=maybe_iso(stored.deleted_at),
        )


class MessagePage(Struct, frozen=True):
    """A chat's messages, newest first."""

    messages: list[MessageItem]
    pagination: Pagination


class EditBody(Struct, frozen=True):
    """Other words for a message that the instance sent."""

    message: str | None = None
    format: TextFormat = TextFormat.PLAIN


class ReactionBody(Struct, frozen=True):
    """A reaction."""

    emoji: Annotated[str | None, Meta(description="Empty, null or absent withdraws it.", examples=["👍"])] = None


class ReadBody(Struct, frozen=True, rename="camel"):
    """Which messages were read."""

    message_ids: Annotated[
        list[str], Meta(description="At most 50; none means the last ones that others wrote in the chat.")
    ] = []


class ChatActivityBody(Struct, frozen=True):
    """What to show in a chat for some seconds."""

    activity: Annotated[str, Meta(examples=["typing", "recording", "uploading_photo"])] = "typing"


class ButtonAnswerBody(Struct, frozen=True):
    """What the one who pressed a button sees."""

    text: str | None = None
    alert: Annotated[bool, Meta(description="Show the text in a window that has to be closed.")] = False


def media_fields(message: Message, media_url: str | None) -> dict[str, Any]:
    """What a message says about its file."""
    media = message.content if isinstance(message.content, Media) else None
    return {
        "hasMedia": media is not None,
        "mediaUrl": media_url,
        "caption": media.caption if media else None,
        "mimeType": media.mime_type if media else None,
        "fileName": media.file_name if media else None,
    }


def metadata_of(message: Message) -> dict[str, Any]:
    """What else is known about a message. `timestamp` is the network's, in seconds since 1970."""
    known: dict[str, Any] = {"timestamp": int(message.sent_at.timestamp())}
    if not message.from_me:
        known["pushName"] = message.sender.name
        known["sender"] = message.sender.address
    if message.chat.kind is not ChatKind.PRIVATE:
        known["chatTitle"] = message.chat.title
    if message.reply_to:
        known["replyTo"] = message.reply_to
    match message.content:
        case Media() as media:
            sizes = {"fileSize": media.size, "width": media.width, "height": media.height, "duration": media.duration}
            known |= {name: size for name, size in sizes.items() if size is not None}
        case Location() as place:
            known["location"] = {
                "latitude": place.latitude,
                "longitude": place.longitude,
                "title": place.title,
                "address": place.address,
            }
        case ContactCard() as card:
            known["contact"] = {"name": card.name, "phone": card.phone}
        case Poll() as poll:
            known["poll"] = {"id": poll.ref, "options": list(poll.options), "multiple": poll.multiple}
        case Unknown(network_kind=kind):
            known["networkKind"] = kind
        case _:
            pass  # a text says everything in its words
    return known


def _media_path(stored: StoredMessage) -> str:
    chat, message = quote(stored.message.chat.address, safe="@"), quote(stored.message.network_id, safe="")
    return f"/api/instances/{stored.instance_id}/chats/{chat}/messages/{message}/media"
