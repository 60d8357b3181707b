"""What the flat bodies have in common: who wrote to whom, as surface B has always said it."""

from __future__ import annotations

from typing import Final

from gateway.domain.instances import Identity
from gateway.domain.messages import Chat, ChatKind, Message, Person

_PHONES: Final = "@s.whatsapp.net"


def number_of(who: Person | Chat) -> str:
    """Somebody's phone number in bare digits where it is known, else the address as it is.

    A hidden name (`...@lid`) and a group stay whole: their digits alone would read like somebody's phone.
    """
    return _phone_of(who) or who.address


def _phone_of(who: Person | Chat) -> str | None:
    if isinstance(who, Person) and who.phone:
        return who.phone.removeprefix("+")
    name = who.pn or who.address
    return name.removesuffix(_PHONES) if name.endswith(_PHONES) else None


def parties_of(message: Message, teller: Identity) -> tuple[str, str | None]:
    """From whom, and to whom. What was heard is to the instance's account: None until it has connected once."""
    sender = number_of(message.sender)
    return (sender, number_of(message.chat)) if message.from_me else (sender, teller.account or None)


def is_group(chat: Chat | None) -> bool:
    """Whether more than two may talk there."""
    return chat is not None and chat.kind is ChatKind.GROUP


def contact_of(person: Person) -> str:
    """Somebody in one line: `John Doe (+1234567890)`, with whatever is known of that."""
    phone = _phone_of(person)
    known = f"+{phone}" if phone else f"@{person.username}" if person.username else person.address
    return f"{person.name} ({known})" if person.name else known


def other_side(message: Message) -> Person:
    """With whom the instance talks: who wrote to it, or the chat that it wrote into."""
    chat = message.chat
    if not message.from_me:
        return message.sender
    return Person(address=chat.address, name=chat.title, username=chat.username, pn=chat.pn, lid=chat.lid)
