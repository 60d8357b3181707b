"""The keys instances have had, masked, and how often each was used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.histories import KeyRecord
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import InstanceKeys
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_COLUMNS = ("tenant_id", "instance_id", "mask", "uses", "created_at")


class KeyUses(Struct, frozen=True, kw_only=True):
    """How often a key was shown since the last time this was written."""

    count: int
    first: datetime
    last: datetime

    def __add__(self, other: KeyUses) -> KeyUses:
        return KeyUses(
            count=self.count + other.count, first=min(self.first, other.first), last=max(self.last, other.last)
        )


class InstanceKeyStore:
    """Keys by instance; the one that has not been retired is in use."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def begin(self, tenant_id: TenantId, instance_id: InstanceId, mask: str, now: datetime) -> None:
        """A key comes into use, and the one before it is retired; in the caller's transaction."""
        await InstanceKeys.update({InstanceKeys.retired_at: to_ms(now)}).where(
            InstanceKeys.instance_id == instance_id, InstanceKeys.retired_at.is_null()
        )
        rows = [(tenant_id, instance_id, mask, 0, to_ms(now))]
        await insert_rows(self._engine, "instance_keys", _COLUMNS, rows)

    async def ensure(self, tenant_id: TenantId, instance_id: InstanceId, mask: str, since: datetime) -> None:
        """Begin this key's record, unless one is in use: instances of older versions and imported ones have none."""
        in_use = InstanceKeys.exists().where(InstanceKeys.instance_id == instance_id, InstanceKeys.retired_at.is_null())
        if not await in_use:
            await self.begin(tenant_id, instance_id, mask, since)

    async def used(self, uses: Mapping[InstanceId, KeyUses]) -> None:
        """Add to the counts of the keys in use; an instance without one is left out. On behalf of nobody."""
        for instance_id, more in sorted(uses.items()):
            await InstanceKeys.raw(
                "UPDATE instance_keys SET uses = uses + {}, last_used_at = {},"
                " first_used_at = COALESCE(first_used_at, {}) WHERE instance_id = {} AND retired_at IS NULL",
                more.count,
                to_ms(more.last),
                to_ms(more.first),
                instance_id,
            )

    async def history(self, who: Principal, instance_id: InstanceId, *, limit: int) -> list[KeyRecord]:
        """The keys an instance has had, newest first."""
        query = scope.within(InstanceKeys.select().where(InstanceKeys.instance_id == instance_id), who)
        return [_to_record(row) for row in await query.order_by(InstanceKeys.id, ascending=False).limit(limit)]


def _to_record(row: dict[str, Any]) -> KeyRecord:
    return KeyRecord(
        mask=row["mask"],
        uses=int(row["uses"]),
        first_used_at=maybe_from_ms(row["first_used_at"]),
        last_used_at=maybe_from_ms(row["last_used_at"]),
        created_at=from_ms(row["created_at"]),
        retired_at=maybe_from_ms(row["retired_at"]),
    )
