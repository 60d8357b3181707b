"""The outbox: what is owed to endpoints, claimed, paid, or given up.

A delivery is `pending` (due at some time), `leased` (being tried by the process that owns the lease), `delivered`
or `dead`. A claim counts `attempt` up, and a completion is only taken from the owner of that very claim.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Self

import msgspec
from msgspec import Struct

from gateway.domain.events import AcceptedEvent, type_of
from gateway.domain.ids import DeliveryId, EndpointId, EventId, InstanceId, TenantId
from gateway.domain.webhooks import DeliveryState, Endpoint, Trigger
from gateway.storage.deliveries import DeliveryHistory
from gateway.storage.engine import AnyEngine
from gateway.storage.outbox_sql import LEASED_COLUMNS, claim_sql, complete_sql, due_sql, log_sql, next_due_sql
from gateway.storage.rows import insert_rows
from gateway.storage.templates import numbered_or_marked
from gateway.storage.times import to_ms

MOST_CLAIMS = 200
"""Endpoints in one claim. SQLite refuses more than 500 terms in a compound SELECT."""

_COLUMNS = (
    "tenant_id",
    "instance_id",
    "endpoint_id",
    "event_id",
    "event_type",
    "conversation",
    "payload",
    "state",
    "due",
    "created_at",
)


class NewDelivery(Struct, frozen=True, kw_only=True):
    """A delivery about to be owed. `created_at`, which is also when it is due, in milliseconds since 1970."""

    tenant_id: TenantId
    instance_id: InstanceId
    endpoint_id: EndpointId
    event_id: EventId
    event_type: str
    conversation: str
    payload: str
    created_at: int

    @classmethod
    def of(cls, accepted: AcceptedEvent, endpoint: Endpoint, payload: str) -> Self:
        """What is owed to `endpoint` for an event: these very bytes."""
        return cls(
            tenant_id=accepted.tenant_id,
            instance_id=accepted.event.instance_id,
            endpoint_id=endpoint.id,
            event_id=accepted.id,
            event_type=type_of(accepted.event),
            conversation=accepted.event.conversation,
            payload=payload,
            created_at=to_ms(accepted.created_at),
        )


class Claim(Struct, frozen=True):
    """How many deliveries of one endpoint are wanted. `strict` takes only the oldest open one of each conversation."""

    endpoint_id: EndpointId
    limit: int
    strict: bool = False


class Leased(Struct, frozen=True, kw_only=True):
    """A claimed delivery."""

    id: DeliveryId
    tenant_id: TenantId
    instance_id: InstanceId
    endpoint_id: EndpointId
    event_id: EventId
    payload: str
    trigger: Trigger
    attempt: int
    failures: int
    resume_state: DeliveryState | None
    resume_due: int | None
    created_at: int


class Spoiled(Struct, frozen=True):
    """A claimed delivery whose row makes no sense."""

    id: DeliveryId
    endpoint_id: EndpointId
    attempt: int


class Tried(Struct, frozen=True, kw_only=True):
    """One HTTP try, to be logged. Times are milliseconds since 1970, the duration milliseconds."""

    delivery_id: int
    number: int
    trigger: str
    started_at: int
    duration_ms: int
    address: str | None = None
    status: int | None = None
    response: str = ""
    error: str | None = None
    next_attempt_at: int | None = None


class Completion(Struct, frozen=True, kw_only=True):
    """How a claim ended. `attempt` names the claim; `due` matters while it stays pending."""

    id: DeliveryId
    attempt: int
    state: DeliveryState
    due: int
    failures: int
    finished_at: int | None = None
    last_status: int | None = None
    last_error: str | None = None


class OutboxStore:
    """Deliveries as the dispatcher sees them. `history` has them as people see them."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self.history = DeliveryHistory(engine)

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Claims and ends of tries commit together or not at all.

        Without waiting for the disk: what a power cut takes back of them is tried again, and nobody was promised less.
        """
        return self._engine.transaction(durable=False)

    async def insert_many(self, deliveries: Sequence[NewDelivery]) -> None:
        """Owe these, in order, in the caller's transaction."""
        rows = [
            (
                each.tenant_id,
                each.instance_id,
                each.endpoint_id,
                each.event_id,
                each.event_type,
                each.conversation,
                each.payload,
                "pending",
                each.created_at,
                each.created_at,
            )
            for each in deliveries
        ]
        await insert_rows(self._engine, "deliveries", _COLUMNS, rows)

    async def claim(
        self, claims: Sequence[Claim], *, owner: str, now: int, lease_until: int
    ) -> tuple[list[Leased], list[Spoiled]]:
        """Lease what is due, for several endpoints in one statement; oldest due first within each endpoint."""
        leased: list[Leased] = []
        spoiled: list[Spoiled] = []
        for start in range(0, len(claims), MOST_CLAIMS):
            part = sorted(claims[start : start + MOST_CLAIMS], key=lambda each: each.strict)
            sql = claim_sql(self._engine.kind, sum(not each.strict for each in part), sum(each.strict for each in part))
            args: list[Any] = [owner, lease_until]
            for each in part:
                args += (each.endpoint_id, now, each.limit)
            for row in await self._engine.execute(sql, args):
                try:
                    leased.append(_to_leased(row))
                except (ValueError, TypeError):
                    spoiled.append(Spoiled(row["id"], row["endpoint_id"], row["attempt"]))
        leased.sort(key=lambda each: each.id)
        return leased, spoiled

    async def candidates(self, claim: Claim, *, now: int) -> list[DeliveryId]:
        """The ids a claim would take, without reading the rest of their rows."""
        sql = f"SELECT c.id FROM ({due_sql(claim.strict)}) AS c"  # noqa: S608 - no value is in the text
        rows = await self._run(sql, claim.endpoint_id, now, claim.limit)
        return [DeliveryId(row["id"]) for row in rows]

    async def claim_one(
        self, delivery_id: DeliveryId, *, owner: str, lease_until: int
    ) -> tuple[list[Leased], list[Spoiled]]:
        """Lease this one, if it is still pending."""
        rows = await self._run(
            f"""UPDATE deliveries SET state = 'leased', owner = {{}}, lease_until = {{}}, attempt = attempt + 1
             WHERE state = 'pending' AND id = {{}} RETURNING {LEASED_COLUMNS}""",  # noqa: S608 - no value is in the text
            owner,
            lease_until,
            delivery_id,
        )
        try:
            return [_to_leased(row) for row in rows], []
        except (ValueError, TypeError):
            return [], [Spoiled(row["id"], row["endpoint_id"], row["attempt"]) for row in rows]

    async def complete(
        self, completions: Sequence[Completion], tries: Sequence[Tried], *, owner: str
    ) -> set[DeliveryId]:
        """Write how claims ended, and log their tries. Returns whose claim was still valid; the rest is discarded."""
        if not completions:
            return set()
        rows = await self._run(complete_sql(self._engine.kind), _json(completions), owner)
        taken = {DeliveryId(row["id"]) for row in rows}
        kept = [each for each in tries if each.delivery_id in taken]
        if kept:
            log = numbered_or_marked(log_sql(self._engine.kind), self._engine.kind)
            await self._engine.write(log, [_json(kept)])
        return taken

    async def release(self, claimed: Collection[tuple[DeliveryId, int]], *, owner: str) -> None:
        """Give claims back untried, by (id, attempt): pending and due as before."""
        for delivery_id, attempt in claimed:
            await self._run(
                "UPDATE deliveries SET state = 'pending', owner = NULL, lease_until = 0"
                " WHERE id = {} AND attempt = {} AND owner = {} AND state = 'leased'",
                delivery_id,
                attempt,
                owner,
            )

    async def reclaim_from_others(self, *, owner: str) -> int:
        """At boot: what other processes leased is pending again. They are dead, as one process owns the database."""
        rows = await self._run(
            "UPDATE deliveries SET state = 'pending', owner = NULL, lease_until = 0"
            " WHERE state = 'leased' AND (owner IS NULL OR owner <> {}) RETURNING id",
            owner,
        )
        return len(rows)

    async def reclaim_orphans(self, *, except_ids: Collection[DeliveryId]) -> int:
        """Leases nobody works on, though their time is not over: a claim whose commit we never heard of.

        Call it from the task that claims, with what it knows to be in flight.
        """
        rows = await self._run("SELECT id FROM deliveries WHERE state = 'leased'")
        lost = [row["id"] for row in rows if row["id"] not in except_ids]
        for delivery_id in lost:
            await self._run(
                "UPDATE deliveries SET state = 'pending', owner = NULL, lease_until = 0"
                " WHERE id = {} AND state = 'leased'",
                delivery_id,
            )
        return len(lost)

    async def bury(self, delivery_id: DeliveryId, reason: str, *, now: int) -> None:
        """Make a delivery dead without reading it."""
        await self._run(
            "UPDATE deliveries SET state = 'dead', owner = NULL, lease_until = 0, finished_at = {}, last_error = {}"
            " WHERE id = {} AND state IN ('pending', 'leased')",
            now,
            reason,
            delivery_id,
        )

    async def earliest_due(self) -> dict[EndpointId, int]:
        """When each enabled endpoint has something due first. One index lookup an endpoint, whatever is pending."""
        rows = await self._run(
            "SELECT e.id AS id, (SELECT d.due FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending'"
            " ORDER BY d.due LIMIT 1) AS due FROM endpoints e WHERE e.enabled = {}",
            True,
        )
        return {EndpointId(row["id"]): row["due"] for row in rows if isinstance(row["due"], int)}

    async def next_due(self, endpoint_ids: Sequence[EndpointId], *, after: int) -> dict[EndpointId, int]:
        """When each of these endpoints has something due next, later than `after`."""
        found: dict[EndpointId, int] = {}
        for start in range(0, len(endpoint_ids), MOST_CLAIMS):
            part = endpoint_ids[start : start + MOST_CLAIMS]
            terms = next_due_sql(len(part))
            args = [value for endpoint_id in part for value in (endpoint_id, after)]
            for row in await self._run(terms, *args):
                if isinstance(row["due"], int):
                    found[EndpointId(row["endpoint_id"])] = row["due"]
        return found

    async def counts(self) -> dict[DeliveryState, int]:
        """How many deliveries are pending, leased and dead. The delivered ones are too many to count."""
        rows = await self._run(
            "SELECT 'pending' AS state, COUNT(*) AS n FROM deliveries WHERE state = 'pending'"
            " UNION ALL SELECT 'leased', COUNT(*) FROM deliveries WHERE state = 'leased'"
            " UNION ALL SELECT 'dead', COUNT(*) FROM deliveries WHERE state = 'dead' AND finished_at IS NOT NULL"
        )
        return {DeliveryState(row["state"]): row["n"] for row in rows}

    async def prune_delivered(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` deliveries that were made before a moment, with their tries; returns how many went."""
        return await self._prune("delivered", before, limit)

    async def prune_dead(self, before: datetime, limit: int) -> int:
        """The same for those that were given up."""
        return await self._prune("dead", before, limit)

    async def prune_attempts(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` logged tries older than a moment; their deliveries stay."""
        rows = await self._run(
            "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE started_at < {} LIMIT {}) RETURNING id",
            to_ms(before),
            limit,
        )
        return len(rows)

    async def _prune(self, state: str, before: datetime, limit: int) -> int:
        rows = await self._run(
            f"DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE state = '{state}'"  # noqa: S608 - one of two words of ours
            " AND finished_at IS NOT NULL AND finished_at < {} ORDER BY finished_at LIMIT {}) RETURNING id",
            to_ms(before),
            limit,
        )
        return len(rows)

    async def _run(self, template: str, *args: Any) -> Sequence[Any]:
        return await self._engine.execute(numbered_or_marked(template, self._engine.kind), args)


def _json(rows: Sequence[Struct]) -> str:
    return msgspec.json.encode(rows).decode()


def _to_leased(row: Any) -> Leased:
    if not isinstance(row["payload"], str):
        raise TypeError("the payload is no text")
    return Leased(
        id=DeliveryId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        instance_id=InstanceId(row["instance_id"]),
        endpoint_id=EndpointId(row["endpoint_id"]),
        event_id=EventId(row["event_id"]),
        payload=row["payload"],
        trigger=Trigger(row["trigger"]),
        attempt=row["attempt"],
        failures=row["failures"],
        resume_state=None if row["resume_state"] is None else DeliveryState(row["resume_state"]),
        resume_due=row["resume_due"],
        created_at=row["created_at"],
    )
