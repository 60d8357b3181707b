"""What the gateway asks of a provider. Little: a provider opens sessions, a session runs and sends.

Everything else a session can do is a small optional protocol below; services ask with `isinstance`
and refuse with `Unsupported` when it cannot. A provider never sees the database: it is handed an
instance, its credentials and an `emit` that returns after the commit. Awaiting it is the backpressure.

How a session's `run` ends tells the runner what to do:

    returns, or is cancelled   stopped
    raises LoggedOut           the network ended it for good; a person has to log in again
    raises BadCredentials      the credentials are wrong; a person has to replace them
    raises Interrupted         try again after a pause, with the state the exception carries
    raises anything else       a bug or an outage we have no name for; logged, and tried again
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

from msgspec import Struct

from gateway.domain.events import Event
from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, Instance, ProviderName
from gateway.domain.messages import Content, OutgoingMessage, SentMessage, TextFormat
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


class Report(Protocol):
    """How a session tells its state while it runs. Each call is idempotent: repeating a state says nothing new."""

    def connected(self, sentence: str = "Connected.") -> None:
        """Messages flow; proven by traffic, not by an open socket."""

    def trouble(self, code: str, sentence: str) -> None:
        """Messages do not flow right now; the session itself keeps trying."""

    def login_required(self, *, qr_code: str | None = None, pairing_code: str | None = None) -> None:
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

    async def edit(self, chat: Address, network_id: str, text: str, text_format: TextFormat) -> Content:
        """Replace the text or caption; returns the new content."""


@runtime_checkable
class DeletesMessages(Protocol):
    """A session that can take a message back."""

    async def delete(self, chat: Address, network_id: str) -> None:
        """Delete the message for everyone."""


@runtime_checkable
class Reacts(Protocol):
    """A session that can react to a message."""

    async def react(self, chat: Address, network_id: str, emoji: str | None) -> None:
        """Set the reaction; None withdraws it."""


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


@runtime_checkable
class KnowsItself(Protocol):
    """A session that can say who it is on the network."""

    async def profile(self) -> Profile:
        """Ask the network who we are."""


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
