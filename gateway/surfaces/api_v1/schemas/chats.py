"""Wire format of people, chats and messages, as one instance lists them: bare arrays."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.contacts import ChatPreview, Contact
from gateway.domain.messages import ChatKind, StoredMessage
from gateway.surfaces.http import iso

_PHONES = "s.whatsapp.net"
UNKNOWN = "Unknown"
"""The name of somebody who gave none."""


class ContactItem(Struct, frozen=True):
    """Somebody the instance knows."""

    name: str
    number: Annotated[str, Meta(description="To write to: a phone number; on networks without them an id.")]

    @classmethod
    def of(cls, contact: Contact) -> "ContactItem":
        return cls(name=contact.name or contact.push_name or UNKNOWN, number=number_of(contact))


def number_of(contact: Contact) -> str:
    """The phone number; an id on networks without numbers; empty for somebody whose number WhatsApp hides."""
    address = contact.pn or contact.address
    user, _, server = address.partition("@")
    return contact.number or (user if server == _PHONES else "" if user and server else address)


class ChatItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A conversation."""

    id: Annotated[str, Meta(description="The address to write to.")]
    name: str
    unread_count: Annotated[int, Meta(description="What others wrote there since the instance last did; at most 100.")]
    timestamp: Annotated[str, Meta(description="When it last moved; empty when nothing was said.")]
    last_message: str

    @classmethod
    def of(cls, chat: ChatPreview) -> "ChatItem":
        return cls(
            id=chat.address,
            name=chat.name or chat.address.partition("@")[0],
            unread_count=chat.unanswered,
            timestamp=iso(chat.last_message_at) if chat.last_message_at else "",
            last_message=chat.last_words,
        )


class MessageItem(Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """A message."""

    id: str
    body: str
    from_me: bool
    timestamp: str
    type: Annotated[str, Meta(examples=["text"])]
    contact: Annotated[str | None, Meta(description="Who wrote it, unless the instance did: number or id.")] = None

    @classmethod
    def of(cls, stored: StoredMessage) -> "MessageItem":
        message = stored.message
        sender = message.sender
        # A channel speaks for itself; it has no authors.
        named = not message.from_me and message.chat.kind is not ChatKind.CHANNEL
        return cls(
            id=message.network_id,
            body=message.body,
            from_me=message.from_me,
            timestamp=iso(message.sent_at),
            type=message.kind,
            contact=(sender.phone or sender.address.partition("@")[0] or None) if named else None,
        )
