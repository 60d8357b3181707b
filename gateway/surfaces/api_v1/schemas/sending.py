"""Wire format of what one instance is asked to say."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import MediaKind, OutgoingMedia

Number = Annotated[
    str | int | None,
    Meta(description="Required. To whom: a phone number, a chat id or a group id.", examples=["79001234567"]),
]
Source = Annotated[str | None, Meta(description="Where the file lies, a public http(s) URL.")]


class MediaType(StrEnum):
    """What is said."""

    TEXT = "text"
    IMAGE = "image"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"


class FileToSend(Struct, frozen=True):
    """A file behind a URL, and to whom."""

    to: Address
    source: str
    caption: str
    kind: MediaKind | None
    """How to show it; None: by what it is."""


class SendBody(Struct, frozen=True, rename="camel", kw_only=True):
    """Something to say: `message`, or the file at `source`."""

    number: Number = None
    message: Annotated[str | None, Meta(description="The words; with a file, its caption.")] = None
    source: Source = None
    caption: str | None = None
    media_type: Annotated[MediaType | None, Meta(description="How to show the file; default: by what it is.")] = None

    @property
    def is_text(self) -> bool:
        """Whether words are meant, and no file."""
        return not self.source and self.media_type in (None, MediaType.TEXT)

    def to_text(self) -> tuple[Address, str]:
        """To whom, and the words. Raises InvalidInput."""
        missing = "Number and message are required"
        to = address_of(self.number, missing)
        return to, required(self.message, "message", missing)

    def to_file(self) -> FileToSend:
        """The file that is meant. Raises InvalidInput."""
        to = address_of(self.number, "Number and source are required")
        source = required(self.source, "source", "Source is required for media messages")
        kind = self.media_type if self.media_type is not MediaType.TEXT else None
        return FileToSend(to, source, self.caption or self.message or "", MediaKind(kind.value) if kind else None)


class SendMediaBody(Struct, frozen=True):
    """A file to send."""

    number: Number = None
    source: Source = None
    caption: str = ""

    def to_file(self) -> FileToSend:
        """The file that is meant. Raises InvalidInput."""
        missing = "Number and source are required"
        to = address_of(self.number, missing)
        return FileToSend(to, required(self.source, "source", missing), self.caption, None)


class GroupSendBody(Struct, frozen=True):
    """Something to say in a group."""

    message: Annotated[str | None, Meta(description="Required.")] = None


class NamedGroupSendBody(Struct, frozen=True, rename="camel"):
    """Something to say in a group."""

    group_id: Annotated[str | None, Meta(description="Required.")] = None
    message: Annotated[str | None, Meta(description="Required.")] = None


class SendReply(Struct, frozen=True, rename="camel"):
    """It was said."""

    success: bool
    message_id: Annotated[str, Meta(description="The network's id of the message.")]
    message_type: Annotated[str, Meta(description="`text` or `media`.")]
    timestamp: str


class MediaInfo(Struct, frozen=True):
    """What was sent."""

    mimetype: str
    filename: str
    size: Annotated[int, Meta(description="Bytes.")]

    @classmethod
    def of(cls, file: OutgoingMedia) -> "MediaInfo":
        return cls(mimetype=file.mime_type, filename=file.file_name, size=len(file.data))


class SendMediaReply(Struct, frozen=True, rename="camel"):
    """It was sent."""

    message_id: str
    media_info: MediaInfo


class GroupSendReply(Struct, frozen=True, rename="camel"):
    """It was said."""

    message_id: str


def address_of(number: str | int | None, missing: str) -> Address:
    """To whom, trimmed and otherwise as given: a group's id must never become a person's. Raises InvalidInput."""
    text = str(number).strip() if number is not None else ""
    if not text or text == "0":
        raise InvalidInput(missing, field="number")
    return Address(text)


def required(text: str | None, field: str, missing: str) -> str:
    """The text, when there is one. Raises InvalidInput naming the field."""
    if not (text or "").strip():
        raise InvalidInput(missing, field=field)
    return str(text)
