"""What instances have been through: their states, login codes, keys and errors. Every history survives a restart."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.histories import KeyRecord, StateChange
from gateway.domain.ids import InstanceId
from gateway.domain.instances import JournalLine
from gateway.domain.tenants import Principal
from gateway.services.instances import Instances
from gateway.services.key_usage import KeyUsage
from gateway.storage.states import Kept
from gateway.storage.storage import Storage


class Histories:
    """Reads them for a caller, newest first. Everything raises NotFound and NotYours."""

    def __init__(self, storage: Storage, instances: Instances, keys: KeyUsage) -> None:
        self._storage = storage
        self._instances = instances
        self._keys = keys

    async def states(self, who: Principal, instance_id: InstanceId, *, limit: int) -> Sequence[StateChange]:
        """Where its session has stood."""
        await self._instances.get(who, instance_id)
        return await self._storage.states.page(who, instance_id, limit=limit)

    async def logins(self, who: Principal, instance_id: InstanceId, *, limit: int) -> Sequence[StateChange]:
        """The login codes that were shown, masked."""
        await self._instances.get(who, instance_id)
        return await self._storage.states.page(who, instance_id, limit=limit, which=Kept.LOGINS)

    async def keys(self, who: Principal, instance_id: InstanceId, *, limit: int) -> Sequence[KeyRecord]:
        """The keys it has had, masked."""
        return await self._keys.history(who, await self._instances.get(who, instance_id), limit=limit)

    async def key(self, who: Principal, instance_id: InstanceId) -> KeyRecord:
        """The key in use, masked."""
        return await self._keys.current(who, await self._instances.get(who, instance_id))

    async def errors(self, who: Principal, instance_id: InstanceId, *, limit: int) -> Sequence[StateChange]:
        """What went wrong since somebody last cleared the errors."""
        await self._instances.get(who, instance_id)
        return await self._storage.states.page(who, instance_id, limit=limit, which=Kept.ERRORS)

    async def clear_errors(self, who: Principal, instance_id: InstanceId) -> None:
        """No longer show the errors there are; the states stay in their own history."""
        await self._instances.get(who, instance_id)
        await self._storage.states.clear_errors(who, instance_id)

    async def lines(self, who: Principal, instance_id: InstanceId, *, limit: int) -> Sequence[JournalLine]:
        """The last lines of its log, oldest first: its states of all time, and what its session noted since the process
        began.
        """
        noted = [line for line in await self._instances.journal(who, instance_id) if line.state is None]
        changes = await self._storage.states.page(who, instance_id, limit=limit)
        told = [
            JournalLine(at=each.at, level="error" if each.is_error else "info", text=each.sentence, state=each.state)
            for each in changes
        ]
        return sorted([*told, *noted], key=lambda line: line.at)[-limit:]
