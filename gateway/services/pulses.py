"""Pulses: whether a session's connection answers, asked of the network now and not read from a state."""

from __future__ import annotations

import asyncio
from datetime import datetime

from msgspec import Struct

from gateway.domain.errors import GatewayError, NetworkRefused
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.providers.contract import Pings
from gateway.services.instances import Instances
from gateway.sessions.registry import Registry

PATIENCE = 5.0
"""Seconds a connection has to answer."""


class Pulse(Struct, frozen=True, kw_only=True):
    """What came of asking. `latency` in seconds; `reason` is `no_socket` or `ping_failed` where nothing did."""

    alive: bool
    latency: float | None = None
    reason: str | None = None
    error: str | None = None
    refusal: str | None = None
    """What the network said no with: it answered, and may no longer accept the instance."""


class Pulses:
    """Asks."""

    def __init__(self, instances: Instances, sessions: Registry, clock: Clock) -> None:
        self._instances = instances
        self._sessions = sessions
        self._clock = clock
        self._taken: dict[InstanceId, tuple[int, datetime]] = {}

    def taken(self, instance_id: InstanceId) -> tuple[int, datetime | None]:
        """How often this process took one instance's pulse, and when last."""
        return self._taken.get(instance_id, (0, None))

    async def take(self, who: Principal, instance_id: InstanceId) -> tuple[Instance, Pulse]:
        """The instance and its pulse. Raises NotFound, NotYours; a connection that is dead is an answer."""
        instance = await self._instances.get(who, instance_id)
        return instance, await self.of(instance_id)

    async def of(self, instance_id: InstanceId) -> Pulse:
        """The pulse of one session, on behalf of nobody.

        A session whose network has nothing to ask is alive as long as messages flow: each of its calls is a
        connection of its own.
        """
        self._taken[instance_id] = (self.taken(instance_id)[0] + 1, self._clock.now())
        session = self._sessions.find(instance_id)
        if session is None or not self._sessions.flows(instance_id):
            return Pulse(alive=False, reason="no_socket")
        if not isinstance(session, Pings):
            return Pulse(alive=True)
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                await session.ping()
        except NetworkRefused as refusal:
            return Pulse(alive=True, latency=self._clock.monotonic() - began, refusal=refusal.sentence)
        except GatewayError as error:
            return Pulse(alive=False, reason="ping_failed", error=error.sentence)
        except TimeoutError:
            return Pulse(alive=False, reason="ping_failed", error=f"No answer within {PATIENCE:.0f} s.")
        return Pulse(alive=True, latency=self._clock.monotonic() - began)
