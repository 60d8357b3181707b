"""Forgetting what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.settings import Settings
from gateway.storage.storage import Storage

log = get_logger(__name__)

PRUNE_BATCH = 500
"""Rows deleted in one transaction: small, so that no writer waits long behind it."""
IDEMPOTENCY_HOURS = 24
BULK_DAYS = 30
"""How long one can ask what became of a bulk that is over."""
PRESENCE_HOURS = 24
"""How long the log keeps who was online: long enough to be polled, too short to be a diary of somebody's days."""

Prune = Callable[[datetime, int], Awaitable[int]]
"""Deletes up to so many rows from before a moment; returns how many went."""


class Retention:
    """Keeps everything for as long as the settings say, and no longer."""

    def __init__(self, storage: Storage, settings: Settings, clock: Clock) -> None:
        self._storage = storage
        self._settings = settings
        self._clock = clock

    async def prune(self) -> int:
        """Delete what is older than its retention, in small batches; returns how many rows went."""
        now = self._clock.now()
        settings = self._settings
        gone = 0
        for days, prune in (
            (settings.message_retention_days, self._storage.messages.prune),
            (settings.activity_retention_days, self._storage.activity.prune),
            (settings.activity_retention_days, self._storage.audit.prune),
            (settings.activity_retention_days, self._storage.states.prune),
            (settings.attempt_retention_days, self._storage.outbox.prune_attempts),
            (settings.delivery_retention_days, self._storage.outbox.prune_delivered),
            (settings.dead_delivery_retention_days, self._storage.outbox.prune_dead),
            (settings.event_retention_days, self._storage.events.prune),
        ):
            if days:  # 0 keeps for ever
                gone += await self._prune_all(prune, timedelta(days=days))
        gone += await self._prune_all(self._storage.idempotency.prune, timedelta(hours=IDEMPOTENCY_HOURS))
        gone += await self._prune_all(self._storage.bulks.prune, timedelta(days=BULK_DAYS))
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
