"""Wire format of `/api/whatsapp`: what a send asks and what it answers. The path is a name; every provider is meant."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import (
    ContactCard,
    Location,
    MediaKind,
    OutgoingMessage,
    Poll,
    Text,
    TextFormat,
)

Phone = Annotated[
    str | int | None,
    Meta(
        description="Required. To whom: a phone number, a chat id, a group id or @username.", examples=["79001234567"]
    ),
]
Format = Annotated[TextFormat, Meta(description="Markup in the words.")]
ReplyTo = Annotated[str | int | None, Meta(description="Id of the message it answers.")]
Silent = Annotated[bool, Meta(description="Without a sound, where the network can.")]
Mentions = Annotated[list[str], Meta(description="Who is named in the words, as `@` and their number; they are told.")]
Kind = Annotated[MediaKind | None, Meta(description="How to show the file; default: by what it is.")]


class LocationBody(Struct, frozen=True):
    """A point on the map; a venue when it has a title."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    title: str = ""
    address: str = ""


class ContactBody(Struct, frozen=True):
    """A person's card."""

    name: str
    phone: str
    vcard: str | None = None


class PollBody(Struct, frozen=True):
    """A question with options."""

    question: str
    options: list[str]
    multiple: bool = False
    anonymous: bool = True


class SendBody(Struct, frozen=True, rename="camel", kw_only=True):
    """Something to say: `phone`, and `message` or one of `location`, `contact` and `poll`."""

    phone: Phone = None
    message: Annotated[str | None, Meta(description="The words.", examples=["Hello"])] = None
    location: LocationBody | None = None
    contact: ContactBody | None = None
    poll: PollBody | None = None
    format: Format = TextFormat.PLAIN
    reply_to: ReplyTo = None
    silent: Silent = False
    mentions: Mentions = []
    link_preview: Annotated[bool, Meta(description="Show a preview of the first link.")] = True

    def to_message(self) -> OutgoingMessage:
        """Raises InvalidInput when there is nobody to say it to, nothing to say, or more than one thing."""
        said = [self.message or None, self.location, self.contact, self.poll]
        count = sum(thing is not None for thing in said)
        if count == 0:
            raise InvalidInput("Phone and message are required", field="phone" if not self.phone else "message")
        if count > 1:
            raise InvalidInput("Send one of message, location, contact and poll", field="message")
        return OutgoingMessage(
            to=address_of(self.phone, "Phone and message are required"),
            content=self._content(),
            format=self.format,
            reply_to=reference_of(self.reply_to),
            silent=self.silent,
            mentions=mentioned(self.mentions),
            link_preview=self.link_preview,
        )

    def _content(self) -> Text | Location | ContactCard | Poll:
        if self.location is not None:
            place = self.location
            return Location(
                latitude=place.latitude, longitude=place.longitude, title=place.title, address=place.address
            )
        if self.contact is not None:
            return ContactCard(name=self.contact.name, phone=self.contact.phone, vcard=self.contact.vcard)
        if self.poll is not None:
            poll = self.poll
            return Poll(
                question=poll.question,
                options=tuple(poll.options),
                multiple=poll.multiple,
                anonymous=poll.anonymous,
            )
        return Text(text=self.message or "")


class SendMediaBody(Struct, frozen=True, rename="camel", kw_only=True):
    """A file that lies behind a URL: `phone` and `url`."""

    phone: Phone = None
    url: Annotated[str | None, Meta(description="Required.", examples=["https://example.com/image.jpg"])] = None
    caption: str = ""
    filename: Annotated[str | None, Meta(description="What the recipient sees; default: as at the URL.")] = None
    type: Kind = None
    format: Format = TextFormat.PLAIN
    reply_to: ReplyTo = None
    silent: Silent = False
    mentions: Mentions = []


class SendReply(Struct, frozen=True):
    """It was said."""

    id: Annotated[str, Meta(description="The network's id of the message.")]


class Succeeded(Struct, frozen=True):
    """It happened."""

    success: bool = True


def address_of(phone: str | int | None, missing: str) -> Address:
    """To whom, trimmed and otherwise as given: a group's id must never become a person's. Raises InvalidInput."""
    text = str(phone).strip() if phone is not None else ""
    if not text or text == "0":
        raise InvalidInput(missing, field="phone")
    return Address(text)


def mentioned(people: list[str]) -> tuple[Address, ...]:
    """Who is mentioned, blanks left out."""
    return tuple(Address(each.strip()) for each in people if each.strip())


def reference_of(message_id: str | int | None) -> str | None:
    """The id of the message that is answered; None for none."""
    return None if message_id is None or message_id == "" else str(message_id)
