"""How often the key of an instance is shown, counted in memory and written now and then."""

from __future__ import annotations

from gateway.domain.histories import KeyRecord
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import CredentialKind, Principal
from gateway.kit.clock import Clock
from gateway.kit.masks import masked
from gateway.storage.instance_keys import KeyUses
from gateway.storage.storage import Storage

UNKNOWN = "gwi_…"
"""The mask of a secret key that an older version made: nothing of it was kept but its digest."""


class KeyUsage:
    """Counts, and reads the history of keys with what is not written yet."""

    def __init__(self, storage: Storage, clock: Clock, *, secret_keys: bool) -> None:
        self._storage = storage
        self._clock = clock
        self._secret_keys = secret_keys
        self._pending: dict[InstanceId, KeyUses] = {}

    def note(self, who: Principal) -> None:
        """A request was let in; costs no write now, and nothing for other credentials."""
        if who.credential is not CredentialKind.INSTANCE_KEY or who.instance_id is None:
            return
        now = self._clock.now()
        use = KeyUses(count=1, first=now, last=now)
        before = self._pending.get(who.instance_id)
        self._pending[who.instance_id] = use if before is None else before + use

    def forget(self, instance_id: InstanceId) -> None:
        """The key that was counted is gone, or about to be: count the next one from nothing."""
        self._pending.pop(instance_id, None)

    async def flush(self) -> int:
        """Write what was counted; returns of how many instances. What cannot be written stays counted."""
        pending, self._pending = self._pending, {}
        try:
            async with self._storage.transaction():
                for instance_id in pending:
                    instance = await self._storage.instances.find(instance_id)
                    if instance is not None:
                        mask = self._mask_of(instance)
                        await self._storage.instance_keys.ensure(
                            instance.tenant_id, instance_id, mask, instance.created_at
                        )
                await self._storage.instance_keys.used(pending)
        except BaseException:
            for instance_id, uses in pending.items():
                since = self._pending.get(instance_id)
                self._pending[instance_id] = uses if since is None else uses + since
            raise
        return len(pending)

    async def current(self, who: Principal, instance: Instance) -> KeyRecord:
        """The key in use."""
        return (await self.history(who, instance, limit=1))[0]

    async def history(self, who: Principal, instance: Instance, *, limit: int) -> list[KeyRecord]:
        """The keys an instance has had, newest first; at least the one in use."""
        if instance.id in self._pending:
            await self.flush()
        records = await self._storage.instance_keys.history(who, instance.id, limit=limit)
        return records or [KeyRecord(mask=self._mask_of(instance), created_at=instance.created_at)]

    def _mask_of(self, instance: Instance) -> str:
        return UNKNOWN if self._secret_keys else masked(instance.id)
