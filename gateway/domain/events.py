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
from gateway.domain.messages import Chat, Content, Message, MessageSource, MessageStatus, Person
from gateway.domain.usage import Counters
from gateway.domain.usage_limits import Exceeded, UsageLimits


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
    source: MessageSource = MessageSource.DEVICE
    """What wrote it. A network that tells of it on its own tells of another device."""


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
    chat: Chat | None = None
    digests: tuple[str, ...] = ()
    """Lower-case hex SHA-256 of each chosen option's words, from a network that tells no positions; the positions are
    filled in from the stored poll when the event is committed."""

    @property
    def conversation(self) -> str:
        return self.chat.address if self.chat else ""


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


class ChatChanged(BaseEvent, frozen=True, kw_only=True, tag="chat.changed", omit_defaults=True):
    """A group's settings changed. None means that this one did not."""

    chat: Chat
    by: Person | None = None
    title: str | None = None
    description: str | None = None
    picture_changed: bool = False
    only_admins_write: bool | None = None
    only_admins_edit: bool | None = None
    disappearing_seconds: int | None = None
    invite_link: str | None = None
    deleted: bool = False

    @property
    def conversation(self) -> str:
        return self.chat.address


class PresenceChanged(BaseEvent, frozen=True, kw_only=True, tag="presence.changed", omit_defaults=True):
    """Somebody is `available`, `unavailable`, `typing`, `recording` or `paused`; told while it is watched."""

    person: Person
    presence: str
    chat: Chat | None = None
    last_seen_at: datetime | None = None

    @property
    def conversation(self) -> str:
        return self.chat.address if self.chat else ""


class CallReceived(BaseEvent, frozen=True, kw_only=True, tag="call.received", omit_defaults=True):
    """Somebody rings. `rejected` tells that the gateway turned the call down, as the instance is configured."""

    call_id: str
    sender: Person
    chat: Chat | None = None
    video: bool = False
    rejected: bool = False

    @property
    def conversation(self) -> str:
        return self.chat.address if self.chat else ""


class CallEnded(BaseEvent, frozen=True, kw_only=True, tag="call.ended", omit_defaults=True):
    """A call that rang is over."""

    call_id: str
    sender: Person
    reason: str = ""


class ContactsUpdated(BaseEvent, frozen=True, kw_only=True, tag="contacts.updated", omit_defaults=True):
    """The network told names of people: the phone's address book, or a changed profile. At most 500 in one event."""

    people: tuple[Person, ...]
    from_address_book: bool = False
    """Whether each `name` is what the phone's address book says (empty: it says nothing any more) rather than the name
    people gave themselves."""


class HistoryReceived(BaseEvent, frozen=True, kw_only=True, tag="history.received", omit_defaults=True):
    """Messages from before the instance was linked, oldest first, at most 200 in one event. They are stored, and
    neither counted nor told one by one.
    """

    messages: tuple[Message, ...]
    progress: int | None = None
    """Percent of the whole history, as far as the network tells."""


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


class SessionStalled(_SessionEvent, frozen=True, kw_only=True, tag="session.stalled"):
    """The network stays silent on an open connection; the gateway opens it again by itself."""


class SessionRestricted(_SessionEvent, frozen=True, kw_only=True, tag="session.restricted"):
    """The network limits the account; `state.until` tells until when, if it said so."""


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


class UsageLimitExceeded(BaseEvent, frozen=True, kw_only=True, tag="usage.limit_exceeded"):
    """The instance did, or was asked to do, more than it may within the window. Told once a day for the same limits."""

    exceeded: tuple[Exceeded, ...]
    limits: UsageLimits
    used: Counters
    """What was done within the window."""
    frees_at: datetime
    """When the window will have moved on far enough."""


SessionEvent: TypeAlias = (
    SessionStarting | SessionConnected | SessionDisconnected | SessionStalled | SessionRestricted | SessionLoginRequired
)
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
    | ChatChanged
    | PresenceChanged
    | CallReceived
    | CallEnded
    | ContactsUpdated
    | HistoryReceived
    | SessionStarting
    | SessionConnected
    | SessionDisconnected
    | SessionStalled
    | SessionRestricted
    | SessionLoginRequired
    | EndpointUpdated
    | EndpointDisabled
    | EndpointTested
    | UsageLimitExceeded
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
            | PollAnswered()
            | MemberChanged()
            | ChatChanged()
            | PresenceChanged()
            | CallReceived()
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
        case CallReceived() | CallEnded():
            return event.sender
        case MemberChanged():
            return event.member
        case PresenceChanged():
            return event.person
        case _:
            return None
