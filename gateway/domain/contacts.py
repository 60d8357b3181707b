"""The address book of an instance: people and chats it has seen."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import ChatKind


class Contact(Struct, frozen=True, kw_only=True):
    """A person or group an instance knows. Names given by our users win over names given by the network."""

    id: str
    instance_id: InstanceId
    address: Address
    name: str
    push_name: str
    number: str
    username: str | None
    is_group: bool
    picture_url: str | None
    about: str | None
    last_activity_at: datetime | None
    created_at: datetime
    updated_at: datetime
    pn: Address | None = None
    lid: Address | None = None
    """WhatsApp's two names for one person; a contact is one contact under both."""


class ContactEntry(Struct, frozen=True, kw_only=True):
    """What is to be kept of a person or group. Empty and None say nothing, and leave what is kept already."""

    address: Address
    name: str = ""
    """What our users call them."""
    book_name: str = ""
    """What the phone's address book calls them; only where no name of the network's is known."""
    push_name: str = ""
    number: str = ""
    username: str | None = None
    is_group: bool = False
    picture_url: str | None = None
    about: str | None = None
    pn: Address | None = None
    lid: Address | None = None


class ChatSummary(Struct, frozen=True, kw_only=True):
    """A conversation with when it last moved."""

    address: Address
    kind: ChatKind
    title: str
    username: str | None
    last_message_at: datetime | None


class ChatPreview(Struct, frozen=True, kw_only=True):
    """A conversation as a list of conversations shows it."""

    address: Address
    kind: ChatKind
    name: str
    """The best name known for it; empty when there is none."""
    last_message_at: datetime | None
    last_words: str
    """What was said last; empty for a file without a caption."""
    unanswered: int
    """What others wrote since the instance itself last wrote there; counted among the newest messages only."""


class NumberCheck(Struct, frozen=True, kw_only=True):
    """Whether a phone number is on the network, and under which address."""

    number: str
    """As it was asked."""
    exists: bool
    address: Address | None = None
    lid: Address | None = None
    business_name: str | None = None


class Picture(Struct, frozen=True, kw_only=True):
    """A profile picture. The URL is the network's own and expires."""

    url: str
    id: str = ""
