"""The gateway's side of a session, for tests of providers: it records what a session emits and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar

from gateway.domain.events import Event, MessageReceived, MessageSent
from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.instances import Credentials, Instance, LoginCode, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import Message
from gateway.providers.contract import Interrupted, Provider, Session, SessionContext
from tests.clock import ManualClock

E = TypeVar("E", bound=Event)


class Seam:
    """Commits events to a list, as the inbox would to a database: what it has seen already stops quietly.

    `refuse` decides, event by event, what the commit raises; None lets it through.
    """

    def __init__(self, name: ProviderName = ProviderName.TELEGRAM, instance_id: str = "instance-1") -> None:
        self.instance = _instance(name, InstanceId(instance_id))
        self.clock = ManualClock(datetime.now(UTC))
        self.committed: list[Event] = []
        self.asked: list[Event] = []
        self.states: list[tuple[str, str]] = []
        self.logins: list[LoginCode] = []
        self.notes: list[str] = []
        self.refuse: Callable[[Event], Exception | None] = _nothing
        self._known: set[object] = set()

    def context(self, credentials: Credentials, *, hook_url: str | None = None) -> SessionContext:
        """What a session is given."""
        return SessionContext(
            instance=self.instance,
            credentials=credentials,
            emit=self.emit,
            report=self,
            clock=self.clock,
            hook_url=hook_url,
        )

    async def emit(self, event: Event) -> None:
        self.asked.append(event)
        await asyncio.sleep(0)
        if (problem := self.refuse(event)) is not None:
            raise problem
        if (key := _key(event)) not in self._known:
            self._known.add(key)
            self.committed.append(event)

    # The report

    def connected(self, sentence: str = "Connected.") -> None:
        self._state("connected", sentence)

    def trouble(self, code: str, sentence: str) -> None:
        self._state(code, sentence)

    def stalled(self, sentence: str) -> None:
        self._state("stalled", sentence)

    def restricted(self, code: str, sentence: str, *, until: datetime | None = None) -> None:
        self._state(code, sentence)

    def login_required(self, login: LoginCode) -> None:
        self.logins.append(login)
        self._state("login_required", login.text)

    def note(self, text: str, level: str = "info") -> None:
        self.notes.append(f"{level}: {text}")

    def _state(self, code: str, sentence: str) -> None:
        if not self.states or self.states[-1] != (code, sentence):
            self.states.append((code, sentence))

    # Looking

    @property
    def state(self) -> str:
        """`connected`, or the code of the present trouble; empty before the first word."""
        return self.states[-1][0] if self.states else ""

    @property
    def codes(self) -> list[str]:
        """Every state so far."""
        return [code for code, _ in self.states]

    @property
    def messages(self) -> list[Message]:
        """Committed messages that somebody wrote to us."""
        return [event.message for event in self.committed if isinstance(event, MessageReceived)]

    @property
    def bodies(self) -> list[str]:
        """Their words."""
        return [message.body for message in self.messages]

    def only(self, kind: type[E]) -> E:
        """The one committed event of a kind."""
        found = [event for event in self.committed if isinstance(event, kind)]
        assert len(found) == 1, found
        return found[0]

    def told(self) -> str:
        """Everything that a person or a log could read, to look for secrets in."""
        return "\n".join([repr(self.committed), repr(self.states), *self.notes])

    # Waiting

    async def until(self, condition: Callable[[], object], *, passing: float | None = None) -> None:
        """Return as soon as `condition` holds; fail after half a minute of real time.

        `passing` lets that many seconds go by on the manual clock whenever somebody sleeps on it.
        """
        async with asyncio.timeout(30):
            while not condition():
                if passing is not None and self.clock.sleepers:
                    await self.clock.advance(seconds=passing)
                await asyncio.sleep(0.002)

    async def until_connected(self) -> None:
        """Return once the session says so."""
        await self.until(lambda: self.state == "connected")


class Life:
    """A running session and its task. An interrupted one is opened again, as the runner does."""

    def __init__(self, provider: Provider, context: SessionContext) -> None:
        self._provider = provider
        self._context = context
        self.session: Session = provider.open(context)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                await self.session.run()
            except Interrupted as cut:
                self._context.report.trouble(cut.code, cut.sentence)
                await self._context.clock.sleep(1.0 if cut.retry_after is None else cut.retry_after)
                self.session = self._provider.open(self._context)
            else:
                return

    async def ending(self) -> BaseException | None:
        """What the session ended with, once it has."""
        async with asyncio.timeout(30):
            await asyncio.wait([self.task])
        return self.task.exception()

    async def stop(self) -> None:
        """Cancel and wait."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def living(provider: Provider, context: SessionContext) -> AsyncIterator[Life]:
    """Open a session and let it live inside the block."""
    life = Life(provider, context)
    try:
        yield life
    finally:
        life.task.cancel()
        await asyncio.wait([life.task])


def _nothing(_event: Event) -> Exception | None:
    return None


def _key(event: Event) -> object:
    if isinstance(event, (MessageReceived, MessageSent)):
        return (event.message.chat.address, event.message.network_id)
    return event.dedupe_key


def _instance(name: ProviderName, instance_id: InstanceId) -> Instance:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Instance(
        id=instance_id,
        tenant_id=TenantId("tenant-1"),
        user_id=UserId("user-1"),
        name="Shop",
        description="",
        provider=name,
        state=SessionState(kind=SessionStateKind.STARTING, code="starting", sentence="Starting.", at=now),
        wanted=True,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=now,
        updated_at=now,
    )
