"""Looks after sessions that believe they are well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.domain.errors import GatewayError
from gateway.domain.instances import Instance
from gateway.domain.usage_limits import LIMIT_EXCEEDED
from gateway.kit.log import get_logger
from gateway.kit.secrets import SealError
from gateway.services.pulses import Pulses
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)

ASKED_AT_ONCE = 20
"""Sessions that are asked for a sign of life at the same time."""


class Caretaker:
    """Asks every session, not its state. One that cannot be helped harms no other."""

    def __init__(self, storage: Storage, sessions: Registry, pulses: Pulses) -> None:
        self._storage = storage
        self._sessions = sessions
        self._pulses = pulses

    async def check_sockets(self) -> int:
        """Open those anew whose network gives no sign of life, and those that should run and do not.

        Returns how many. A session that is opening, or waits to be opened again, is left to itself.
        """
        return await self._of_all(self._mend)

    async def check_authorizations(self) -> int:
        """Ask whether each network still accepts its instance; returns how many were refused.

        A refusal is a line in the journal. What ends a session is its own business: it hears the network's own word.
        """
        return await self._of_all(self._is_refused)

    async def _mend(self, instance: Instance) -> bool:
        if self._sessions.state(instance.id) is not None:
            if not self._sessions.flows(instance.id) or (await self._pulses.of(instance.id)).alive:
                return False
            self._sessions.journal(instance.id).note("The socket check got no answer; opening anew.", "warning")
        await self._sessions.start(instance, await self._storage.instances.credentials(instance.id))
        return True

    async def _is_refused(self, instance: Instance) -> bool:
        if not self._sessions.flows(instance.id):
            return False
        pulse = await self._pulses.of(instance.id)
        if pulse.refusal is None:
            return False
        self._sessions.journal(instance.id).note(f"The authorization check was refused: {pulse.refusal}", "warning")
        return True

    async def _of_all(self, ask: Callable[[Instance], Awaitable[bool]]) -> int:
        places = asyncio.Semaphore(ASKED_AT_ONCE)

        async def one(instance: Instance) -> bool:
            async with places:
                try:
                    return await ask(instance)
                except (GatewayError, SealError) as error:
                    log.warning("session_not_looked_after", instance_id=instance.id, reason=str(error))
                    return False

        wanted = [each for each in await self._storage.instances.wanted() if each.state.code != LIMIT_EXCEEDED]
        return sum(await asyncio.gather(*(one(each) for each in wanted)))
