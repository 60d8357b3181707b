"""Wire format of what a Telegram instance says."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.instances import ProviderName
from gateway.domain.messages import OutgoingMedia, OutgoingMessage, SentMessage, Text, TextFormat
from gateway.surfaces.http import iso

SENT_FIELDS = {"to": "chatId", "text": "message", "url": "source", "replyTo": "replyToMessageId", "file": "source"}
"""What the rest of the gateway calls the parts of a message, and what they are called here."""

_ChatId = Annotated[
    str | int | None, Meta(description="Required. A chat's number, or @username.", examples=["134527512"])
]


class ParseMode(StrEnum):
    """Telegram's own words for markup."""

    MARKDOWN = "Markdown"
    MARKDOWN_V2 = "MarkdownV2"
    HTML = "HTML"


_FORMATS = {
    None: TextFormat.PLAIN,
    ParseMode.MARKDOWN: TextFormat.OLD_MARKDOWN,
    ParseMode.MARKDOWN_V2: TextFormat.MARKDOWN,
    ParseMode.HTML: TextFormat.HTML,
}


class SendBody(Struct, frozen=True, rename="camel", kw_only=True):
    """Words to say; `chatId` and `message` are required."""

    chat_id: _ChatId = None
    message: Annotated[str | None, Meta(description="Required. The words.", examples=["Hello"])] = None

    def to_message(self) -> OutgoingMessage:
        """What the services understand. Raises InvalidInput in the sentence that clients know."""
        to, text = address_of(self.chat_id), self.message
        if not to or not text:
            raise InvalidInput("chatId and message are required", field="message" if to else "chatId")
        return OutgoingMessage(to=to, content=Text(text=text))


class SendFormattedBody(SendBody, frozen=True, kw_only=True):
    """The same with Telegram's options."""

    parse_mode: Annotated[ParseMode | None, Meta(description="Markup in the words; default: none.")] = None
    reply_to_message_id: Annotated[str | int | None, Meta(description="Id of the message it answers.")] = None
    disable_web_page_preview: bool = False
    disable_notification: bool = False

    def to_message(self) -> OutgoingMessage:
        """The same, with markup, answer, preview and sound."""
        plain = super().to_message()
        reply_to = "" if self.reply_to_message_id is None else str(self.reply_to_message_id)
        return OutgoingMessage(
            to=plain.to,
            content=plain.content,
            format=_FORMATS[self.parse_mode],
            reply_to=reply_to or None,
            silent=self.disable_notification,
            link_preview=not self.disable_web_page_preview,
        )


class SendMediaBody(Struct, frozen=True, rename="camel", kw_only=True):
    """A file to say; `chatId` and `source` are required."""

    chat_id: _ChatId = None
    source: Annotated[
        str | None, Meta(description="Required. An http(s) URL.", examples=["https://example.com/cat.jpg"])
    ] = None
    caption: str | None = None

    def addressed(self) -> tuple[Address, str]:
        """To whom, and from where. Raises InvalidInput in the sentence that clients know."""
        to, source = address_of(self.chat_id), self.source
        if not to or not source:
            raise InvalidInput("chatId and source are required", field="source" if to else "chatId")
        return to, source


class SentReply(Struct, frozen=True, kw_only=True):
    """Said, under every name that clients look for."""

    success: bool = True
    messageId: str  # noqa: N815 - next to its own twin in snake_case
    message_id: str
    chat_id: str
    date: str
    provider: ProviderName

    @classmethod
    def of(cls, sent: SentMessage) -> "SentReply":
        said = sent.message
        return cls(
            messageId=sent.id,
            message_id=sent.id,
            chat_id=said.chat.address,
            date=iso(said.sent_at),
            provider=ProviderName.TELEGRAM,
        )


class MediaInfo(Struct, frozen=True):
    """What was sent."""

    mimetype: str
    filename: str
    size: int

    @classmethod
    def of(cls, file: OutgoingMedia) -> "MediaInfo":
        return cls(file.mime_type, file.file_name, len(file.data))


class SentMediaReply(Struct, frozen=True, rename="camel", kw_only=True):
    """A file was said."""

    success: bool = True
    message_id: str
    provider: ProviderName
    media_info: MediaInfo


def address_of(chat_id: str | int | None) -> Address:
    """The chat as it was written; empty when it was not."""
    return Address("" if chat_id is None else str(chat_id).strip())
