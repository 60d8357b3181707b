"""Instances: made, listed, changed, removed. Whether they run is `lifecycle`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from gateway.domain.errors import Conflict, InstanceNotFound, InvalidInput
from gateway.domain.ids import InstanceId, TenantId, new_id
from gateway.domain.instances import (
    Instance,
    InstanceOptions,
    JournalLine,
    ProviderName,
    SessionState,
    SessionStateKind,
)
from gateway.domain.tenants import Principal
from gateway.domain.usage import Activity
from gateway.domain.webhooks import Endpoint
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.masks import masked
from gateway.kit.secrets import new_instance_key
from gateway.providers.contract import Provider
from gateway.services.diary import line_by
from gateway.services.lifecycle import forget_device
from gateway.services.performance import Performance
from gateway.services.webhooks import EndpointChange, Webhooks
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)

MAX_NAME = 255
MAX_OPTIONS = 64 * 1024
"""Bytes of what an instance is for, as JSON."""


class NewInstance(Struct, frozen=True, kw_only=True):
    """What a caller asks for. `config` is the provider's own; `webhook` makes the instance's first endpoint."""

    name: str
    provider: ProviderName
    description: str = ""
    label: str = ""
    config: dict[str, object] = {}
    webhook: EndpointChange | None = None
    options: InstanceOptions = InstanceOptions()


class InstanceChange(Struct, frozen=True, kw_only=True):
    """What to change; None keeps."""

    name: str | None = None
    description: str | None = None
    label: str | None = None
    config: dict[str, object] | None = None
    webhook: EndpointChange | None = None
    options: InstanceOptions | None = None


class CreatedInstance(Struct, frozen=True, kw_only=True):
    """A new instance. `key` is its secret key, shown this once, when keys are secrets and not ids."""

    instance: Instance
    endpoint: Endpoint | None
    key: str | None


class Instances:
    """A tenant's presence on the networks."""

    def __init__(
        self,
        storage: Storage,
        sessions: Registry,
        providers: Mapping[ProviderName, Provider],
        webhooks: Webhooks,
        clock: Clock,
        *,
        secret_keys: bool,
        forget_key: Callable[[InstanceId], None],
        settle_keys: Callable[[], Awaitable[object]],
        performance: Performance,
    ) -> None:
        """`settle_keys` writes what was counted of keys in use, before one of them is replaced."""
        self._storage = storage
        self._sessions = sessions
        self._providers = providers
        self._webhooks = webhooks
        self._clock = clock
        self._secret_keys = secret_keys
        self._forget_key = forget_key
        self._settle_keys = settle_keys
        self._performance = performance
        self._making: defaultdict[TenantId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, who: Principal, new: NewInstance, *, most: int = 0) -> CreatedInstance:
        """Store it, with its first endpoint, and start it in the background. Anything wrong, and nothing is stored.

        Raises Conflict (code `instance_limit`) when the tenant has `most` already; 0 is no limit.
        """
        with self._performance.measured():
            return await self._create_one_of(who, new, most)

    async def _create_one_of(self, who: Principal, new: NewInstance, most: int) -> CreatedInstance:
        if not most:
            return await self._create(who, new)
        async with self._making[who.tenant_id]:  # two at once must not both find room for the last one
            if await self._storage.instances.count(who.tenant_id) >= most:
                raise Conflict(f"You have {most} instances, which is the limit; delete one.", code="instance_limit")
            return await self._create(who, new)

    async def _create(self, who: Principal, new: NewInstance) -> CreatedInstance:
        credentials = self._provider(new.provider).check(new.config)
        now = self._clock.now()
        instance = Instance(
            id=InstanceId(new_id()),
            tenant_id=who.tenant_id,
            user_id=who.user_id,
            name=_name(new.name),
            description=new.description,
            label=new.label,
            options=_options(new.options),
            provider=new.provider,
            state=SessionState(
                kind=SessionStateKind.STARTING, code="starting", sentence="The session is being opened.", at=now
            ),
            wanted=True,
            sent_messages=0,
            received_messages=0,
            last_activity_at=None,
            created_at=now,
            updated_at=now,
        )
        if new.webhook is not None:
            await self._webhooks.check(new.webhook)
        key = new_instance_key() if self._secret_keys else None
        async with self._storage.transaction():
            await self._storage.instances.create(instance, credentials, key.digest if key else None)
            await self._storage.instance_keys.begin(
                instance.tenant_id, instance.id, masked(key.text if key else instance.id), now
            )
            endpoint = await self._webhooks.put_first(who, instance, new.webhook) if new.webhook else None
            await self._storage.activity.add([line_by(who, instance, "instance.created", now, {"name": instance.name})])
        await self._sessions.start(instance, credentials)
        return CreatedInstance(instance=instance, endpoint=endpoint, key=key.text if key else None)

    async def get(self, who: Principal, instance_id: InstanceId) -> Instance:
        """One instance within reach, with its live state. Raises NotFound or NotYours."""
        return self._with_live_state(await self._storage.instances.get(who, instance_id))

    async def known(self, instance_id: InstanceId) -> Instance:
        """The same on behalf of nobody, for what anybody may ask: whether it is well. Raises InstanceNotFound."""
        instance = await self._storage.instances.find(instance_id)
        if instance is None:
            raise InstanceNotFound(instance_id)
        return self._with_live_state(instance)

    async def list(self, who: Principal) -> list[Instance]:
        """Every instance within reach, oldest first, with live states."""
        return [self._with_live_state(each) for each in await self._storage.instances.list(who)]

    async def update(self, who: Principal, instance_id: InstanceId, change: InstanceChange) -> Instance:
        """Change what was given. A new config restarts the session; a webhook that is on afterwards is told."""
        before = await self.get(who, instance_id)
        credentials = self._provider(before.provider).check(change.config) if change.config is not None else None
        after = structs.replace(
            before,
            name=before.name if change.name is None else _name(change.name),
            description=before.description if change.description is None else change.description,
            label=before.label if change.label is None else change.label,
            options=before.options if change.options is None else _options(change.options),
        )
        if change.webhook is not None:
            await self._webhooks.check(change.webhook)
        async with self._storage.transaction():
            await self._storage.instances.update(after, now=self._clock.now())
            if credentials is not None:
                await self._storage.instances.set_credentials(instance_id, credentials)
            endpoint = await self._webhooks.put_first(who, before, change.webhook) if change.webhook else None
            line = line_by(who, before, "instance.updated", self._clock.now(), {"name": after.name})
            await self._storage.activity.add([line])
        self._storage.instances.invalidate(instance_id)
        self._sessions.renew(after)
        if change.webhook is not None:
            self._storage.endpoints.invalidate()  # also when it was removed, which nobody announces
        if endpoint is not None:
            await self._webhooks.announce(endpoint, before)
        if credentials is not None:
            self._forget_key(instance_id)  # a bot's token is a key, too
        if credentials is not None and before.wanted:
            await self._sessions.start(after, credentials)
        return await self.get(who, instance_id)

    async def delete(self, who: Principal, instance_id: InstanceId) -> None:
        """Stop it and remove it with everything below it. Needs no living session to succeed."""
        instance = await self._storage.instances.get(who, instance_id)
        await self._sessions.forget(instance_id)
        await self._storage.instances.delete(instance_id)
        await forget_device(self._providers, instance)
        self._storage.endpoints.invalidate()
        self._forget_key(instance_id)

    async def journal(self, who: Principal, instance_id: InstanceId) -> Sequence[JournalLine]:
        """Its session's last lines, oldest first."""
        await self._storage.instances.get(who, instance_id)
        return tuple(self._sessions.journal(instance_id))

    async def activity(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        actions: Sequence[str],
        since: datetime | None,
        until: datetime | None,
        limit: int,
        skip: int,
    ) -> tuple[Sequence[Activity], int]:
        """What happened to it, newest first, and how much in all."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.activity.page(
            who, instance_id, actions=actions, since=since, until=until, limit=limit, skip=skip
        )

    async def rotate_key(self, who: Principal, instance_id: InstanceId) -> str:
        """A new instance key, shown this once; the old one ends now. Raises Conflict when keys are ids."""
        instance = await self._storage.instances.get(who, instance_id)
        if not self._secret_keys:
            raise Conflict(
                "The instance key is the instance id (INSTANCE_KEYS=id) and cannot be rotated;"
                " recreate the instance or run the gateway with INSTANCE_KEYS=secret."
            )
        key = new_instance_key()
        await self._settle_keys()
        async with self._storage.transaction():
            await self._storage.instances.set_key_digest(instance_id, key.digest)
            await self._storage.instance_keys.begin(
                instance.tenant_id, instance_id, masked(key.text), self._clock.now()
            )
        self._forget_key(instance_id)
        return key.text

    def _with_live_state(self, instance: Instance) -> Instance:
        live = self._sessions.state(instance.id)
        if live is not None:
            return structs.replace(instance, state=live, flows=self._sessions.flows(instance.id))
        if instance.state.kind.is_final:
            return instance
        # The row was written by a process that is gone; whatever it says, nothing runs now.
        kind = SessionStateKind.STARTING if instance.wanted else SessionStateKind.STOPPED
        sentence = "The session waits for its turn to be opened." if instance.wanted else "Stopped."
        state = SessionState(kind=kind, code=kind.value, sentence=sentence, at=instance.state.at)
        return structs.replace(instance, state=state)

    def _provider(self, name: ProviderName) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise InvalidInput(f"Provider {name} is not available here.", field="provider")
        return provider


def _options(options: InstanceOptions) -> InstanceOptions:
    if len(msgspec.json.encode(options)) > MAX_OPTIONS:
        raise InvalidInput(
            f"The settings of the agent and of MCP are longer than {MAX_OPTIONS} bytes.", field="options"
        )
    return options


def _name(text: str) -> str:
    name = text.strip()
    if not name:
        raise InvalidInput("Name is required", field="name")
    if len(name) > MAX_NAME:
        raise InvalidInput(f"Name is longer than {MAX_NAME} characters.", field="name")
    return name
