"""Where sessions have stood, newest first, and what can be counted in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from gateway.domain.histories import StateChange, StateSummary
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import SessionStateKind
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Instances, StateChanges
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_COLUMNS = (
    "tenant_id",
    "instance_id",
    "state",
    "code",
    "sentence",
    "is_error",
    "login_mask",
    "login_expires_at",
    "created_at",
)


class Kept(Enum):
    """Which changes are meant."""

    ALL = "all"
    LOGINS = "logins"
    """Those that showed somebody a code."""
    ERRORS = "errors"
    """Errors that nobody has cleared."""


class StateStore:
    """Changes of state, by instance."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def add(self, changes: Sequence[StateChange]) -> None:
        """Write changes, in the caller's transaction if there is one."""
        rows = [
            (
                each.tenant_id,
                each.instance_id,
                each.state.value,
                each.code[:64],
                each.sentence,
                each.is_error,
                each.login_mask,
                None if each.login_expires_at is None else to_ms(each.login_expires_at),
                to_ms(each.at),
            )
            for each in changes
        ]
        await insert_rows(self._engine, "state_changes", _COLUMNS, rows)

    async def page(
        self, who: Principal, instance_id: InstanceId, *, limit: int, which: Kept = Kept.ALL
    ) -> list[StateChange]:
        """The last changes of an instance, newest first."""
        query = scope.within(StateChanges.select().where(StateChanges.instance_id == instance_id), who)
        if which is Kept.LOGINS:
            query = query.where(StateChanges.login_mask.is_not_null())
        elif which is Kept.ERRORS:
            query = query.where(
                StateChanges.is_error.eq(value=True), StateChanges.id > await self._cleared(instance_id)
            )
        return [_to_change(row) for row in await query.order_by(StateChanges.id, ascending=False).limit(limit)]

    async def clear_errors(self, who: Principal, instance_id: InstanceId) -> None:
        """No longer show the errors there are by now."""
        query = scope.within(StateChanges.select(StateChanges.id).where(StateChanges.instance_id == instance_id), who)
        newest = await query.order_by(StateChanges.id, ascending=False).first()
        if newest is not None:
            update = Instances.update({Instances.errors_seen: newest["id"]}).where(Instances.id == instance_id)
            await scope.within(update, who)

    async def summary(self, who: Principal, instance_id: InstanceId) -> StateSummary:
        """What can be counted in the states of one instance."""
        theirs = scope.predicate(who, StateChanges, "s")
        rows = await StateChanges.raw(
            "SELECT s.state, COUNT(*) AS n, MAX(s.id) AS last, MAX(s.created_at) AS last_at FROM state_changes s"
            " WHERE {} AND s.instance_id = {} GROUP BY s.state",
            theirs,
            instance_id,
        )
        by_state = {row["state"]: row for row in rows}
        started, connected = by_state.get("starting", {}), by_state.get("connected", {})
        cleared = await self._cleared(instance_id)
        counted = await StateChanges.raw(
            "SELECT COUNT(*) AS errors, COALESCE(SUM(CASE WHEN s.id > {} THEN 1 ELSE 0 END), 0) AS in_a_row"
            " FROM state_changes s WHERE {} AND s.instance_id = {} AND s.is_error = {} AND s.id > {}",
            connected.get("last", 0),
            theirs,
            instance_id,
            True,
            cleared,
        )
        return StateSummary(
            starts=int(started.get("n", 0)),
            last_start_at=maybe_from_ms(started.get("last_at")),
            login_at=maybe_from_ms(by_state.get("login_required", {}).get("last_at")),
            connected_at=maybe_from_ms(connected.get("last_at")),
            errors=int(counted[0]["errors"]),
            errors_in_a_row=int(counted[0]["in_a_row"]),
        )

    async def errors_by_instance(self, who: Principal) -> dict[InstanceId, int]:
        """How many errors nobody has cleared, of every instance within reach that has some."""
        rows = await StateChanges.raw(
            "SELECT s.instance_id, COUNT(*) AS n FROM state_changes s JOIN instances i ON i.id = s.instance_id"
            " WHERE {} AND s.is_error = {} AND s.id > i.errors_seen GROUP BY s.instance_id",
            scope.predicate(who, StateChanges, "s"),
            True,
        )
        return {InstanceId(row["instance_id"]): int(row["n"]) for row in rows}

    async def last_by_instance(self, who: Principal, state: SessionStateKind) -> dict[InstanceId, datetime]:
        """When each instance within reach last came to stand there."""
        rows = await StateChanges.raw(
            "SELECT s.instance_id, MAX(s.created_at) AS at FROM state_changes s"
            " WHERE {} AND s.state = {} GROUP BY s.instance_id",
            scope.predicate(who, StateChanges, "s"),
            state.value,
        )
        return {InstanceId(row["instance_id"]): from_ms(row["at"]) for row in rows}

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` changes from before a moment; returns how many went."""
        gone = await StateChanges.raw(
            "DELETE FROM state_changes WHERE id IN (SELECT id FROM state_changes WHERE created_at < {} LIMIT {})"
            " RETURNING id",
            to_ms(before),
            limit,
        )
        return len(gone)

    async def _cleared(self, instance_id: InstanceId) -> int:
        row = await Instances.select(Instances.errors_seen).where(Instances.id == instance_id).first()
        return int(row["errors_seen"]) if row else 0


def _to_change(row: dict[str, Any]) -> StateChange:
    return StateChange(
        tenant_id=TenantId(row["tenant_id"]),
        instance_id=InstanceId(row["instance_id"]),
        state=SessionStateKind(row["state"]),
        code=row["code"],
        sentence=row["sentence"],
        at=from_ms(row["created_at"]),
        is_error=bool(row["is_error"]),
        login_mask=row["login_mask"],
        login_expires_at=maybe_from_ms(row["login_expires_at"]),
    )
