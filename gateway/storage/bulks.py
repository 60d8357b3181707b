"""Bulks and their recipients: what is asked for, and each step of it committed before and after it is taken.

One runner takes the steps of a bulk, one after the other. Whoever cancels it may come in between at any time: both
change the bulk's row first and its recipients after that, so that on PostgreSQL neither waits for the other in a ring.
Every step is a transaction, because during a switch of the database a transaction waits and a single write is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from piccolo.query.functions.aggregate import Count

from gateway.domain.bulks import (
    ABORTED,
    CANCELLED,
    Bulk,
    BulkProgress,
    BulkRecipient,
    BulkSend,
    BulkState,
    FailureStrategy,
    SendState,
)
from gateway.domain.ids import BulkId, InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Bulks, BulkSends
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_BULK_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "state",
    "message",
    "variables",
    "delay_ms",
    "strategy",
    "attempts",
    "total",
    "created_at",
)
_SEND_COLUMNS = (
    "tenant_id",
    "instance_id",
    "bulk_id",
    "place",
    "recipient",
    "name",
    "custom_message",
    "state",
    "attempts",
)


class BulkStore:
    """Bulks by instance."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    # -- on somebody's behalf ----------------------------------------------------------------------------------------

    async def create(self, bulk: Bulk, recipients: Sequence[BulkRecipient]) -> None:
        """Keep a new bulk, whole or not at all."""
        row = (
            bulk.id,
            bulk.tenant_id,
            bulk.instance_id,
            bulk.state.value,
            bulk.message,
            msgspec.json.encode(dict(bulk.variables)).decode(),
            bulk.delay_ms,
            bulk.strategy.value,
            bulk.attempts,
            bulk.total,
            to_ms(bulk.created_at),
        )
        sends = [
            (
                bulk.tenant_id,
                bulk.instance_id,
                bulk.id,
                place,
                each.to,
                each.name,
                each.custom_message,
                SendState.WAITING.value,
                0,
            )
            for place, each in enumerate(recipients)
        ]
        async with self._engine.transaction():
            await insert_rows(self._engine, "bulks", _BULK_COLUMNS, [row])
            await insert_rows(self._engine, "bulk_sends", _SEND_COLUMNS, sends)

    async def progress(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId) -> BulkProgress:
        """A bulk of this instance with its recipients, in order. Raises NotFound."""
        bulk = await self._within(who, instance_id, bulk_id)
        query = scope.within(BulkSends.select().where(BulkSends.bulk_id == bulk_id), who)
        return BulkProgress.of(bulk, [_to_send(row) for row in await query.order_by(BulkSends.place)])

    async def page(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[BulkProgress], int]:
        """The bulks of an instance, newest first and without their recipients, and how many there are in all."""
        total = await scope.within(Bulks.count().where(Bulks.instance_id == instance_id), who)
        query = scope.within(Bulks.select().where(Bulks.instance_id == instance_id), who)
        rows = (
            await query.order_by(Bulks.created_at, ascending=False)
            .order_by(Bulks.id, ascending=False)
            .limit(limit)
            .offset(skip)
        )
        bulks = [_to_bulk(row) for row in rows]
        counts: dict[BulkId, dict[SendState, int]] = {each.id: {} for each in bulks}
        if bulks:
            found = scope.within(
                BulkSends.select(BulkSends.bulk_id, BulkSends.state, Count(alias="n")).where(
                    BulkSends.bulk_id.is_in([each.id for each in bulks])
                ),
                who,
            )
            for row in await found.group_by(BulkSends.bulk_id, BulkSends.state):
                counts[BulkId(row["bulk_id"])][SendState(row["state"])] = int(row["n"])
        return [BulkProgress(bulk=each, counts=counts[each.id]) for each in bulks], int(total)

    async def cancel(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId, now: datetime) -> bool:
        """Send to nobody else. False when it was over before. Raises NotFound."""
        async with self._engine.transaction():
            await self._within(who, instance_id, bulk_id)
            return await self._end(bulk_id, BulkState.CANCELLED, CANCELLED, now)

    # -- for the runner, on behalf of nobody -------------------------------------------------------------------------

    async def find(self, bulk_id: BulkId) -> Bulk | None:
        """One bulk."""
        row = await Bulks.select().where(Bulks.id == bulk_id).first()
        return _to_bulk(row) if row else None

    async def unfinished(self) -> list[tuple[InstanceId, BulkId]]:
        """Those that are to go on, in the order in which they were asked for."""
        query = Bulks.select(Bulks.instance_id, Bulks.id).where(Bulks.finished_at.is_null())
        rows = await query.order_by(Bulks.created_at).order_by(Bulks.id)
        return [(InstanceId(row["instance_id"]), BulkId(row["id"])) for row in rows]

    async def under_way(self) -> list[BulkSend]:
        """Sends that nobody has recorded the end of. At the start those are what the last process left."""
        rows = await BulkSends.select().where(BulkSends.state == SendState.SENDING.value).order_by(BulkSends.id)
        return [_to_send(row) for row in rows]

    async def take(self, bulk_id: BulkId, now: datetime) -> BulkSend | None:
        """The next recipient, of whom it is now committed that a message may leave; None when nobody waits.

        One that stands there already was taken by a commit whose answer got lost: it is the next one again.
        """
        async with self._engine.transaction():
            await Bulks.update({Bulks.started_at: to_ms(now)}).where(
                Bulks.id == bulk_id, Bulks.started_at.is_null(), Bulks.finished_at.is_null()
            )
            row = await BulkSends.select().where(_of(bulk_id, SendState.SENDING)).first()
            if row is not None:
                return _to_send(row)
            bulk = await Bulks.select(Bulks.state).where(Bulks.id == bulk_id).first()
            if bulk is None or bulk["state"] != BulkState.PROCESSING.value:
                await self._skip(bulk_id, CANCELLED, now)  # one that was put back while somebody cancelled
                return None
            waiting = BulkSends.select(BulkSends.id).where(_of(bulk_id, SendState.WAITING))
            while (row := await waiting.order_by(BulkSends.place).first()) is not None:
                taken = await BulkSends.raw(
                    "UPDATE bulk_sends SET state = {}, attempts = attempts + 1, changed_at = {}"
                    " WHERE id = {} AND state = {} RETURNING *",
                    SendState.SENDING.value,
                    to_ms(now),
                    row["id"],
                    SendState.WAITING.value,
                )
                if taken:  # else somebody cancelled it at this moment
                    return _to_send(taken[0])
            return None

    async def settle(self, send: BulkSend, *, abort_at: datetime | None = None) -> None:
        """Keep what became of one recipient; `waiting` is to be tried again. `abort_at`: and send to nobody else."""
        async with self._engine.transaction():
            values: dict[Any, Any] = {
                BulkSends.state: send.state.value,
                BulkSends.attempts: send.attempts,
                BulkSends.message_id: send.message_id,
                BulkSends.error: send.error,
                BulkSends.changed_at: None if send.at is None else to_ms(send.at),
            }
            await BulkSends.update(values).where(_of(send.bulk_id, SendState.SENDING), BulkSends.place == send.place)
            if abort_at is not None:
                await self._end(send.bulk_id, BulkState.ABORTED, ABORTED, abort_at)

    async def finish(self, bulk_id: BulkId, now: datetime) -> None:
        """Say that it is over: everybody had their turn, or it was cancelled."""
        async with self._engine.transaction():
            await Bulks.raw(
                "UPDATE bulks SET state = CASE WHEN state = {} THEN {} ELSE {} END, finished_at = {}"
                " WHERE id = {} AND finished_at IS NULL",
                BulkState.CANCELLING.value,
                BulkState.CANCELLED.value,
                BulkState.COMPLETED.value,
                to_ms(now),
                bulk_id,
            )

    async def count_unfinished(self, instance_id: InstanceId | None = None) -> int:
        """How many are not over, of one instance or of all."""
        query = Bulks.count().where(Bulks.finished_at.is_null())
        return int(await (query if instance_id is None else query.where(Bulks.instance_id == instance_id)))

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` bulks that were over before a moment; returns how many went."""
        gone = await Bulks.raw(
            "DELETE FROM bulks WHERE id IN (SELECT id FROM bulks WHERE finished_at < {} LIMIT {}) RETURNING id",
            to_ms(before),
            limit,
        )
        return len(gone)

    # -- beneath -----------------------------------------------------------------------------------------------------

    async def _within(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId) -> Bulk:
        query = scope.within(Bulks.select().where(Bulks.id == bulk_id, Bulks.instance_id == instance_id), who)
        row = await query.first()
        if row is None:
            raise scope.missing("Bulk", bulk_id)
        return _to_bulk(row)

    async def _end(self, bulk_id: BulkId, state: BulkState, why: str, now: datetime) -> bool:
        touched = await Bulks.raw(
            "UPDATE bulks SET state = state WHERE id = {} AND finished_at IS NULL RETURNING id", bulk_id
        )
        if not touched:
            return False
        await self._skip(bulk_id, why, now)
        if await BulkSends.exists().where(_of(bulk_id, SendState.SENDING)):
            await Bulks.update({Bulks.state: BulkState.CANCELLING.value}).where(Bulks.id == bulk_id)
        else:
            await Bulks.update({Bulks.state: state.value, Bulks.finished_at: to_ms(now)}).where(Bulks.id == bulk_id)
        return True

    async def _skip(self, bulk_id: BulkId, why: str, now: datetime) -> None:
        await BulkSends.update(
            {
                BulkSends.state: SendState.SKIPPED.value,
                BulkSends.error: why,
                BulkSends.changed_at: to_ms(now),
            }
        ).where(_of(bulk_id, SendState.WAITING))


def _of(bulk_id: BulkId, state: SendState) -> Any:
    return (BulkSends.bulk_id == bulk_id) & (BulkSends.state == state.value)


def _to_bulk(row: dict[str, Any]) -> Bulk:
    return Bulk(
        id=BulkId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        instance_id=InstanceId(row["instance_id"]),
        state=BulkState(row["state"]),
        message=row["message"],
        variables=msgspec.json.decode(row["variables"], type=dict[str, str]),
        delay_ms=row["delay_ms"],
        strategy=FailureStrategy(row["strategy"]),
        attempts=row["attempts"],
        total=row["total"],
        created_at=from_ms(row["created_at"]),
        started_at=maybe_from_ms(row["started_at"]),
        finished_at=maybe_from_ms(row["finished_at"]),
    )


def _to_send(row: dict[str, Any]) -> BulkSend:
    return BulkSend(
        bulk_id=BulkId(row["bulk_id"]),
        place=row["place"],
        recipient=BulkRecipient(to=row["recipient"], name=row["name"], custom_message=row["custom_message"]),
        state=SendState(row["state"]),
        attempts=row["attempts"],
        message_id=row["message_id"],
        error=row["error"],
        at=maybe_from_ms(row["changed_at"]),
    )
