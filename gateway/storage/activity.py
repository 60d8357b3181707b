"""Activity: what happened to an instance, for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.tenants import Principal
from gateway.domain.usage import Activity
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Activities
from gateway.storage.times import from_ms, to_ms

_COLUMNS = ("tenant_id", "instance_id", "user_id", "ip", "action", "details", "created_at")


class NewActivity(Struct, frozen=True, kw_only=True):
    """A line about to be written. `action` is `noun.verb_past`, as an event's type."""

    tenant_id: TenantId
    instance_id: InstanceId
    action: str
    at: datetime
    details: dict[str, Any] = {}
    user_id: UserId | None = None
    ip: str | None = None


class ActivityStore:
    """Lines of activity, newest first."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def add(self, lines: Sequence[NewActivity]) -> None:
        """Write lines, in the caller's transaction if there is one."""
        rows = [
            (
                line.tenant_id,
                line.instance_id,
                line.user_id,
                line.ip,
                line.action,
                msgspec.json.encode(line.details).decode(),
                to_ms(line.at),
            )
            for line in lines
        ]
        await insert_rows(self._engine, "activities", _COLUMNS, rows)

    async def page(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        actions: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
        skip: int,
    ) -> tuple[list[Activity], int]:
        """Lines newest first, and how many there are in all. Both ends inclusive."""
        conditions: list[Any] = [Activities.instance_id == instance_id]
        if actions:
            conditions.append(Activities.action.is_in(list(actions)))
        if since is not None:
            conditions.append(Activities.created_at >= to_ms(since))
        if until is not None:
            conditions.append(Activities.created_at <= to_ms(until))
        total = await scope.within(Activities.count().where(*conditions), who)
        rows = await (
            scope.within(Activities.select().where(*conditions), who)
            .order_by(Activities.id, ascending=False)
            .limit(limit)
            .offset(skip)
        )
        return [
            Activity(
                id=row["id"],
                instance_id=InstanceId(row["instance_id"]),
                action=row["action"],
                details=msgspec.json.decode(row["details"]),
                created_at=from_ms(row["created_at"]),
            )
            for row in rows
        ], total

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` lines written before a moment; returns how many went."""
        gone = await Activities.raw(
            "DELETE FROM activities WHERE id IN (SELECT id FROM activities WHERE created_at < {} LIMIT {})"
            " RETURNING id",
            to_ms(before),
            limit,
        )
        return len(gone)
