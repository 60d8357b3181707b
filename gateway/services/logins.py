"""Logging in at a network that links devices: codes to scan or type, and the start that makes them come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.domain.errors import Conflict, InvalidInput, Unsupported
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance, LoginCode, ProviderName, SessionStateKind
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.providers.contract import KeepsDevices, PairsByCode, Provider
from gateway.services.instances import Instances
from gateway.services.lifecycle import Lifecycle
from gateway.sessions.registry import Registry

OPENING: Final = 20.0
"""Seconds a request for a pairing code waits for its session to open."""

_LOOK_EVERY: Final = 0.1


class Logins:
    """What a person has to do before an instance is connected."""

    def __init__(
        self,
        instances: Instances,
        lifecycle: Lifecycle,
        sessions: Registry,
        providers: Mapping[ProviderName, Provider],
        clock: Clock,
    ) -> None:
        self._instances = instances
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._providers = providers
        self._clock = clock

    async def code(self, who: Principal, instance_id: InstanceId) -> LoginCode | None:
        """What a person has to scan or type right now; None when nothing."""
        await self._instances.get(who, instance_id)
        return self._sessions.login_code(instance_id)

    async def begin(self, who: Principal, instance_id: InstanceId) -> None:
        """Start the instance, when it stands still and its network links devices: somebody wants to log in.

        An instance's own key may not start what a person stopped.
        """
        instance = await self._instances.get(who, instance_id)
        if who.instance_id is None and instance.state.kind.is_final and self._links_devices(instance):
            await self._lifecycle.reconnect(who, instance_id)

    async def pairing_code(self, who: Principal, instance_id: InstanceId, phone: str) -> LoginCode:
        """The code to type on the phone with this number; starts the instance when it stands still.

        Raises Unsupported, InvalidInput for a number that cannot be, Conflict when it is logged in already or no
        session opened in time, NetworkRefused or NetworkUnreachable when the network gives none.
        """
        instance = await self._instances.get(who, instance_id)
        if not self._links_devices(instance):
            raise Unsupported("This provider does not log in by a pairing code.")
        if not any(character.isdigit() for character in phone):
            raise InvalidInput("A phone number with its country code is required.", field="phoneNumber")
        await self.begin(who, instance_id)
        deadline = self._clock.monotonic() + OPENING
        while self._is_opening(instance_id) and self._clock.monotonic() < deadline:
            await self._clock.sleep(_LOOK_EVERY)
        session = self._sessions.find(instance_id)
        if session is None:
            raise Conflict(f"Instance {instance_id} does not open right now; its status says why.")
        if not isinstance(session, PairsByCode):
            raise Unsupported("This provider does not log in by a pairing code.")
        return await session.request_pairing_code(phone)

    def _is_opening(self, instance_id: InstanceId) -> bool:
        state = self._sessions.state(instance_id)
        return state is not None and state.kind is SessionStateKind.STARTING

    def _links_devices(self, instance: Instance) -> bool:
        return isinstance(self._providers.get(instance.provider), KeepsDevices)
