"""A provider that does what a test tells it to: the contract's own seam, no network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from gateway.domain.events import Event, SessionConnected, SessionDisconnected, SessionLoginRequired, SessionStarting
from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import OutgoingMessage, SentMessage
from gateway.providers.contract import SessionContext
from gateway.sessions.registry import Registry
from tests.clock import ManualClock

Life = Callable[[SessionContext], Awaitable[None]]
START = datetime(2026, 1, 1, tzinfo=UTC)


async def connected_for_ever(context: SessionContext) -> None:
    """Connects and stays."""
    context.report.connected()
    await asyncio.Event().wait()


class ScriptedSession:
    def __init__(self, context: SessionContext, life: Life) -> None:
        self._context = context
        self._life = life

    async def run(self) -> None:
        await self._life(self._context)

    async def send(self, message: OutgoingMessage) -> SentMessage:
        raise AssertionError("nobody sends in these tests")


class ScriptedProvider:
    """Opens sessions whose lives come from `lives`, by instance: one a start, the last one again and again."""

    name = ProviderName.TELEGRAM

    def __init__(self) -> None:
        self.lives: dict[str, list[Life]] = {}
        self.opened: list[str] = []
        self.closed = False

    def check(self, config: Mapping[str, object]) -> Credentials:
        return Credentials()

    def open(self, context: SessionContext) -> ScriptedSession:
        instance_id = context.instance.id
        self.opened.append(instance_id)
        lives = self.lives.get(instance_id, [connected_for_ever])
        return ScriptedSession(context, lives.pop(0) if len(lives) > 1 else lives[0])

    async def aclose(self) -> None:
        self.closed = True


class House:
    """A registry over the scripted provider, with what it told."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.provider = ScriptedProvider()
        self.told: list[Event] = []
        self.refusals: list[Exception] = []
        self.registry = Registry({self.provider.name: self.provider}, self._emit, self.clock, lambda _: None)

    async def _emit(self, event: Event) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.told.append(event)

    async def start(self, name: str, *lives: Life) -> Instance:
        if lives:
            self.provider.lives[name] = list(lives)
        instance = an_instance(name)
        await self.registry.start(instance, Credentials())
        return instance

    async def settle(self) -> None:
        await self.clock.advance(seconds=0)

    def states(self, name: str) -> list[str]:
        """What was told of an instance, a word an event."""
        return [
            event.state.kind.value
            for event in self.told
            if isinstance(event, SessionStarting | SessionConnected | SessionDisconnected | SessionLoginRequired)
            and event.instance_id == name
        ]


def an_instance(name: str) -> Instance:
    return Instance(
        id=InstanceId(name),
        tenant_id=TenantId("tenant"),
        user_id=UserId("user"),
        name=name,
        description="",
        provider=ProviderName.TELEGRAM,
        state=SessionState(kind=SessionStateKind.STARTING, code="starting", sentence="", at=START),
        wanted=True,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=START,
        updated_at=START,
    )
