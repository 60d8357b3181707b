"""Wire format of whom an instance knows and where it talks, on whatever network, in lists that come in pages."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.contacts import ChatPreview, Contact
from gateway.domain.messages import ChatKind
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


class SeenChat(Struct, frozen=True, rename="camel", kw_only=True):
    """A chat with what was said in it last."""

    id: str
    name: str
    type: ChatKind
    unread_count: Annotated[int, Meta(description="What others wrote there since the instance last did; at most 100.")]
    timestamp: Annotated[str, Meta(description="When it last moved; empty when nothing was said.")]
    last_message: str

    @classmethod
    def of(cls, chat: ChatPreview) -> "SeenChat":
        return cls(
            id=chat.address,
            name=chat.name or chat.address,
            type=chat.kind,
            unread_count=chat.unanswered,
            timestamp=maybe_iso(chat.last_message_at) or "",
            last_message=chat.last_words,
        )
