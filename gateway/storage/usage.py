"""Usage by UTC day, added to and summed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.domain.usage import Counters, UsageDay
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import UsageDays

_NAMES = Counters.__struct_fields__
_COLUMNS = ("key", "tenant_id", "instance_id", "day", *_NAMES)
_ADD = "ON CONFLICT (key) DO UPDATE SET " + ", ".join(
    f"{name} = usage_days.{name} + excluded.{name}" for name in _NAMES
)

UsageKey = tuple[TenantId, InstanceId, date]


class UsageStore:
    """Counters of each instance on each day."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def add(self, counts: Mapping[UsageKey, Counters]) -> None:
        """Add to the days' counters, in the caller's transaction if there is one."""
        rows = [
            (
                f"{instance_id}|{day.isoformat()}",
                tenant_id,
                instance_id,
                day,
                *(getattr(counts[tenant_id, instance_id, day], name) for name in _NAMES),
            )
            for tenant_id, instance_id, day in sorted(counts)
        ]
        await insert_rows(self._engine, "usage_days", _COLUMNS, rows, suffix=_ADD)

    async def days(
        self, who: Principal, *, since: date | None, instance_id: InstanceId | None = None
    ) -> list[UsageDay]:
        """Days within reach from `since` on, oldest first."""
        query = scope.within(UsageDays.select(), who).order_by(UsageDays.day, UsageDays.instance_id)
        if since is not None:
            query = query.where(UsageDays.day >= since)
        if instance_id is not None:
            query = query.where(UsageDays.instance_id == instance_id)
        return [_to_day(row) for row in await query]


def _to_day(row: dict[str, Any]) -> UsageDay:
    return UsageDay(
        instance_id=InstanceId(row["instance_id"]),
        day=row["day"],
        counters=Counters(**{name: row[name] for name in _NAMES}),
    )
