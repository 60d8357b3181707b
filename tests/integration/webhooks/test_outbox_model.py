"""The outbox against a model: whatever is done in whatever order, nothing is lost and nothing is sent that must not be.

The real store, dispatcher and HTTP, on SQLite; chance and time are hypothesis' and the manual clock's.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.domain.ids import DeliveryId
from gateway.domain.webhooks import Endpoint
from tests.integration.webhooks.outlet import SECRET, Outlet, open_outlet
from tests.simulators.receiver import Behaviour, Receiver

T = TypeVar("T")
NAMES = ("one", "two")
ENDPOINTS = st.sampled_from(NAMES)


class OutboxMachine(RuleBasedStateMachine):
    """States of a delivery: pending, leased, delivered, dead."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.owed: set[str] = set()
        self.attempts: dict[int, int] = {}
        self.excusable = 0
        """How often a receiver may have been given what it had taken already: by hand, or by a kill."""
        self.disabled: dict[str, int] = {}
        """Disabled endpoints and how many requests they had got by then."""
        self.secrets: dict[str, tuple[str, ...]] = dict.fromkeys(NAMES, (SECRET,))
        self.endpoints: dict[str, Endpoint] = {}
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _open(self) -> None:
        self.receiver = await self.stack.enter_async_context(Receiver(keep=100_000))
        url = f"sqlite:///{Path(self.folder.name) / 'model.db'}"
        self.outlet: Outlet = await self.stack.enter_async_context(open_outlet(url, self.receiver))
        for name in NAMES:
            self.endpoints[name] = await self.outlet.endpoint(name, max_retries=2, concurrency=2)
        self.outlet.dispatcher.start()
        await self._quiet()

    async def _quiet(self) -> None:
        """Until nothing more happens without time passing."""
        dispatcher = self.outlet.dispatcher

        def at_rest() -> bool:
            asleep = self.outlet.clock.sleepers > 0 and not dispatcher._bell.is_rung
            return asleep and dispatcher.in_flight == 0 and not dispatcher._lanes.has_ready and not dispatcher._ended

        await self.outlet.until(at_rest)

    @rule(name=ENDPOINTS, count=st.integers(1, 6))
    def send(self, name: str, count: int) -> None:
        async def work() -> None:
            self.owed.update(await self.outlet.owe(self.endpoints[name], count=count))
            await self._quiet()

        self.do(work())

    @rule(
        name=ENDPOINTS, count=st.integers(1, 6), status=st.sampled_from([404, 429, 500, 302]), times=st.integers(1, 8)
    )
    def fail(self, name: str, count: int, status: int, times: int) -> None:
        self.receiver.behave(f"/{name}", Behaviour(status=status, times=times))
        self.send(name, count)

    @rule(name=ENDPOINTS, count=st.integers(1, 6))
    def kill(self, name: str, count: int) -> None:
        """The process dies while tries are under way; another takes over."""

        async def work() -> None:
            self.receiver.stall(f"/{name}")
            self.owed.update(await self.outlet.owe(self.endpoints[name], count=count))
            for _ in range(50):
                await asyncio.sleep(0.0005)
            dead = self.outlet.dispatcher
            self.excusable += dead.in_flight
            for task in (dead._task, *dead._sends):
                if task is not None:
                    task.cancel()
            await asyncio.gather(*(task for task in (dead._task, *dead._sends) if task), return_exceptions=True)
            dead._bell.close()
            self.receiver.answer(f"/{name}")
            self.outlet.new_dispatcher().start()
            await self._quiet()

        self.do(work())

    @rule(seconds=st.sampled_from([1, 29, 61, 200, 4000, 90_000]))
    def clock(self, seconds: float) -> None:
        async def work() -> None:
            await self.outlet.clock.advance(seconds=seconds)
            await self._quiet()

        self.do(work())

    @rule(place=st.integers(0, 1000))
    def replay(self, place: int) -> None:
        async def work() -> None:
            rows = await self.outlet.rows()
            if rows:
                row = rows[place % len(rows)]
                if await self.outlet.storage.outbox.history.redeliver(DeliveryId(row["id"]), self.outlet.now):
                    self.excusable += 1
                self.outlet.dispatcher.wake([row["endpoint_id"]], probe=True)
                await self._quiet()

        self.do(work())

    @rule(name=ENDPOINTS)
    def rotate(self, name: str) -> None:
        async def work() -> None:
            new = f"secret {len(self.secrets[name])} of {name}"
            await self.outlet.storage.endpoints.rotate_secret(self.endpoints[name].id, new, self.outlet.now)
            self.secrets[name] = (new, *self.secrets[name])
            self.receiver.trust(f"/{name}", *self.secrets[name])

        self.do(work())

    @rule(name=ENDPOINTS)
    def disable(self, name: str) -> None:
        async def work() -> None:
            await self.outlet.storage.endpoints.disable(self.endpoints[name].id, "a test", self.outlet.now)
            self.disabled.setdefault(name, self.receiver.stats.paths.get(f"/{name}", 0))

        self.do(work())

    @rule(name=ENDPOINTS)
    def enable(self, name: str) -> None:
        self.do(self._enable(name))

    async def _enable(self, name: str) -> None:
        await self.outlet.storage.endpoints.update(self.endpoints[name], forget_failures=True)
        self.disabled.pop(name, None)
        self.outlet.dispatcher.wake([self.endpoints[name].id], probe=True)
        await self._quiet()

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "runner"):
            return
        rows = self.do(self.outlet.rows())
        assert {row["event_id"] for row in rows} == self.owed
        assert {row["state"] for row in rows} <= {"pending", "delivered", "dead"}  # at rest nothing is leased
        accepted = {event_id for _, event_id in self.receiver.ledger.accepted_ids}
        assert {row["event_id"] for row in rows if row["state"] == "delivered"} <= accepted

    @invariant()
    def tries_only_count_up(self) -> None:
        if not hasattr(self, "runner"):
            return
        for row in self.do(self.outlet.rows()):
            assert row["attempt"] >= self.attempts.get(row["id"], 0)
            self.attempts[row["id"]] = row["attempt"]

    @invariant()
    def ids_are_stable_and_signatures_right(self) -> None:
        if not hasattr(self, "runner"):
            return
        assert {request.webhook_id for request in self.receiver.requests} <= self.owed
        assert self.receiver.stats.bad_signatures == 0

    @invariant()
    def what_is_disabled_is_never_sent(self) -> None:
        if not hasattr(self, "runner"):
            return
        for name, had in self.disabled.items():
            assert self.receiver.stats.paths.get(f"/{name}", 0) == had

    @invariant()
    def duplicates_have_an_excuse(self) -> None:
        if not hasattr(self, "runner"):
            return
        assert self.receiver.stats.duplicates <= self.excusable

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self.do(self._all_arrives())
        finally:
            self.do(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def _all_arrives(self) -> None:
        """In the end everything owed has arrived or is dead, in the open."""
        for name in NAMES:
            self.receiver.answer(f"/{name}")
            await self._enable(name)
        for _ in range(6):
            await self.outlet.clock.advance(seconds=90_000)
            await self._quiet()
        rows = await self.outlet.rows()
        assert {row["state"] for row in rows} <= {"delivered", "dead"}
        assert Counter(row["event_id"] for row in rows) == Counter(self.owed)


@pytest.mark.slow
def test_the_outbox_keeps_its_promises_whatever_happens() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        OutboxMachine,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
