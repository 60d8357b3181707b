"""Whether an instance fetches what arrives at its network, or leaves it there and only sends."""

from __future__ import annotations

from msgspec import Struct, structs

from gateway.domain.errors import Unsupported
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.providers.contract import PausesReceiving
from gateway.services.instances import InstanceChange, Instances
from gateway.services.processing import Processing
from gateway.sessions.registry import Registry


class Reception(Struct, frozen=True, kw_only=True):
    """Whether what arrives is fetched right now, and why not."""

    active: bool
    sentence: str


class Receiving:
    """The switch of an instance; it stays where it was put over restarts."""

    def __init__(self, instances: Instances, processing: Processing, sessions: Registry) -> None:
        self._instances = instances
        self._processing = processing
        self._sessions = sessions

    async def of(self, who: Principal, instance_id: InstanceId) -> Reception:
        """Where it stands now. Raises NotFound, NotYours."""
        instance = await self._instances.get(who, instance_id)
        if not instance.options.receives:
            return Reception(active=False, sentence="Polling is stopped: updates wait at the network.")
        if not instance.flows:
            return Reception(active=False, sentence=f"Not connected: {instance.state.sentence}")
        session = self._sessions.find(instance_id)
        if session is not None and isinstance(session, PausesReceiving) and session.receives():
            return Reception(active=True, sentence="Polling: updates are received.")
        return Reception(active=False, sentence="Not polling: the network brings its updates by itself.")

    async def start(self, who: Principal, instance_id: InstanceId) -> Reception:
        """Fetch what arrives, and run the session if it does not. Says how it stands then: a session that has just been
        started may not be connected yet.

        Raises Unsupported, Conflict when the network brings its updates by itself.
        """
        await self._switch(who, instance_id, on=True)
        await self._processing.reconcile(who, instance_id)
        return await self.of(who, instance_id)

    async def stop(self, who: Principal, instance_id: InstanceId) -> Reception:
        """Leave what arrives at the network; sending goes on. Raises as `start` does."""
        await self._switch(who, instance_id, on=False)
        return await self.of(who, instance_id)

    async def _switch(self, who: Principal, instance_id: InstanceId, *, on: bool) -> None:
        instance = await self._instances.get(who, instance_id)
        session = self._sessions.find(instance_id)
        if session is not None:
            if not isinstance(session, PausesReceiving):
                raise Unsupported("This provider does not poll.")
            await session.set_receiving(on)
        if instance.options.receives != on:
            options = structs.replace(instance.options, receives=on)
            await self._instances.update(who, instance_id, InstanceChange(options=options))
