"""Bringing a session to where its instance's row wants it."""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.services.instances import Instances
from gateway.services.lifecycle import Lifecycle
from gateway.services.performance import Performance
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage


class Action(StrEnum):
    """What it took."""

    CREATE = "create"
    """It never ran before."""
    UPDATE = "update"
    """It ran with other credentials than are stored."""
    START = "start"
    RECREATE = "recreate"
    NO_CHANGE = "no_change"


class Processing:
    """Compares and acts."""

    def __init__(
        self, storage: Storage, instances: Instances, lifecycle: Lifecycle, sessions: Registry, performance: Performance
    ) -> None:
        self._performance = performance
        self._storage = storage
        self._instances = instances
        self._lifecycle = lifecycle
        self._sessions = sessions

    async def reconcile(self, who: Principal, instance_id: InstanceId, *, anew: bool = False) -> Action:
        """Start it if it does not run, anew if it runs with other credentials; `anew` forgets a linked device, too.

        Raises NotFound, NotYours, and Conflict (code `exported`) when it moved away.
        """
        with self._performance.measured():
            return await self._reconcile(who, instance_id, anew=anew)

    async def _reconcile(self, who: Principal, instance_id: InstanceId, *, anew: bool) -> Action:
        await self._instances.get(who, instance_id)
        if anew:
            await self._lifecycle.recreate(who, instance_id)
            return Action.RECREATE
        state = self._sessions.state(instance_id)
        if state is None or state.kind.is_final:
            ran_before = bool(await self._storage.states.page(who, instance_id, limit=1))
            await self._lifecycle.reconnect(who, instance_id)
            return Action.START if ran_before else Action.CREATE
        if self._sessions.runs_with(instance_id, await self._storage.instances.credentials(instance_id)):
            return Action.NO_CHANGE
        await self._lifecycle.reconnect(who, instance_id)
        return Action.UPDATE
