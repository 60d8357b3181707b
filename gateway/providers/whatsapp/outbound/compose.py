"""A text, place, card or poll, and what a message refers to, as WhatsApp's protobuf. Pure.

Field meanings: whatsmeow's waE2E.proto. A plain text without any context could travel as `conversation`; it always goes
as `extendedTextMessage`, which is what the clients send.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import (
    ChatKind,
    ContactCard,
    Location,
    Message,
    OutgoingMessage,
    Poll,
    Text,
    TextFormat,
    words_of,
)
from gateway.providers.whatsapp.jids import is_group, kind_of, normalise
from gateway.providers.whatsapp.outbound.markup import as_marks

MAX_TEXT: Final = 65_536
"""Characters WhatsApp shows of a text."""
MAX_OPTIONS: Final = 12
"""Options of a poll."""
MAX_QUESTION: Final = 255
MAX_OPTION: Final = 100
"""Characters the clients let people write."""

_MENTION = re.compile(r"(?<![\w@])@([1-9][0-9]{4,14})(?![\w@]|\.\w)")
"""A phone number behind an @ that is no mail address."""


def text_message(message: OutgoingMessage, content: Text) -> wa.Message:
    """Words, with what they refer to. Raises InvalidInput when there are none, or too many."""
    words = words_to_send(content.text, message.format)
    if not words.strip():
        raise InvalidInput("A message needs words.", field="message")
    built = wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text=words))
    refer(built.extendedTextMessage.contextInfo, message, words)
    return built


def words_to_send(text: str, text_format: TextFormat) -> str:
    """A text or caption with WhatsApp's marks. Raises InvalidInput when it is too long."""
    # Asked of both: markup costs time to read, and the addresses of links make a text longer.
    if len(text) > MAX_TEXT or len(words := as_marks(text, text_format)) > MAX_TEXT:
        raise InvalidInput(f"WhatsApp takes texts of at most {MAX_TEXT} characters.", field="message")
    return words


def place_message(message: OutgoingMessage, place: Location) -> wa.Message:
    """A point on the map. Raises InvalidInput for one that is not on it."""
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        raise InvalidInput("A latitude is within 90 degrees, a longitude within 180.", field="latitude")
    built = wa.Message(
        locationMessage=wa.LocationMessage(
            degreesLatitude=place.latitude, degreesLongitude=place.longitude, name=place.title, address=place.address
        )
    )
    refer(built.locationMessage.contextInfo, message)
    return built


def card_message(message: OutgoingMessage, card: ContactCard) -> wa.Message:
    """Somebody's card. `waid` is what makes it a person one can write to.

    Raises InvalidInput where there is neither a number nor a card to send.
    """
    built = wa.Message(contactMessage=wa.ContactMessage(displayName=card.name, vcard=card.vcard or _vcard(card)))
    refer(built.contactMessage.contextInfo, message)
    return built


def poll_message(message: OutgoingMessage, poll: Poll) -> wa.Message:
    """A question. Its votes are encrypted with the message's secret, so it has to have one."""
    question, options = poll_words(poll)
    if not 1 <= len(question) <= MAX_QUESTION:
        raise InvalidInput(f"A poll's question has 1 to {MAX_QUESTION} characters.", field="poll.question")
    if not 2 <= len(options) <= MAX_OPTIONS or len(set(options)) < len(options) or not all(options):
        raise InvalidInput(f"A poll has 2 to {MAX_OPTIONS} different options.", field="poll.options")
    if max(map(len, options)) > MAX_OPTION:
        raise InvalidInput(f"An option of a poll has at most {MAX_OPTION} characters.", field="poll.options")
    created = wa.PollCreationMessage(
        name=question,
        options=[wa.PollCreationMessage.Option(optionName=option) for option in options],
        selectableOptionsCount=0 if poll.multiple else 1,
    )
    refer(created.contextInfo, message)
    built = wa.Message(pollCreationMessage=created) if poll.multiple else wa.Message(pollCreationMessageV3=created)
    built.messageContextInfo.messageSecret = secrets.token_bytes(32)
    return built


def poll_words(poll: Poll) -> tuple[str, tuple[str, ...]]:
    """Question and options as they are sent. A vote names its options by the hash of exactly these words."""
    return poll.question.strip(), tuple(option.strip() for option in poll.options)


def refer(about: wa.ContextInfo, message: OutgoingMessage, words: str = "") -> None:
    """Fill in the reply and the mentions, each person once. An empty context is left unset.

    Raises InvalidInput for a mention of something that is no person.
    """
    if message.reply_to:
        about.stanzaID = message.reply_to
        quoted = message.quoted
        author = _author(normalise(message.to), quoted)
        if author:
            about.participant = author
        about.quotedMessage.CopyFrom(_copy_of(quoted))
    mentioned: list[Address] = []
    for each in message.mentions:
        address = normalise(each, field="mentions")
        if kind_of(address) is not ChatKind.PRIVATE:
            raise InvalidInput("Only people can be mentioned.", field="mentions")
        if address not in mentioned:
            mentioned.append(address)
    for digits in _MENTION.findall(words):
        if not any(address.startswith(f"{digits}@") for address in mentioned):
            mentioned.append(Address(f"{digits}@s.whatsapp.net"))
    if mentioned:
        about.mentionedJID.extend(mentioned)


def _author(chat: Address, quoted: Message | None) -> str:
    if quoted is not None and quoted.sender.address:
        return quoted.sender.lid or quoted.sender.address
    # Unknown here. In a private chat only the other person is quoted without our having stored it.
    return "" if is_group(chat) else chat


def _copy_of(quoted: Message | None) -> wa.Message:
    """What the quote shows. A picture's own bytes are not kept here, so a quote of one shows its words."""
    return wa.Message(conversation=words_of(quoted.content) if quoted is not None else "")


def _vcard(card: ContactCard) -> str:
    digits = "".join(character for character in card.phone if character in "0123456789").removeprefix("00")
    if not digits:
        raise InvalidInput("A contact needs a phone number.", field="contact.phone")
    name = _escaped(card.name.strip() or f"+{digits}")
    lines = (
        "BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}",
        f"TEL;type=CELL;type=VOICE;waid={digits}:+{digits}", "END:VCARD",
    )  # fmt: skip
    return "\n".join(lines)


def _escaped(text: str) -> str:
    for character in "\\,;":
        text = text.replace(character, f"\\{character}")
    return "\\n".join(text.splitlines())  # a carriage return, too, would begin a line of the card
