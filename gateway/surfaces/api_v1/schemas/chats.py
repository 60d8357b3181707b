"""Wire format of whom an instance knows, on whatever network."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.contacts import ChatSummary, Contact
from gateway.domain.messages import ChatKind, StoredMessage
from gateway.surfaces.http import maybe_iso


class PersonItem(Struct, frozen=True):
    """Somebody who wrote to an instance, or was saved by hand."""

    id: str
    name: str
    number: Annotated[str, Meta(description="A phone number where one is known, else the id.")]
    username: str | None

    @classmethod
    def of(cls, contact: Contact) -> "PersonItem":
        name = contact.name or contact.push_name or contact.number
        return cls(contact.address, name or contact.address, contact.number or contact.address, contact.username)


class ChatItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A chat with what was said in it last."""

    id: str
    name: str
    type: ChatKind
    unread_count: Annotated[int, Meta(description="Always 0: what was read on a phone is not kept here.")] = 0
    timestamp: Annotated[str, Meta(description="Of the last message; empty when there is none.")]
    last_message: str

    @classmethod
    def of(cls, chat: ChatSummary, last: StoredMessage | None) -> "ChatItem":
        return cls(
            id=chat.address,
            name=chat.title or chat.username or chat.address,
            type=chat.kind,
            timestamp=maybe_iso(chat.last_message_at) or "",
            last_message=last.message.body if last else "",
        )
