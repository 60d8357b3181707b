"""Events: facts that happened, typed, frozen, named in the past tense.

Networks emit them, `services.inbox.accept` commits them, and everybody who is told (webhooks, streams,
polling) is told from the one stored copy. The `type` tag is the public name on the wire.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from gateway.domain.ids import EndpointId, EventId, InstanceId, TenantId
from gateway.domain.instances import SessionState
from gateway.domain.messages import Chat, Content, Message, MessageStatus, Person


class BaseEvent(Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What every event has. `at` is when it happened, UTC; `dedupe_key` is the network's own id of the happening."""

    instance_id: InstanceId
    at: datetime
    dedupe_key: str | None = None
    """Unique within the instance: a second event with the same key is a redelivery and stops quietly."""

    @property
    def conversation(self) -> str:
        """The chat whose order it belongs to; empty for what concerns the instance itself."""
        return ""


class _MessageEvent(BaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    message: Message

    @property
    def conversation(self) -> str:
        return self.message.chat.address


class MessageReceived(_MessageEvent, frozen=True, kw_only=True, tag="message.received"):
    """Somebody wrote to one of our instances."""


class MessageSent(_MessageEvent, frozen=True, kw_only=True, tag="message.sent", omit_defaults=True):
    """One of our instances wrote to somebody, and the network took it."""

    media_url: str | None = None
    """Where a URL send took its file from."""
    media_size: int = 0
    """Bytes sent, for the counters."""


class _AboutMessage(BaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    chat: Chat
    network_id: str
    """The message it is about."""

    @property
    def conversation(self) -> str:
        return self.chat.address


class MessageStatusChanged(_AboutMessage, frozen=True, kw_only=True, tag="message.status_changed"):
    """A message got further: delivered, read, played. One that would go backwards is never told."""

    status: MessageStatus
    from_me: bool = True


class MessageEdited(_AboutMessage, frozen=True, kw_only=True, tag="message.edited"):
    """The words or media of a message were replaced."""

    content: Content
    sender: Person | None = None
    from_me: bool = False


class MessageDeleted(_AboutMessage, frozen=True, kw_only=True, tag="message.deleted"):
    """A message was taken back."""

    sender: Person | None = None
    from_me: bool = False


class MessageReacted(_AboutMessage, frozen=True, kw_only=True, tag="message.reacted"):
    """Somebody's reaction to a message is now `emoji`; an empty tuple means it was withdrawn."""

    sender: Person | None
    emoji: tuple[str, ...] = ()
    from_me: bool = False


class ButtonPressed(BaseEvent, frozen=True, kw_only=True, tag="button.pressed", omit_defaults=True):
    """Somebody pressed an inline button (a callback query)."""

    query_id: str
    sender: Person
    data: str
    chat: Chat | None = None
    network_id: str | None = None

    @property
    def conversation(self) -> str:
        return self.chat.address if self.chat else ""


class PollAnswered(BaseEvent, frozen=True, kw_only=True, tag="poll.answered", omit_defaults=True):
    """Somebody voted. `options` are positions in the poll, counted from 0; empty means the vote was withdrawn."""

    poll_ref: str
    sender: Person
    options: tuple[int, ...] = ()


class MemberChanged(BaseEvent, frozen=True, kw_only=True, tag="chat.member_changed", omit_defaults=True):
    """Somebody's standing in a chat changed: member, administrator, left, kicked, blocked."""

    chat: Chat
    member: Person
    before: str
    after: str
    by: Person | None = None
    is_me: bool = False
    """Whether the member is the instance itself (it was added, removed or blocked)."""

    @property
    def conversation(self) -> str:
        return self.chat.address


class _SessionEvent(BaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    state: SessionState


class SessionStarting(_SessionEvent, frozen=True, kw_only=True, tag="session.starting"):
    """The session is being opened."""


class SessionConnected(_SessionEvent, frozen=True, kw_only=True, tag="session.connected"):
    """Messages flow."""


class SessionDisconnected(_SessionEvent, frozen=True, kw_only=True, tag="session.disconnected", omit_defaults=True):
    """Messages no longer flow. `will_reconnect` tells whether the gateway keeps trying by itself."""

    reason: str
    will_reconnect: bool = False


class SessionLoginRequired(_SessionEvent, frozen=True, kw_only=True, tag="session.login_required"):
    """A person has to do something: scan this QR, type this code."""

    qr_code: str | None = None
    pairing_code: str | None = None
    expires_at: datetime | None = None


class EndpointUpdated(BaseEvent, frozen=True, kw_only=True, tag="endpoint.updated"):
    """The webhook settings of an instance changed and the webhook is on."""

    endpoint_id: EndpointId


class EndpointDisabled(BaseEvent, frozen=True, kw_only=True, tag="endpoint.disabled"):
    """An endpoint was switched off by the gateway; told to the other endpoints."""

    endpoint_id: EndpointId
    reason: str


class EndpointTested(BaseEvent, frozen=True, kw_only=True, tag="endpoint.tested"):
    """Somebody asked for a test delivery; told to that endpoint alone."""

    endpoint_id: EndpointId


SessionEvent: TypeAlias = SessionStarting | SessionConnected | SessionDisconnected | SessionLoginRequired
Event: TypeAlias = (
    MessageReceived
    | MessageSent
    | MessageStatusChanged
    | MessageEdited
    | MessageDeleted
    | MessageReacted
    | ButtonPressed
    | PollAnswered
    | MemberChanged
    | SessionStarting
    | SessionConnected
    | SessionDisconnected
    | SessionLoginRequired
    | EndpointUpdated
    | EndpointDisabled
    | EndpointTested
)

EVENT_TYPES: tuple[str, ...] = tuple(str(each.__struct_config__.tag) for each in Event.__args__)
"""Every event type on the wire, in the order of the union."""


def type_of(event: Event) -> str:
    """The public name of an event, `noun.verb_past`."""
    return str(event.__struct_config__.tag)


class AcceptedEvent(Struct, frozen=True, kw_only=True):
    """An event after its commit: with its stable id, its place in the log and its number within its conversation."""

    id: EventId
    position: int
    """Grows in commit order over the whole log; a cursor that never skips."""
    tenant_id: TenantId
    sequence: int
    """Counts 1, 2, 3, ... within (instance, conversation)."""
    event: Event
    created_at: datetime


def chat_of(event: Event) -> Chat | None:
    """The chat an event happened in, if any."""
    match event:
        case MessageReceived() | MessageSent():
            return event.message.chat
        case (
            MessageStatusChanged()
            | MessageEdited()
            | MessageDeleted()
            | MessageReacted()
            | ButtonPressed()
            | MemberChanged()
        ):
            return event.chat
        case _:
            return None


def person_of(event: Event) -> Person | None:
    """Who did it, if somebody outside did."""
    match event:
        case MessageReceived():
            return event.message.sender
        case MessageEdited() | MessageDeleted() | MessageReacted() | ButtonPressed() | PollAnswered():
            return event.sender
        case MemberChanged():
            return event.member
        case _:
            return None
