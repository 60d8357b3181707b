"""A message of that system as one of ours. Pure.

From whatsapp-web.js it stores `message_id` as that library serialises it: `<fromMe>_<chat>_<id>`, in groups followed by
`_<participant>`. From Telegram it stores the chat's running number. `timestamp` is in seconds for what came from
WhatsApp and in milliseconds for all else.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.instances import ProviderName
from gateway.domain.messages import Chat, ChatKind, Content, Message, MessageSource, Person, Text, Unknown
from gateway.services.importing.content import address_in, content_of, network_id_in, status_of
from gateway.services.importing.row import OddRow, OldRow, moment_of
from gateway.services.instance_manager.networks import Network
from gateway.storage.imports import OldMessage

_SERIALISED: Final = re.compile(r"(?:true|false)_[^_]+@[^_]+_(?P<id>[^_]+)(?:_(?P<participant>[^_]+))?")
_NAMED: Final = re.compile(r"(?P<name>.*?) ?\(@(?P<username>[A-Za-z0-9_]{3,32})\)", re.DOTALL)
_UNNAMED: Final = frozenset({"Unknown", "undefined", "null"})
_PLACEHOLDERS: Final = frozenset({"[Photo]", "[Video]", "[Audio]", "[Voice message]", "[Document]", "[Sticker]"})
"""What it wrote as the words of a Telegram file without a caption."""
_WORDLESS: Final = frozenset({"location"})
"""Kinds of whatsapp-web.js whose body is no words: a place's is a picture in base64."""
_FIRST_IN_MS: Final = 10**11
"""Less is seconds: that many of them are the year 5138, that many milliseconds 1973."""
_SOURCES: Final = {each.value: each for each in MessageSource}
_FIRST_YEAR: Final = 2009
"""Before it nobody said anything on WhatsApp or Telegram."""


def message_of(
    row: OldRow, network: Network, tenant_id: TenantId, instance_id: InstanceId, now: datetime
) -> OldMessage:
    """What was said. Raises OddRow."""
    address = address_in(row, "chat_id", network.address_of, network.title)
    from_me = row.flag("is_from_me", default=False)
    chat = Chat(
        address=address, kind=network.kind_of(address, is_group=row.flag("is_group", default=False)), username=None
    )
    told = row.text("message_id").strip()
    serialised = _SERIALISED.fullmatch(told) if network.name is ProviderName.WHATSAPP else None
    sent_at = _sent_at(row, now)
    created_at = row.moment_or("created_at", sent_at)
    message = Message(
        network_id=network_id_in(row, serialised["id"] if serialised else told),
        chat=chat,
        # What it names on what went out is its own account at one time and the other side at another.
        sender=Person(address=Address(""))
        if from_me
        else _sender(row, network, chat, serialised["participant"] if serialised else None),
        content=_content(row, network),
        sent_at=sent_at,
        from_me=from_me,
    )
    return OldMessage(
        tenant_id=tenant_id,
        instance_id=instance_id,
        message=message,
        status=status_of("", from_me=from_me),  # it kept none
        status_at=None,
        media_url=None,
        created_at=created_at,
        updated_at=row.moment_or("updated_at", created_at),
        source=_SOURCES.get(row.text("message_source").strip().lower()),
    )


def _sender(row: OldRow, network: Network, chat: Chat, participant: str | None) -> Person:
    name, username = _name(row.line("contact_name"))
    if chat.kind is ChatKind.PRIVATE:
        return Person(address=chat.address, name=name, username=username)
    # WhatsApp's number of a hidden sender is none, so only the participant counts there; on Telegram a group's own
    # number stands in the sender's place.
    told = participant if network.name is ProviderName.WHATSAPP else row.text("from_number").strip()
    try:
        address = network.address_of(told) if told else Address("")
    except InvalidInput:
        address = Address("")
    return Person(address=Address("") if address == chat.address else address, name=name, username=username)


def _name(told: str) -> tuple[str, str | None]:
    """A name and a username: on Telegram both are written as `Anna K (@anna)`."""
    if told in _UNNAMED:
        return "", None
    both = _NAMED.fullmatch(told)
    return (both["name"], both["username"]) if both else (told, None)


def _content(row: OldRow, network: Network) -> Content:
    kind, words = row.text("message_type"), row.text("message_body")
    if kind.strip().lower() in _WORDLESS:
        return Unknown(network_kind=kind.strip().lower())
    content = content_of(kind, words)
    if network.name is ProviderName.TELEGRAM and not isinstance(content, Text) and words in _PLACEHOLDERS:
        return content_of(kind, "")
    return content


def _sent_at(row: OldRow, now: datetime) -> datetime:
    told = row.whole("timestamp")
    if told is not None:
        said = moment_of(told if told >= _FIRST_IN_MS else told * 1000)
        if said is not None and said.year >= _FIRST_YEAR and said <= now:
            return said
    created_at = row.moment("created_at")
    if created_at is None:
        raise OddRow("Neither timestamp nor created_at says when it was said.")
    return created_at
