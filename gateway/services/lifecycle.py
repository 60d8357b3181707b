"""Whether an instance runs: its session opened, opened anew, ended, logged out, brought back after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.domain.errors import GatewayError
from gateway.domain.ids import InstanceId
from gateway.domain.instances import LOGGED_OUT_HERE, Instance, ProviderName
from gateway.domain.tenants import Principal
from gateway.domain.usage_limits import LIMIT_EXCEEDED
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.secrets import SealError
from gateway.providers.contract import KeepsDevices, LogsOut, Provider
from gateway.services.diary import line_by
from gateway.services.transfer import EXPORTED, refuse_exported
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)


class Lifecycle:
    """Starts and ends what instances are for. What a person wants is committed before the session is touched."""

    def __init__(
        self, storage: Storage, sessions: Registry, providers: Mapping[ProviderName, Provider], clock: Clock
    ) -> None:
        self._storage = storage
        self._sessions = sessions
        self._providers = providers
        self._clock = clock

    async def reconnect(self, who: Principal, instance_id: InstanceId) -> None:
        """Open its session anew, whatever state it is in. Raises Conflict (code `exported`) when it moved away."""
        await self._start(who, await self._storage.instances.get(who, instance_id))

    async def recreate(self, who: Principal, instance_id: InstanceId) -> None:
        """Open its session with nothing remembered: a linked device is unlinked and forgotten, so that a person has to
        log in anew. Raises Conflict (code `exported`) when it moved away.
        """
        instance = await self._storage.instances.get(who, instance_id)
        refuse_exported(instance)
        if isinstance(self._providers.get(instance.provider), KeepsDevices):
            session = self._sessions.find(instance_id)
            if session is not None and isinstance(session, LogsOut):
                try:
                    await session.logout()
                except GatewayError as error:  # the network is away, or knows no login: forgotten here all the same
                    log.info("logout_skipped", instance_id=instance_id, code=error.code)
            await self._sessions.stop(instance_id)
            await forget_device(self._providers, instance)
        await self._start(who, instance)

    async def _start(self, who: Principal, instance: Instance) -> None:
        instance_id = instance.id
        refuse_exported(instance)
        credentials = await self._storage.instances.credentials(instance_id)
        async with self._storage.transaction():
            await self._storage.instances.set_wanted(instance_id, True)
            if self._runs(instance_id):
                await self._note(who, instance, "instance.stopped")
            await self._note(who, instance, "instance.reconnected")
        self._storage.instances.invalidate(instance_id)
        await self._sessions.start(instance, credentials)

    async def stop(self, who: Principal, instance_id: InstanceId) -> None:
        """End its session and keep it stopped over restarts; credentials stay."""
        instance = await self._storage.instances.get(who, instance_id)
        if instance.state.code == EXPORTED:
            return  # stopped already, and the mark has to stay
        async with self._storage.transaction():
            await self._storage.instances.set_wanted(instance_id, False)
            await self._note(who, instance, "instance.stopped")
        self._storage.instances.invalidate(instance_id)
        await self._sessions.stop(instance_id)

    async def logout(self, who: Principal, instance_id: InstanceId) -> None:
        """End its login at the network where the network knows such a thing, and keep it stopped. Repeatable."""
        instance = await self._storage.instances.get(who, instance_id)
        if instance.state.code == EXPORTED:
            return  # stopped already, and the mark has to stay
        session = self._sessions.find(instance_id)
        ran = self._runs(instance_id)
        if session is not None and isinstance(session, LogsOut):
            await session.logout()
        async with self._storage.transaction():
            await self._storage.instances.set_wanted(instance_id, False)
            if ran:
                await self._note(who, instance, "instance.stopped")
            await self._note(who, instance, "instance.logged_out")
        self._storage.instances.invalidate(instance_id)
        await self._sessions.stop(instance_id, code="logged_out", sentence=LOGGED_OUT_HERE)
        await forget_device(self._providers, instance)

    async def restore(self) -> None:
        """Bring back every wanted session. One whose credentials cannot be opened is told and left; the rest go on."""
        await self._recognise_tokens()
        ready = []
        for instance in await self._storage.instances.wanted():
            if instance.state.code == LIMIT_EXCEEDED:
                continue  # started when its window has moved on
            try:
                ready.append((instance, await self._storage.instances.credentials(instance.id)))
            except (SealError, GatewayError) as error:
                log.error("credentials_unreadable", instance_id=instance.id, reason=str(error))
        log.info("sessions_restoring", count=len(ready))
        await self._sessions.restore(ready)

    def _runs(self, instance_id: InstanceId) -> bool:
        state = self._sessions.state(instance_id)
        return state is not None and not state.kind.is_final

    async def _recognise_tokens(self) -> None:
        """Instances that an older version stored are found by their bot's token, too."""
        for instance_id in await self._storage.instances.without_token_digest(ProviderName.TELEGRAM):
            try:
                credentials = await self._storage.instances.credentials(instance_id)
            except (SealError, GatewayError):
                continue  # told below, where it matters
            await self._storage.instances.set_credentials(instance_id, credentials)

    async def _note(self, who: Principal, instance: Instance, action: str) -> None:
        await self._storage.activity.add([line_by(who, instance, action, self._clock.now())])


async def forget_device(providers: Mapping[ProviderName, Provider], instance: Instance) -> None:
    """Remove what the network linked, where its provider keeps such a thing."""
    provider = providers.get(instance.provider)
    if provider is not None and isinstance(provider, KeepsDevices):
        await asyncio.to_thread(provider.forget_device, instance.id)
