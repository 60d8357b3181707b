"""The periodic chores: forgetting what is old, writing what is counted."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from prometheus_client import Counter

from gateway.domain.errors import GatewayError
from gateway.kit.clock import Clock
from gateway.kit.cron import cron_trigger
from gateway.kit.log import get_logger
from gateway.services.usage import Usage
from gateway.settings import Settings
from gateway.storage.storage import Storage

log = get_logger(__name__)

PRUNE_BATCH = 500
"""Rows deleted in one transaction: small, so that no writer waits long behind it."""
FLUSH_SECONDS = 10
IDEMPOTENCY_HOURS = 24
PRESENCE_HOURS = 24
"""How long the log keeps who was online: long enough to be polled, too short to be a diary of somebody's days."""

Chore = Callable[[], Awaitable[object]]
Prune = Callable[[datetime, int], Awaitable[int]]
"""Deletes up to so many rows from before a moment; returns how many went."""


class Upkeep:
    """Runs chores by the settings' schedules, one of a kind at a time, each idempotent."""

    def __init__(self, storage: Storage, usage: Usage, settings: Settings, clock: Clock) -> None:
        self._storage = storage
        self._usage = usage
        self._settings = settings
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._runs = Counter("gateway_chores", "Chores run, by name and result.", ["chore", "result"], registry=None)
        self.metrics = (self._runs,)

    def open(self) -> None:
        """Begin."""
        self._schedule("prune", self.prune, cron_trigger(self._settings.prune_cron))
        self._schedule("flush_usage", self._usage.flush, IntervalTrigger(seconds=FLUSH_SECONDS))
        contextvars.Context().run(self._scheduler.start)

    async def aclose(self) -> None:
        """End, after writing what is still counted."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        await self._run("flush_usage", self._usage.flush)

    async def prune(self) -> int:
        """Delete what is older than its retention, in small batches; returns how many rows went."""
        now = self._clock.now()
        settings = self._settings
        gone = 0
        for days, prune in (
            (settings.message_retention_days, self._storage.messages.prune),
            (settings.activity_retention_days, self._storage.activity.prune),
            (settings.activity_retention_days, self._storage.audit.prune),
            (settings.attempt_retention_days, self._storage.outbox.prune_attempts),
            (settings.delivery_retention_days, self._storage.outbox.prune_delivered),
            (settings.dead_delivery_retention_days, self._storage.outbox.prune_dead),
            (settings.event_retention_days, self._storage.events.prune),
        ):
            if days:  # 0 keeps for ever
                gone += await self._prune_all(prune, timedelta(days=days))
        gone += await self._prune_all(self._storage.idempotency.prune, timedelta(hours=IDEMPOTENCY_HOURS))
        gone += await self._prune_all(self._storage.events.prune_presence, timedelta(hours=PRESENCE_HOURS))
        gone += await self._storage.revoked_tokens.prune(now)
        log.info("pruned", rows=gone)
        return gone

    async def _prune_all(self, prune: Prune, age: timedelta) -> int:
        before = self._clock.now() - age
        gone = 0
        while count := await prune(before, PRUNE_BATCH):
            gone += count
            await asyncio.sleep(0)  # let a waiting writer go between two batches
        return gone

    def _schedule(self, name: str, chore: Chore, trigger: BaseTrigger) -> None:
        self._scheduler.add_job(
            self._run, trigger, args=(name, chore), id=name, coalesce=True, max_instances=1, misfire_grace_time=300
        )

    async def _run(self, name: str, chore: Chore) -> None:
        try:
            await chore()
        except GatewayError as error:
            # The next run does what this one could not.
            log.warning("chore_failed", chore=name, code=error.code)
            self._runs.labels(name, "failed").inc()
        except Exception:
            log.exception("chore_crashed", chore=name)
            self._runs.labels(name, "crashed").inc()
        else:
            self._runs.labels(name, "done").inc()
