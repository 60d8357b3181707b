"""How claims end: written into the database in groups, then learned from."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from msgspec import Struct

from gateway.domain.ids import DeliveryId, EndpointId
from gateway.domain.webhooks import DeliveryState
from gateway.kit.clock import Clock
from gateway.storage.outbox import Completion, Leased, OutboxStore, Tried
from gateway.storage.times import to_ms
from gateway.storage.webhooks import EndpointStore, Health
from gateway.webhooks import health
from gateway.webhooks.lanes import Lane
from gateway.webhooks.metrics import DispatcherMetrics
from gateway.webhooks.verdict import GONE, PROBLEM_WAIT_MS, TryResult, Verdict

log = structlog.get_logger(__name__)


class Ending(Struct, frozen=True):
    """A claim's end, waiting for its commit. Without a verdict it goes back untried."""

    lane: Lane
    row: Leased
    result: TryResult | None
    verdict: Verdict | None


class Endings:
    """Writes ends of claims that `owner` holds, and keeps health, breakers and metrics of the lanes in step."""

    def __init__(
        self, outbox: OutboxStore, endpoints: EndpointStore, clock: Clock, metrics: DispatcherMetrics, *, owner: str
    ) -> None:
        self._outbox = outbox
        self._endpoints = endpoints
        self._clock = clock
        self._metrics = metrics
        self._owner = owner

    async def write(self, ended: Collection[Ending]) -> tuple[set[DeliveryId], list[tuple[Lane, str]]]:
        """How tries ended, into the database. Part of the caller's transaction; nothing in memory changes."""
        completions: list[Completion] = []
        tries: list[Tried] = []
        released: list[tuple[DeliveryId, int]] = []
        for each in ended:
            if each.verdict is None:
                released.append((each.row.id, each.row.attempt))
                continue
            completions.append(each.verdict.completion)
            if each.verdict.tried is not None:
                tries.append(each.verdict.tried)
        taken = await self._outbox.complete(completions, tries, owner=self._owner)
        await self._outbox.release(released, owner=self._owner)
        return taken, await self._write_health(ended)

    async def _write_health(self, ended: Collection[Ending]) -> list[tuple[Lane, str]]:
        # An endpoint that works and worked costs nothing here: only a change of its failures is written.
        now = self._clock.now()
        changed: dict[EndpointId, tuple[Lane, Health]] = {}
        disabled: dict[EndpointId, tuple[Lane, str]] = {}
        for each in ended:
            if each.result is None:
                continue
            lane, before = changed.get(each.lane.id, (each.lane, each.lane.health))
            if each.result.succeeded:
                if before.failures:
                    changed[lane.id] = (lane, Health())
                disabled.pop(lane.id, None)
                continue
            changed[lane.id] = (lane, health.after_failure(before, to_ms(now)))
            if each.result.status == GONE:
                disabled[lane.id] = (lane, health.GONE_REASON)
            elif health.has_given_up(before, to_ms(now)):
                disabled[lane.id] = (lane, health.REASON)
        for lane, after in changed.values():
            await self._endpoints.set_health(lane.id, after)
        for lane, reason in disabled.values():
            await self._endpoints.disable(lane.id, reason, now)
        return list(disabled.values())

    def abandon(self, ending: Ending) -> None:
        """It went back untried."""
        self._metrics.released.inc()
        ending.lane.breaker.abandoned()

    def learn(self, ending: Ending, *, valid: bool) -> None:
        """After the commit: what the try says about its endpoint. `valid` tells whether its claim was still ours."""
        now = self._clock.monotonic()
        lane = ending.lane
        if ending.result is None:
            lane.breaker.hold(now, PROBLEM_WAIT_MS / 1000)
            return
        self._count(ending, valid=valid)
        if ending.result.succeeded:
            lane.health = Health()
            lane.breaker.succeeded(now)
        else:
            lane.health = health.after_failure(lane.health, to_ms(self._clock.now()))
            lane.breaker.failed(now)

    def _count(self, ending: Ending, *, valid: bool) -> None:
        assert ending.result is not None
        assert ending.verdict is not None
        if not valid:
            # The row is gone, or somebody else's lease: our answer no longer counts.
            log.warning("delivery_discarded", delivery=ending.row.id, attempt=ending.row.attempt)
            self._metrics.discarded.inc()
            return
        self._metrics.duration.observe(ending.result.duration)
        if ending.row.attempt == 1:
            done = to_ms(ending.result.started_at) / 1000 + ending.result.duration
            self._metrics.delay.observe(max(0.0, done - ending.row.created_at / 1000))
        match ending.verdict.completion.state:
            case DeliveryState.DELIVERED if ending.result.succeeded:
                self._metrics.delivered.inc()
            case DeliveryState.DEAD:
                self._metrics.given_up.inc()
            case _:
                self._metrics.retried.inc()
