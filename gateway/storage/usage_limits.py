"""Usage limits by owner. All of them are kept in memory: there are few, and every send asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from gateway.domain.ids import TenantId
from gateway.domain.instances import Instance
from gateway.domain.usage_limits import EVERYBODY, LimitOwner, UsageLimits
from gateway.kit.tally import Tally
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import UsageLimits as Rows

FRESH_SECONDS = 5.0
"""How long they are believed: the command line may change them beside a running gateway."""

_COLUMNS = ("key", "tenant_id", "user_id", "instance_id", "limits", "updated_at")
_PUT = "ON CONFLICT (key) DO UPDATE SET limits = excluded.limits, updated_at = excluded.updated_at"


class UsageLimitStore:
    """Whoever asks has checked that the owner is within the caller's reach."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self._known: Mapping[str, UsageLimits] | None = None
        self._known_at = datetime.min.replace(tzinfo=UTC)
        self.tally = Tally()
        """How often they were remembered."""

    async def get(self, owner: LimitOwner) -> UsageLimits | None:
        """An owner's own limits, read now."""
        row = await Rows.select(Rows.limits).where(Rows.key == owner.key).first()
        return _decoded(row["limits"]) if row else None

    async def put(self, owner: LimitOwner, tenant_id: TenantId | None, limits: UsageLimits, now: datetime) -> None:
        """Set an owner's limits."""
        body = msgspec.json.encode(limits).decode()
        row = (owner.key, tenant_id, owner.user_id, owner.instance_id, body, now)
        await insert_rows(self._engine, "usage_limits", _COLUMNS, [row], suffix=_PUT)
        self._known = None

    async def remove(self, owner: LimitOwner) -> bool:
        """Take them away; whether there were any."""
        gone = await Rows.delete().where(Rows.key == owner.key).returning(Rows.key)
        self._known = None
        return bool(gone)

    async def effective(self, instance: Instance, now: datetime) -> tuple[LimitOwner, UsageLimits] | None:
        """The limits that hold for an instance: its own, else its user's, else everybody's; None when there is none."""
        known = await self._all(now)
        if not known:
            return None
        for owner in (LimitOwner(instance_id=instance.id), LimitOwner(user_id=instance.user_id), EVERYBODY):
            limits = known.get(owner.key)
            if limits is not None:
                return None if limits.is_empty else (owner, limits)
        return None

    @property
    def remembered(self) -> int:
        """How many are remembered."""
        return len(self._known or ())

    def forget_all(self) -> None:
        """Read them anew."""
        self._known = None

    async def _all(self, now: datetime) -> Mapping[str, UsageLimits]:
        if self._known is not None and abs((now - self._known_at).total_seconds()) <= FRESH_SECONDS:
            self.tally.hits += 1
        else:
            self.tally.misses += 1
            self._known = {row["key"]: _decoded(row["limits"]) for row in await Rows.select(Rows.key, Rows.limits)}
            self._known_at = now
        return self._known


def _decoded(text: str) -> UsageLimits:
    return msgspec.json.decode(text, type=UsageLimits)
