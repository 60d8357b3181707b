"""What `/api` answers. Fields that a later version adds are left out, so an older client goes on working."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Account(Struct, frozen=True, rename="camel"):
    """A user of the gateway."""

    id: str
    email: str
    first_name: str
    last_name: str
    role: str | None = None
    tenant_id: str | None = None


class LoggedIn(Struct, frozen=True):
    """A login token, and the user with the primary API key."""

    token: str
    user: LoggedInUser

    def __repr__(self) -> str:
        return f"LoggedIn({self.user.email})"


class LoggedInUser(Struct, frozen=True, rename="camel"):
    """Who logged in."""

    id: str
    email: str
    api_key: str

    def __repr__(self) -> str:
        return f"LoggedInUser({self.email})"


class Instance(Struct, frozen=True, rename="camel", kw_only=True):
    """An account at a messenger network."""

    id: str
    name: str
    description: str | None
    provider: str
    status: str
    """connected, connecting, qr_received, disconnected, logged_out, error, ..."""
    state_code: str
    """Why it stands there, for a program."""
    state_message: str
    """The same for a person."""
    webhook_url: str | None
    webhook_enabled: bool
    sent_messages: int
    received_messages: int
    last_activity: datetime | None
    created_at: datetime
    updated_at: datetime
    instance_key: str | None = None
    """Its secret key: told once, by `create`, and only where keys are secret."""

    def __repr__(self) -> str:
        return f"Instance({self.id}, {self.provider}, {self.status})"


class Instances(Struct, frozen=True):
    """Oldest first."""

    instances: list[Instance]


class Status(Struct, frozen=True, rename="camel"):
    """How an instance is doing."""

    status: str
    ready: bool
    """Whether messages flow."""
    has_qr: bool
    """Whether somebody has to scan a QR code now."""
    state_code: str
    state_message: str
    state_until: datetime | None


class QrCode(Struct, frozen=True, rename="camel"):
    """What a person has to scan. Whoever has it can link the account to their own device."""

    qr_code: str
    data_url: str
    """A PNG, for an image tag."""
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"QrCode(expires_at={self.expires_at})"


class PairingCode(Struct, frozen=True, rename="camel"):
    """What a person has to type on the phone, under Linked devices."""

    pairing_code: str
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"PairingCode(expires_at={self.expires_at})"


class Sent(Struct, frozen=True):
    """The network has taken it."""

    id: str
    """The network's id of the message."""


class Done(Struct, frozen=True):
    """It happened."""

    success: bool = True
    message: str = ""


class Pagination(Struct, frozen=True, rename="camel"):
    """Which part of a list this is."""

    total: int
    limit: int
    skip: int
    has_more: bool


class Message(Struct, frozen=True, rename="camel", kw_only=True):
    """A message as it is kept."""

    id: str
    remote_jid: str
    """The chat."""
    from_me: bool
    message_type: str
    content: str
    """Its words: text, caption, question."""
    message_id: str
    """The network's id of it, unique in the chat."""
    has_media: bool
    mime_type: str | None
    file_name: str | None
    status: str
    metadata: dict[str, Any]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


class Messages(Struct, frozen=True):
    """A chat's messages, newest first."""

    messages: list[Message]
    pagination: Pagination


class Chat(Struct, frozen=True, rename="camel"):
    """A conversation."""

    id: str
    kind: str
    name: str
    is_group: bool
    last_message_at: datetime | None


class Chats(Struct, frozen=True):
    """The one that moved last first."""

    chats: list[Chat]
    pagination: Pagination


class Contact(Struct, frozen=True, rename="camel", kw_only=True):
    """Somebody an instance knows, or a group."""

    remote_jid: str
    """The address to write to."""
    name: str
    push_name: str
    number: str
    username: str | None
    is_group: bool
    last_activity: datetime | None


class Contacts(Struct, frozen=True):
    """By name."""

    contacts: list[Contact]
    pagination: Pagination


class Event(Struct, frozen=True):
    """Something that happened to an instance."""

    type: str
    timestamp: datetime
    data: dict[str, Any]
    id: str | None = None
    """That of the webhook."""
    sequence: int | None = None
    """Counts within one chat."""
    cursor: str | None = None
    """Its place in the log: ask for what came `after` it."""


class Events(Struct, frozen=True, rename="camel"):
    """A page of events. For what comes later ask again with `after=next_cursor`."""

    events: list[Event]
    next_cursor: str
    has_more: bool
