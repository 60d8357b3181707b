"""What a WhatsApp message says, in the gateway's words. Pure: a protobuf in, a value out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.messages import ContactCard, Content, Location, Poll, Text, Unknown
from gateway.providers.whatsapp.inbound import vcards
from gateway.providers.whatsapp.inbound.files import FILES
from gateway.providers.whatsapp.inbound.unwrap import Inside


def content_of(within: Inside, network_id: str) -> Content:
    """The content of a message. What this version has no word for becomes `Unknown` with WhatsApp's own name of it."""
    read = _READERS.get(within.field)
    found = read(getattr(within.message, within.field), network_id) if read else None
    return found or Unknown(network_kind=within.field or "empty")


def _conversation(text: str, _network_id: str) -> Content | None:
    return Text(text=text)


def _extended_text(message: wa.ExtendedTextMessage, _network_id: str) -> Content | None:
    return Text(text=message.text)


def _location(message: wa.LocationMessage, _network_id: str) -> Content | None:
    if not _on_earth(message.degreesLatitude, message.degreesLongitude):
        return None
    return Location(
        latitude=message.degreesLatitude,
        longitude=message.degreesLongitude,
        title=message.name or message.comment,
        address=message.address,
    )


def _live_location(message: wa.LiveLocationMessage, _network_id: str) -> Content | None:
    if not _on_earth(message.degreesLatitude, message.degreesLongitude):
        return None
    return Location(latitude=message.degreesLatitude, longitude=message.degreesLongitude, title=message.caption)


def _contact(message: wa.ContactMessage, _network_id: str) -> Content | None:
    card = vcards.read(message.vcard)
    return ContactCard(
        name=message.displayName or card.name, phone=card.phone, address=card.address, vcard=message.vcard or None
    )


def _contacts(message: wa.ContactsArrayMessage, _network_id: str) -> Content | None:
    # One message is one content: the first person's number, everybody's card.
    if not message.contacts:
        return None
    cards = [vcards.read(contact.vcard) for contact in message.contacts]
    names = [contact.displayName or card.name for contact, card in zip(message.contacts, cards, strict=True)]
    return ContactCard(
        name=", ".join(name for name in names if name) or message.displayName,
        phone=cards[0].phone,
        address=cards[0].address,
        vcard="\n".join(contact.vcard for contact in message.contacts) or None,
    )


def _poll(message: wa.PollCreationMessage, network_id: str) -> Content | None:
    return Poll(
        question=message.name,
        options=tuple(option.optionName for option in message.options),
        multiple=message.selectableOptionsCount != 1,  # 0 means as many as one likes
        anonymous=False,
        ref=network_id,
    )


def _buttons(message: wa.ButtonsMessage, _network_id: str) -> Content | None:
    return _words(message.contentText)


def _list(message: wa.ListMessage, _network_id: str) -> Content | None:
    return _words(message.description or message.title)


def _template(message: wa.TemplateMessage, _network_id: str) -> Content | None:
    return _words(
        message.hydratedTemplate.hydratedContentText
        or message.hydratedFourRowTemplate.hydratedContentText
        or message.interactiveMessageTemplate.body.text
    )


def _interactive(message: wa.InteractiveMessage, _network_id: str) -> Content | None:
    return _words(message.body.text)


def _button_reply(message: wa.ButtonsResponseMessage, _network_id: str) -> Content | None:
    return _words(message.selectedDisplayText)


def _list_reply(message: wa.ListResponseMessage, _network_id: str) -> Content | None:
    return _words(message.title)


def _template_reply(message: wa.TemplateButtonReplyMessage, _network_id: str) -> Content | None:
    return _words(message.selectedDisplayText)


def _interactive_reply(message: wa.InteractiveResponseMessage, _network_id: str) -> Content | None:
    return _words(message.body.text)


def _words(text: str) -> Content | None:
    return Text(text=text) if text else None


def _on_earth(latitude: float, longitude: float) -> bool:
    return math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180


_READERS: Final[Mapping[str, Callable[[Any, str], Content | None]]] = {
    "conversation": _conversation,
    "extendedTextMessage": _extended_text,
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "pollCreationMessageV5": _poll,
    "pollCreationMessageV6": _poll,
    "buttonsMessage": _buttons,
    "listMessage": _list,
    "templateMessage": _template,
    "interactiveMessage": _interactive,
    "buttonsResponseMessage": _button_reply,
    "listResponseMessage": _list_reply,
    "templateButtonReplyMessage": _template_reply,
    "interactiveResponseMessage": _interactive_reply,
} | {name: (lambda message, _network_id, _read=read: _read(message)) for name, read in FILES.items()}
"""By the protobuf's field; each gets the field's value and the message's id, and may have no word for it either."""
