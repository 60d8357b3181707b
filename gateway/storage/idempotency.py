"""Answers kept by idempotency key, so that a repeated request is answered and not repeated."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.ids import TenantId
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import IdempotencyKeys
from gateway.storage.times import to_ms


class KeyState(StrEnum):
    """Where the first request with a key stands."""

    OPEN = "open"
    DONE = "done"


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """What is kept under a key. `owner` is the process that opened it."""

    request_digest: str
    state: KeyState
    answer: str


class IdempotencyStore:
    """Keys are digests of (credential scope, instance, caller's key), so tenants cannot meet in one."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def open(self, key: str, tenant_id: TenantId, request_digest: str, now: datetime) -> KeptAnswer | None:
        """Claim a key, durably, before acting. None means it is ours; else what an earlier request left there."""
        inserted = await insert_rows(
            self._engine,
            "idempotency_keys",
            ("key", "tenant_id", "request_digest", "state", "answer", "created_at"),
            [(key, tenant_id, request_digest, KeyState.OPEN.value, "", to_ms(now))],
            suffix="ON CONFLICT (key) DO NOTHING RETURNING key",
        )
        if inserted:
            return None
        row = await IdempotencyKeys.select().where(IdempotencyKeys.key == key).first()
        if row is None:  # pruned in between: the claim may be tried again
            return await self.open(key, tenant_id, request_digest, now)
        return KeptAnswer(request_digest=row["request_digest"], state=KeyState(row["state"]), answer=row["answer"])

    async def finish(self, key: str, answer: str) -> None:
        """Keep the answer."""
        await IdempotencyKeys.update(
            {IdempotencyKeys.state: KeyState.DONE.value, IdempotencyKeys.answer: answer}
        ).where(IdempotencyKeys.key == key)

    async def forget(self, key: str) -> None:
        """Give the key back: the request was refused before anything left."""
        await IdempotencyKeys.delete().where(IdempotencyKeys.key == key)

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` keys opened before a moment; returns how many went."""
        gone = await IdempotencyKeys.raw(
            "DELETE FROM idempotency_keys WHERE key IN"
            " (SELECT key FROM idempotency_keys WHERE created_at < {} LIMIT {}) RETURNING key",
            to_ms(before),
            limit,
        )
        return len(gone)
