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
from gateway.domain.messages import ContactCard, Location, Message, OutgoingMessage, Poll, Text, words_of
from gateway.providers.whatsapp.jids import is_group, normalise
from gateway.providers.whatsapp.outbound.markup import as_marks

MAX_TEXT: Final = 65_536
"""Characters WhatsApp shows of a text."""
MAX_OPTIONS: Final = 12
"""Options of a poll."""

_MENTION = re.compile(r"@(\d{5,20})\b")


def text_message(message: OutgoingMessage, content: Text) -> wa.Message:
    """Words, with what they refer to. Raises InvalidInput when there are none, or too many."""
    words = as_marks(content.text, message.format)
    if not words.strip():
        raise InvalidInput("A message needs words.", field="message")
    if len(words) > MAX_TEXT:
        raise InvalidInput(f"WhatsApp takes texts of at most {MAX_TEXT} characters.", field="message")
    built = wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text=words))
    refer(built.extendedTextMessage.contextInfo, message, words)
    return built


def place_message(message: OutgoingMessage, place: Location) -> wa.Message:
    """A point on the map."""
    built = wa.Message(
        locationMessage=wa.LocationMessage(
            degreesLatitude=place.latitude, degreesLongitude=place.longitude, name=place.title, address=place.address
        )
    )
    refer(built.locationMessage.contextInfo, message)
    return built


def card_message(message: OutgoingMessage, card: ContactCard) -> wa.Message:
    """Somebody's card. `waid` is what makes it a person one can write to."""
    built = wa.Message(contactMessage=wa.ContactMessage(displayName=card.name, vcard=card.vcard or _vcard(card)))
    refer(built.contactMessage.contextInfo, message)
    return built


def poll_message(message: OutgoingMessage, poll: Poll) -> wa.Message:
    """A question. Its votes are encrypted with the message's secret, so it has to have one."""
    options = [option.strip() for option in poll.options]
    if not 2 <= len(options) <= MAX_OPTIONS or len(set(options)) < len(options) or not all(options):
        raise InvalidInput(f"A poll has 2 to {MAX_OPTIONS} different options.", field="poll.options")
    question = wa.PollCreationMessage(
        name=poll.question,
        options=[wa.PollCreationMessage.Option(optionName=option) for option in options],
        selectableOptionsCount=0 if poll.multiple else 1,
    )
    refer(question.contextInfo, message)
    built = wa.Message(pollCreationMessage=question) if poll.multiple else wa.Message(pollCreationMessageV3=question)
    built.messageContextInfo.messageSecret = secrets.token_bytes(32)
    return built


def refer(about: wa.ContextInfo, message: OutgoingMessage, words: str = "") -> None:
    """Fill in the reply and the mentions. An empty context is left unset."""
    if message.reply_to:
        about.stanzaID = message.reply_to
        quoted = message.quoted
        about.participant = _author(message.to, quoted)
        about.quotedMessage.CopyFrom(_copy_of(quoted))
    mentioned = [normalise(each, field="mentions") for each in message.mentions]
    for digits in _MENTION.findall(words):
        if not any(address.startswith(f"{digits}@") for address in mentioned):
            mentioned.append(Address(f"{digits}@s.whatsapp.net"))
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
    digits = "".join(character for character in card.phone if character.isdigit())
    name = _escaped(card.name)
    lines = (
        "BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}",
        f"TEL;type=CELL;type=VOICE;waid={digits}:+{digits}", "END:VCARD",
    )  # fmt: skip
    return "\n".join(lines)


def _escaped(text: str) -> str:
    for character in "\\,;":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")
