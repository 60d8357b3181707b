"""What the gateway asks of a provider. Little: a provider opens sessions, a session runs and sends.

Everything else a session can do is a small optional protocol below; services ask with `isinstance`
and refuse with `Unsupported` when it cannot. A provider never sees the database: it is handed an
instance, its credentials and an `emit` that returns after the commit. Awaiting it is the backpressure.

How a session's `run` ends tells the runner what to do:

    returns, or is cancelled   stopped
    raises LoggedOut           the network ended it for good; a person has to log in again
    raises BadCredentials      the credentials are wrong; a person has to replace them
    raises Interrupted         try again after a pause, with the state the exception carries
    raises Restricted          the network shut the account out for a while; try again when that is over
    raises NotLoggedIn         trouble on the way to the first login: try again after a pause, as `starting`
    raises LoginExpired        nobody logged in while the code was good; a person has to ask for another
    raises anything else       a bug or an outage we have no name for; logged, and tried again
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.events import Event
from gateway.domain.groups import Channel, Group, GroupChange, MemberChange, MemberResult
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Credentials, Instance, LoginCode, ProviderName
from gateway.domain.messages import (
    Content,
    Message,
    MessageKey,
    OutgoingMessage,
    Person,
    SentMessage,
    TextFormat,
)
from gateway.kit.clock import Clock

Emit = Callable[[Event], Awaitable[None]]
"""Commits an event. Returns when it is durable (or was already known); raises when it is not, so do not acknowledge."""


class SessionEnded(Exception):
    """Base of the endings a session raises. `code` is stable; `sentence` is for a person and holds no secret."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class LoggedOut(SessionEnded):
    """The network ended the session for good."""


class BadCredentials(SessionEnded):
    """The network does not accept these credentials."""


class Interrupted(SessionEnded):
    """The connection is gone; the runner opens it again after `retry_after` seconds, or its own backoff."""

    def __init__(self, code: str, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(code, sentence)
        self.retry_after = retry_after


class Restricted(Interrupted):
    """The network shut the account out until `until` (None: it did not say); the runner tries again then."""

    def __init__(
        self, code: str, sentence: str, *, until: datetime | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(code, sentence, retry_after=retry_after)
        self.until = until


class NotLoggedIn(Interrupted):
    """No login could be offered right now. Nothing was ever connected, so nothing is reconnecting."""


class LoginExpired(SessionEnded):
    """The code was not used in time."""


class Report(Protocol):
    """How a session tells its state while it runs. Each call is idempotent: repeating a state says nothing new."""

    def connected(self, sentence: str = "Connected.") -> None:
        """Messages flow; proven by traffic, not by an open socket."""

    def trouble(self, code: str, sentence: str) -> None:
        """Messages do not flow right now; the session itself keeps trying."""

    def stalled(self, sentence: str) -> None:
        """The connection stands, but nothing proves that messages flow; the session is about to open it again."""

    def restricted(self, code: str, sentence: str, *, until: datetime | None = None) -> None:
        """Messages flow, but the network limits what may be sent. `connected` lifts it."""

    def login_required(self, login: LoginCode) -> None:
        """A person has to scan or type this."""

    def note(self, text: str, level: str = "info") -> None:
        """A line for the instance's journal."""


class SessionContext(Struct, frozen=True, kw_only=True):
    """Everything a session is given."""

    instance: Instance
    credentials: Credentials
    emit: Emit
    report: Report
    clock: Clock
    hook_url: str | None
    """Where the network may POST to us, when the gateway has a public base URL."""


class Session(Protocol):
    """One live connection. Its task is its life: cancel to stop."""

    async def run(self) -> None:
        """Live until cancelled; see the module for what each ending means."""

    async def send(self, message: OutgoingMessage) -> SentMessage:
        """Say something. Raises NetworkRefused, NetworkUnreachable, TooManyRequests or InvalidInput."""


class Provider(Protocol):
    """A network and how we speak to it. Made once per process; importing its SDK is left to the first `open`."""

    name: ProviderName

    def check(self, config: Mapping[str, object]) -> Credentials:
        """Turn what a caller configured into credentials. Raises InvalidInput naming the field; contacts nobody."""

    def open(self, context: SessionContext) -> Session:
        """Make a session; nothing is contacted until it runs. Sessions of one provider may share connections."""

    async def aclose(self) -> None:
        """Give back what the sessions shared. Every session has ended by now."""


@runtime_checkable
class WritesAddresses(Protocol):
    """A provider whose addresses people write in several ways, such as a phone number with or without its server."""

    def address_of(self, text: str) -> Address:
        """The one form that messages and contacts are stored under. Raises InvalidInput naming `to`."""


@runtime_checkable
class ReceivesHooks(Protocol):
    """A session the network can POST to."""

    async def hook(self, headers: Mapping[str, str], body: bytes) -> HookReply:
        """Verify and take one POST. Raises Unauthenticated or InvalidInput; returning means it is committed."""


class HookReply(Struct, frozen=True, kw_only=True):
    """What to answer the network."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain"


@runtime_checkable
class EditsMessages(Protocol):
    """A session that can replace the words of a message it sent."""

    async def edit(self, key: MessageKey, text: str, text_format: TextFormat) -> Content:
        """Replace the text or caption; returns the new content."""


@runtime_checkable
class DeletesMessages(Protocol):
    """A session that can take a message back."""

    async def delete(self, key: MessageKey) -> None:
        """Delete the message for everyone."""


@runtime_checkable
class Reacts(Protocol):
    """A session that can react to a message."""

    async def react(self, key: MessageKey, emoji: str | None) -> None:
        """Set the reaction; None withdraws it."""


@runtime_checkable
class MarksRead(Protocol):
    """A session that can tell a sender that messages were read."""

    async def mark_read(self, keys: Sequence[MessageKey]) -> None:
        """Mark messages of one chat as read; for voice notes this also says that they were played."""


@runtime_checkable
class ShowsActivity(Protocol):
    """A session that can show what it is doing in a chat."""

    async def show_activity(self, chat: Address, activity: str) -> None:
        """`typing`, `recording`, `uploading_photo`, ...; the network hides it by itself after some seconds."""


class FetchedMedia(Struct, frozen=True, kw_only=True):
    """The bytes of a media message."""

    data: bytes
    mime_type: str | None = None
    file_name: str | None = None


@runtime_checkable
class FetchesMedia(Protocol):
    """A session that can fetch the bytes behind a media reference."""

    async def fetch_media(self, ref: str, *, max_bytes: int) -> FetchedMedia:
        """Download. Raises TooLarge over the cap, NetworkRefused when the network no longer has it."""


class Profile(Struct, frozen=True, kw_only=True):
    """Who an instance is on its network."""

    address: Address
    name: str
    username: str | None = None
    is_bot: bool = False
    details: Mapping[str, Any] = {}
    """All that the network said, in its own words."""


@runtime_checkable
class KnowsItself(Protocol):
    """A session that can say who it is on the network."""

    async def profile(self) -> Profile:
        """Ask the network who we are."""


@runtime_checkable
class RemembersItself(Protocol):
    """A session that keeps what the network said of it when it connected."""

    def known_profile(self) -> Profile | None:
        """Who we are; None before it connected. Asks nobody."""


@runtime_checkable
class HasAccount(Protocol):
    """A session that has learned who it is on its network."""

    def account(self) -> str | None:
        """As people write it, such as `@name` or a phone number; None before it connected. Asks nobody."""


@runtime_checkable
class Pings(Protocol):
    """A session that can ask its network for a sign of life."""

    async def ping(self) -> None:
        """Return when the network answered over this session's own connection. Raises NetworkUnreachable,
        NetworkRefused or NotConnected when it did not.
        """


@runtime_checkable
class PairsByCode(Protocol):
    """A session that can be logged in by a code typed on the phone instead of a QR code scanned with it."""

    async def request_pairing_code(self, phone: str) -> LoginCode:
        """The code to type on the phone with this number. Raises Conflict when it is logged in already, InvalidInput
        for a number that cannot be, NetworkRefused or NetworkUnreachable when the network gives none.
        """


@runtime_checkable
class KnowsPeople(Protocol):
    """A session that can look people up on its network."""

    async def people(self) -> Sequence[Person]:
        """The phone's address book and everybody met, as the session knows them now."""

    async def check_numbers(self, numbers: Sequence[str]) -> Sequence[NumberCheck]:
        """Whether these phone numbers (digits, with country code) are on the network; in the order asked."""

    async def picture(self, address: Address, *, preview: bool = False) -> Picture | None:
        """A person's or group's profile picture; None when there is none. Raises NetworkRefused when it is hidden."""

    async def about(self, address: Address) -> str:
        """What a person says about themselves; empty when nothing or hidden."""


@runtime_checkable
class BlocksPeople(Protocol):
    """A session that can block people."""

    async def blocked(self) -> Sequence[Person]:
        """Who is blocked."""

    async def set_blocked(self, address: Address, blocked: bool) -> None:
        """Block or unblock somebody."""


@runtime_checkable
class WatchesPresence(Protocol):
    """A session that can watch whether somebody is online and be seen online itself."""

    async def watch_presence(self, address: Address) -> None:
        """From now on tell `presence.changed` of this person, until the connection ends."""

    async def set_presence(self, available: bool) -> None:
        """Be seen as online or not. While online, the phone itself gets no notifications."""


@runtime_checkable
class PausesReceiving(Protocol):
    """A session that fetches what arrives, and can leave it at the network for a while. It sends all the same."""

    def receives(self) -> bool:
        """Whether it fetches what arrives."""

    async def set_receiving(self, receives: bool) -> None:
        """From now on fetch what arrives, or leave it there. Returns when it is so; what was fetched is committed.

        Raises Conflict when the network brings its news by itself.
        """


@runtime_checkable
class ShowsGroups(Protocol):
    """A session that can look at a group it is in."""

    async def group(self, address: Address) -> Group:
        """One group, with its members where the network tells them. Raises NotFound when it does not exist or the
        account is not in it.
        """


@runtime_checkable
class ManagesGroups(ShowsGroups, Protocol):
    """A session that can see and change groups. Each raises NetworkRefused with a sentence when it may not."""

    async def groups(self) -> Sequence[Group]:
        """The groups the account is in."""

    async def create_group(self, subject: str, members: Sequence[Address]) -> Group:
        """Make a group with these people."""

    async def change_group(self, address: Address, change: GroupChange) -> None:
        """Change its settings."""

    async def change_members(
        self, address: Address, change: MemberChange, members: Sequence[Address]
    ) -> Sequence[MemberResult]:
        """Add, remove, promote or demote; each member has a fate of its own."""

    async def leave_group(self, address: Address) -> None:
        """Leave."""

    async def invite_link(self, address: Address, *, reset: bool = False) -> str:
        """The link others can join with; `reset` makes the old one useless."""

    async def join_group(self, link: str) -> Address:
        """Join by an invite link or its code; returns the group's address."""


@runtime_checkable
class FollowsChannels(Protocol):
    """A session that can read broadcast channels."""

    async def channels(self) -> Sequence[Channel]:
        """The channels the account follows."""

    async def channel_messages(self, address: Address, *, limit: int, before: int | None = None) -> Sequence[Message]:
        """Messages of a channel, newest first; `before` is a message's number in the channel."""


@runtime_checkable
class RejectsCalls(Protocol):
    """A session that can turn a call down."""

    async def reject_call(self, call_id: str, caller: Address) -> None:
        """Reject a ringing call."""


@runtime_checkable
class KeepsDevices(Protocol):
    """A provider that keeps files of its own for an instance (a linked device's keys)."""

    def export_device(self, instance_id: InstanceId) -> bytes | None:
        """Everything another gateway needs to be this device; None when nothing is linked. The session must be stopped:
        two owners of one device break its encryption.
        """

    def import_device(self, instance_id: InstanceId, data: bytes) -> None:
        """Become that device. Raises InvalidInput when the bytes are none, Conflict when there is one already."""

    def forget_device(self, instance_id: InstanceId) -> None:
        """Remove its files; does nothing when there are none."""


@runtime_checkable
class AnswersButtons(Protocol):
    """A session that can answer a pressed inline button."""

    async def answer_button(self, query_id: str, text: str | None, alert: bool) -> None:
        """Acknowledge the press, optionally with a toast or an alert."""


@runtime_checkable
class LogsOut(Protocol):
    """A session that can end its login at the network, not just here."""

    async def logout(self) -> None:
        """Unlink. The session's `run` ends afterwards."""
