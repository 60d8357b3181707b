"""Who an instance is on its network: asked when it has connected, and kept for when it is not."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence

from gateway.domain.errors import GatewayError
from gateway.domain.events import AcceptedEvent, SessionConnected
from gateway.domain.ids import InstanceId
from gateway.kit.log import get_logger
from gateway.providers.contract import KnowsItself, Profile
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)


class Accounts:
    """Listens to accepted events. What cannot be asked now is asked at the next connection."""

    def __init__(self, storage: Storage, sessions: Registry) -> None:
        self._storage = storage
        self._sessions = sessions
        self._asking: dict[InstanceId, asyncio.Task[None]] = {}

    def saw(self, events: Sequence[AcceptedEvent]) -> None:
        """Ask those that have just connected, in the background."""
        for each in events:
            instance_id = each.event.instance_id
            if isinstance(each.event, SessionConnected) and instance_id not in self._asking:
                task = asyncio.create_task(self._ask(instance_id), context=contextvars.Context())
                self._asking[instance_id] = task
                task.add_done_callback(lambda _, asked=instance_id: self._asking.pop(asked, None))  # type: ignore[misc]  # mypy does not infer the type of a lambda with a default

    async def aclose(self) -> None:
        """Ask no more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, instance_id: InstanceId) -> None:
        session: object = self._sessions.find(instance_id)
        if not isinstance(session, KnowsItself):
            return
        try:
            account = account_of(await session.profile())
            known = await self._storage.instances.find(instance_id)
            if known is not None and known.account != account:
                await self._storage.instances.set_account(instance_id, account)
        except GatewayError as error:
            log.info("account_unknown", instance_id=instance_id, code=error.code)


def account_of(profile: Profile) -> str:
    """How people write it: `@name` where the network has such names, else the phone number or id."""
    return f"@{profile.username}" if profile.username else profile.address.partition("@")[0]
