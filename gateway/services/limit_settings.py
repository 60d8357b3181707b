"""Usage limits, set: by administrators, over HTTP and on the command line."""

from __future__ import annotations

from gateway.domain.errors import Forbidden, InvalidInput
from gateway.domain.ids import TenantId
from gateway.domain.tenants import Principal
from gateway.domain.usage_limits import COUNTERS, LONGEST_WINDOW_HOURS, LimitOwner, UsageLimits
from gateway.kit.clock import Clock
from gateway.storage.storage import Storage

GREATEST = 2**62


class LimitSettings:
    """Whose limits are which. A running gateway sees what another process set within five seconds."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def get(self, who: Principal, owner: LimitOwner) -> UsageLimits | None:
        """An owner's own limits; None when it has none. Raises Forbidden, NotFound."""
        await self._reach(who, owner)
        return await self._storage.usage_limits.get(owner)

    async def put(self, who: Principal, owner: LimitOwner, limits: UsageLimits) -> UsageLimits:
        """Set an owner's limits, whole. For administrators. Raises Forbidden, NotFound, InvalidInput naming a field."""
        tenant_id = await self._reach(who, owner, change=True)
        _check(limits)
        await self._storage.usage_limits.put(owner, tenant_id, limits, self._clock.now())
        return limits

    async def remove(self, who: Principal, owner: LimitOwner) -> None:
        """Take an owner's limits away, so that the next wider ones hold. For administrators. Repeatable."""
        await self._reach(who, owner, change=True)
        await self._storage.usage_limits.remove(owner)

    async def _reach(self, who: Principal, owner: LimitOwner, *, change: bool = False) -> TenantId | None:
        if owner.instance_id is not None:
            instance = await self._storage.instances.get(who, owner.instance_id)
            tenant_id: TenantId | None = instance.tenant_id
        elif not who.is_admin:
            raise Forbidden("Access denied")
        else:
            tenant_id = None
            if owner.user_id is not None:
                tenant_id = (await self._storage.users.get(who, owner.user_id)).tenant_id
        if change and not who.is_admin:
            raise Forbidden("Access denied")
        return tenant_id


def _check(limits: UsageLimits) -> None:
    for name in COUNTERS:
        value = getattr(limits, name)
        if value is not None and not 0 <= value <= GREATEST:
            raise InvalidInput(f"{name} must be 0 or more; 0 is no limit", field=name)
    if not 1 <= limits.window_hours <= LONGEST_WINDOW_HOURS:
        raise InvalidInput(f"window_hours must be from 1 to {LONGEST_WINDOW_HOURS}", field="window_hours")
