"""Who an instance is on its network: learned when it has connected, and kept for when it is not."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence

from gateway.domain.errors import GatewayError
from gateway.domain.events import AcceptedEvent, SessionConnected
from gateway.domain.ids import InstanceId
from gateway.kit.log import get_logger
from gateway.providers.contract import HasAccount
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)


class Accounts:
    """Listens to accepted events. What cannot be stored now is stored after the next connection."""

    def __init__(self, storage: Storage, sessions: Registry) -> None:
        self._storage = storage
        self._sessions = sessions
        self._keeping: set[asyncio.Task[None]] = set()

    def saw(self, events: Sequence[AcceptedEvent]) -> None:
        """Keep the accounts of those that have just connected, in the background."""
        for each in events:
            if not isinstance(each.event, SessionConnected):
                continue
            session: object = self._sessions.find(each.event.instance_id)
            account = session.account() if isinstance(session, HasAccount) else None
            if account:
                keeping = self._keep(each.event.instance_id, account)
                task = asyncio.create_task(keeping, context=contextvars.Context())
                self._keeping.add(task)
                task.add_done_callback(self._keeping.discard)

    async def aclose(self) -> None:
        """Finish what was begun."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _keep(self, instance_id: InstanceId, account: str) -> None:
        try:
            known = await self._storage.instances.find(instance_id)
            if known is not None and known.account != account:
                await self._storage.instances.set_account(instance_id, account)
        except GatewayError as error:
            log.warning("account_not_stored", instance_id=instance_id, code=error.code)
