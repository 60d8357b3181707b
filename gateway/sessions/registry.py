"""Which sessions run: start, stop, restart, get. One asyncio task an instance; one failing never hurts another."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from gateway.domain.errors import NotConnected
from gateway.domain.events import Event, SessionDisconnected
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Credentials, Instance, LoginCode, ProviderName, SessionState, SessionStateKind
from gateway.kit.backoff import Backoff
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.providers.contract import Provider, Report, Session, SessionContext
from gateway.sessions.journal import Journal
from gateway.sessions.runner import Runner
from gateway.sessions.teller import Teller

log = get_logger(__name__)

AT_ONCE = 50
"""How many sessions may be opening at the same time when a restart brings them all back."""
SETTLE_TIMEOUT = 10.0
"""Seconds after which an opening session no longer holds up the next one."""

STOP_TIMEOUT = 25.0
"""Seconds a cancelled session has to end before it is left behind."""

HookUrl = Callable[[Instance], str | None]


class Registry:
    """The running sessions of this process."""

    def __init__(
        self,
        providers: Mapping[ProviderName, Provider],
        emit: Callable[[Event], Awaitable[None]],
        clock: Clock,
        hook_url: HookUrl,
    ) -> None:
        self._providers = providers
        self._emit = emit
        self._clock = clock
        self._hook_url = hook_url
        self._runners: dict[InstanceId, Runner] = {}
        self._credentials: dict[InstanceId, Credentials] = {}
        self._tasks: dict[InstanceId, asyncio.Task[None]] = {}
        self._journals: dict[InstanceId, Journal] = {}
        self._locks: dict[InstanceId, asyncio.Lock] = {}
        self._teller = Teller(emit, clock)
        self._telling: asyncio.Task[None] | None = None
        self._closed = False

    def open(self) -> None:
        """Begin telling changes of state."""
        self._telling = asyncio.create_task(self._teller.run(), name="teller", context=contextvars.Context())

    async def start(self, instance: Instance, credentials: Credentials) -> None:
        """Run its session, replacing one that runs. Does nothing once the gateway stops."""
        async with self._lock(instance.id):
            await self._cancel(instance.id)
            if self._closed:
                return
            journal = self._journals.setdefault(instance.id, Journal(self._clock))
            runner = Runner(
                instance,
                lambda report: self._open_session(runner.instance, credentials, report),
                self._teller.tell,
                self._clock,
                journal,
                Backoff(base=1.0, cap=60.0),
            )
            self._runners[instance.id] = runner
            self._credentials[instance.id] = credentials
            context = contextvars.Context()
            context.run(structlog.contextvars.bind_contextvars, instance_id=instance.id)
            self._tasks[instance.id] = asyncio.create_task(runner.run(), name=f"session:{instance.id}", context=context)

    def renew(self, instance: Instance) -> None:
        """What was changed of an instance: a session of it that has to be opened again is opened with this."""
        runner = self._runners.get(instance.id)
        if runner is not None:
            runner.instance = instance

    async def stop(self, instance_id: InstanceId, *, code: str = "stopped", sentence: str = "Stopped.") -> None:
        """End its session and say so. Does nothing when it does not run."""
        async with self._lock(instance_id):
            runner = self._runners.get(instance_id)
            if runner is None:
                return
            was_final = runner.state.kind.is_final
            await self._cancel(instance_id)
            if not was_final:
                kind = SessionStateKind.LOGGED_OUT if code == "logged_out" else SessionStateKind.STOPPED
                state = SessionState(kind=kind, code=code, sentence=sentence, at=self._clock.now())
                self._journals[instance_id].state(state)
                self._teller.tell(SessionDisconnected(instance_id=instance_id, at=state.at, state=state, reason=code))

    async def forget(self, instance_id: InstanceId) -> None:
        """End its session and drop everything known about it, because the instance is being deleted."""
        async with self._lock(instance_id):
            await self._cancel(instance_id)
            self._teller.forget(instance_id)
            self._journals.pop(instance_id, None)
        self._locks.pop(instance_id, None)

    def get(self, instance_id: InstanceId) -> Session:
        """The live session. Raises NotConnected unless messages flow.

        A restricted account whose session still lives is a live session: what it may not send, the network refuses.
        """
        runner = self._runners.get(instance_id)
        if runner is None or runner.session is None or not runner.flows:
            raise NotConnected(instance_id)
        return runner.session

    def find(self, instance_id: InstanceId) -> Session | None:
        """The session whatever its state, for a network's POST to it."""
        runner = self._runners.get(instance_id)
        return runner.session if runner else None

    def state(self, instance_id: InstanceId) -> SessionState | None:
        """Where its session stands right now; None when it does not run."""
        runner = self._runners.get(instance_id)
        return runner.state if runner else None

    def runs_with(self, instance_id: InstanceId, credentials: Credentials) -> bool:
        """Whether its session was started with these very credentials."""
        return self._credentials.get(instance_id) == credentials

    def flows(self, instance_id: InstanceId) -> bool:
        """Whether messages flow."""
        runner = self._runners.get(instance_id)
        return runner is not None and runner.flows

    def login_code(self, instance_id: InstanceId) -> LoginCode | None:
        """What a person has to scan or type right now."""
        runner = self._runners.get(instance_id)
        return runner.login_code if runner else None

    def journal(self, instance_id: InstanceId) -> Journal:
        """Its diary; empty when it never ran in this process."""
        return self._journals.get(instance_id) or Journal(self._clock)

    def count_by_state(self) -> dict[SessionStateKind, int]:
        """How many sessions stand where."""
        counts = dict.fromkeys(SessionStateKind, 0)
        for runner in self._runners.values():
            counts[runner.state.kind] += 1
        return counts

    async def restore(self, instances: Iterable[tuple[Instance, Credentials]]) -> None:
        """Start many, at most `AT_ONCE` of them opening at the same time."""
        opening = asyncio.Semaphore(AT_ONCE)

        async def bring_back(instance: Instance, credentials: Credentials) -> None:
            async with opening:
                await self.start(instance, credentials)
                runner = self._runners.get(instance.id)
                if runner is None:
                    return  # the gateway stops
                settled = asyncio.ensure_future(runner.settled.wait())
                await asyncio.wait({settled}, timeout=SETTLE_TIMEOUT)
                settled.cancel()

        async with asyncio.TaskGroup() as group:
            for instance, credentials in instances:
                group.create_task(bring_back(instance, credentials))

    async def aclose(self) -> None:
        """End every session quietly: they are wanted, and the next start brings them back."""
        self._closed = True
        tasks = list(self._tasks.values())
        if self._telling is not None:
            tasks.append(self._telling)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
        self._tasks.clear()
        self._runners.clear()
        self._credentials.clear()
        for provider in self._providers.values():
            await provider.aclose()

    def _open_session(self, instance: Instance, credentials: Credentials, report: Report) -> Session:
        return self._providers[instance.provider].open(
            SessionContext(
                instance=instance,
                credentials=credentials,
                emit=self._emit,
                report=report,
                clock=self._clock,
                hook_url=self._hook_url(instance),
            )
        )

    async def _cancel(self, instance_id: InstanceId) -> None:
        task = self._tasks.pop(instance_id, None)
        self._runners.pop(instance_id, None)
        self._credentials.pop(instance_id, None)
        if task is not None:
            task.cancel()
            _, hanging = await asyncio.wait({task}, timeout=STOP_TIMEOUT)
            if hanging:
                # Deleting or restarting an instance must not depend on a session that does not let go.
                log.error("session_stop_hangs", instance_id=instance_id)

    def _lock(self, instance_id: InstanceId) -> asyncio.Lock:
        return self._locks.setdefault(instance_id, asyncio.Lock())
