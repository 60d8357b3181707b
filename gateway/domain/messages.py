"""Messages: what somebody said, in a form no provider owns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from gateway.domain.ids import Address, InstanceId, MessageId


class ChatKind(StrEnum):
    """Where a message was said."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


class MediaKind(StrEnum):
    """How the network shows a file."""

    IMAGE = "image"
    VIDEO = "video"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    DOCUMENT = "document"
    STICKER = "sticker"


class MessageStatus(StrEnum):
    """How far a message got. It only ever moves forward; see `rank`."""

    FAILED = "failed"
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"

    @property
    def rank(self) -> int:
        """Position in the only allowed order. A late `sent` after `delivered` is dropped by comparing ranks."""
        return _STATUS_ORDER.index(self)


_STATUS_ORDER = (
    MessageStatus.PENDING,
    MessageStatus.SENT,
    MessageStatus.FAILED,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
    MessageStatus.PLAYED,
)


class MessageSource(StrEnum):
    """What brought a message here. Values are the words of the Instance Manager's `message_source`."""

    USER = "user"
    """Somebody on the network wrote it to us."""
    AGENT = "agno"
    """An agent answered for us."""
    DEVICE = "device"
    """Our account wrote it on its phone or another of its devices."""
    API = "api"
    """A program wrote it through this gateway."""


class TextFormat(StrEnum):
    """Markup the network is asked to read in a text or caption."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"
    OLD_MARKDOWN = "old_markdown"
    """Telegram's first Markdown: `*bold*`, `_italic_`, code and links; nothing else has to be escaped."""


class Chat(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation on the network."""

    address: Address
    kind: ChatKind
    title: str = ""
    username: str | None = None
    pn: Address | None = None
    lid: Address | None = None
    """WhatsApp's two names for the other person of a private chat, as in `Person`."""


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody on the network. `pn` and `lid` are WhatsApp's two names for one person, both given when known."""

    address: Address
    name: str = ""
    username: str | None = None
    phone: str | None = None
    pn: Address | None = None
    lid: Address | None = None
    is_bot: bool = False


class Text(Struct, frozen=True, kw_only=True, tag="text", tag_field="kind", omit_defaults=True):
    """Words."""

    text: str


class Media(Struct, frozen=True, kw_only=True, tag="media", tag_field="kind", omit_defaults=True):
    """A file that lies on the network. `ref` is the network's own handle; the bytes are fetched later, by us."""

    media: MediaKind
    ref: str
    mime_type: str = "application/octet-stream"
    file_name: str | None = None
    size: int | None = None
    caption: str = ""
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    """Seconds."""
    emoji: str | None = None


class Location(Struct, frozen=True, kw_only=True, tag="location", tag_field="kind", omit_defaults=True):
    """A point on the map, in degrees; a venue when it has a title."""

    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


class ContactCard(Struct, frozen=True, kw_only=True, tag="contact", tag_field="kind", omit_defaults=True):
    """A person's card, shared as a message."""

    name: str
    phone: str
    address: Address | None = None
    vcard: str | None = None


class Poll(Struct, frozen=True, kw_only=True, tag="poll", tag_field="kind", omit_defaults=True):
    """A question with options. `ref` is the network's id of it."""

    question: str
    options: tuple[str, ...]
    multiple: bool = False
    anonymous: bool = True
    ref: str | None = None


class Unknown(Struct, frozen=True, kw_only=True, tag="unknown", tag_field="kind", omit_defaults=True):
    """Something this version has no word for. It is stored and told, never dropped."""

    network_kind: str


Content: TypeAlias = Text | Media | Location | ContactCard | Poll | Unknown


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message, in or out. `network_id` is unique within (instance, chat)."""

    network_id: str
    chat: Chat
    sender: Person
    content: Content
    sent_at: datetime
    from_me: bool = False
    reply_to: str | None = None
    """The network id of the message it answers."""
    mentions: tuple[Address, ...] = ()
    forwarded: bool = False

    @property
    def body(self) -> str:
        """The words in it; see `words_of`."""
        return words_of(self.content)

    @property
    def kind(self) -> str:
        """One word for the content: text, image, video, ..., location, contact, poll, unknown."""
        return kind_of(self.content)


def words_of(content: Content) -> str:
    """The words in a content: text, caption, poll question, place title or a card's name; empty when there are none."""
    match content:
        case Text(text=text):
            return text
        case Media(caption=caption):
            return caption
        case Poll(question=question):
            return question
        case Location(title=title):
            return title
        case ContactCard(name=name):
            return name
        case Unknown():
            return ""


def kind_of(content: Content) -> str:
    """One word for a content: its media kind for media, else its tag."""
    return content.media.value if isinstance(content, Media) else str(content.__struct_config__.tag)


class MessageKey(Struct, frozen=True, kw_only=True):
    """Which message: what a network needs to find one again. `sender` is unknown for one that was never stored."""

    chat: Address
    network_id: str
    from_me: bool = True
    sender: Address | None = None


class OutgoingMedia(Struct, frozen=True, kw_only=True):
    """A file to send: its bytes are already here, vetted and under the size cap."""

    media: MediaKind
    data: bytes
    mime_type: str
    file_name: str
    caption: str = ""
    source_url: str | None = None
    """Where a URL send took it from; stored with the message for the reader's sake."""


OutgoingContent: TypeAlias = Text | OutgoingMedia | Location | ContactCard | Poll


class OutgoingMessage(Struct, frozen=True, kw_only=True):
    """What a caller asks to say."""

    to: Address
    content: OutgoingContent
    format: TextFormat = TextFormat.PLAIN
    reply_to: str | None = None
    quoted: Message | None = None
    """The message `reply_to` names, when it is stored here; some networks show a quote only from a copy of it."""
    silent: bool = False
    link_preview: bool = True
    mentions: tuple[Address, ...] = ()


class SentMessage(Struct, frozen=True, kw_only=True):
    """What the network said yes to. For media, `message.content` carries the network's own `ref`."""

    message: Message

    @property
    def id(self) -> str:
        """The network's id of the message."""
        return self.message.network_id


class StoredMessage(Struct, frozen=True, kw_only=True):
    """A message as we keep it."""

    id: MessageId
    instance_id: InstanceId
    message: Message
    status: MessageStatus
    status_at: datetime | None
    media_url: str | None
    created_at: datetime
    updated_at: datetime
    source: MessageSource = MessageSource.USER
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
