"""An instance moved to another gateway: one sealed file, and one owner at any time.

Both directions are for the command line, which holds the process lock: no session runs meanwhile. An exported instance
stays here, stopped with code `exported`, and is not started again until it is released by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from gateway.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from gateway.domain.ids import EndpointId, InstanceId, new_id
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.tenants import User
from gateway.domain.webhooks import Endpoint
from gateway.kit import envelope
from gateway.kit.clock import Clock
from gateway.kit.secrets import SealError
from gateway.providers.contract import KeepsDevices, Provider
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage
from gateway.storage.times import to_ms

EXPORTED = "exported"
"""State code of an instance that another gateway may run by now."""


class ExportedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint of the instance's own, with its signing secrets, the current one first."""

    endpoint: Endpoint
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"ExportedEndpoint({self.endpoint.id})"


class Bundle(Struct, frozen=True, kw_only=True, tag="instance-1"):
    """What the file holds. Messages, contacts and events stay where they are."""

    exported_at: datetime
    instance: Instance
    credentials: dict[str, str | int | bool | None]
    endpoints: tuple[ExportedEndpoint, ...]
    device: bytes | None

    def __repr__(self) -> str:
        return f"Bundle({self.instance.id})"


class Transfer:
    """Exports and imports. Whoever calls holds the process lock."""

    def __init__(self, storage: Storage, providers: Mapping[ProviderName, Provider], clock: Clock) -> None:
        self._storage = storage
        self._providers = providers
        self._clock = clock

    async def export(self, instance_id: InstanceId, passphrase: str, write: Callable[[bytes], None]) -> Instance:
        """Seal it, mark it as exported, then `write` the file; when that fails it is as it was before.

        Raises NotFound, and Conflict when it is exported already or its secrets cannot be opened.
        """
        instance = await self._storage.instances.get(OPERATOR, instance_id)
        if instance.state.code == EXPORTED:
            raise Conflict(
                f"Instance {instance_id} is exported already; `instance release` it if no other gateway has it.",
                code=EXPORTED,
            )
        sealed = envelope.seal(msgspec.msgpack.encode(await self._bundle(instance)), passphrase)
        # Marked first: a crash in between leaves an instance to release, never one with two owners.
        await self._mark(instance_id, EXPORTED, "Exported: another gateway may run it.")
        try:
            write(sealed)
        except BaseException:
            async with self._storage.transaction():
                await self._storage.instances.set_state(instance_id, instance.state)
                await self._storage.instances.set_wanted(instance_id, instance.wanted)
            raise
        return instance

    async def import_(self, file: bytes, passphrase: str, owner: User, *, new_instance_id: bool = False) -> Instance:
        """Store what the file holds for `owner`. It starts with the gateway if it was meant to run when exported.

        Raises InvalidInput (wrong passphrase, damaged file), AlreadyExists, Conflict.
        """
        bundle = _opened(file, passphrase)
        provider = self._providers.get(bundle.instance.provider)
        if provider is None:
            raise InvalidInput(f"Provider {bundle.instance.provider} is not available here.", field="provider")
        keeper = provider if isinstance(provider, KeepsDevices) else None
        if bundle.device is not None and keeper is None:
            raise InvalidInput("This provider keeps no devices, and the file holds one.", field="device")
        instance_id = InstanceId(new_id()) if new_instance_id else bundle.instance.id
        if await self._storage.instances.find(instance_id) is not None:
            raise AlreadyExists(
                f"Instance {instance_id} is here already. Release it (`instance release`), or import with --new-id."
            )
        instance = self._imported(bundle.instance, instance_id, owner)
        brought: KeepsDevices | None = None
        try:
            async with self._storage.transaction():
                await self._storage.instances.create(instance, Credentials(values=bundle.credentials), None)
                for each in bundle.endpoints:
                    await self._create_endpoint(each, instance)
                if bundle.device is not None and keeper is not None:
                    keeper.import_device(instance_id, bundle.device)
                    brought = keeper
        except BaseException:
            if brought is not None:
                brought.forget_device(instance_id)
            raise
        return instance

    async def release(self, instance_id: InstanceId) -> None:
        """Let an exported instance be started here again. Only when no other gateway has it: WhatsApp breaks."""
        instance = await self._storage.instances.get(OPERATOR, instance_id)
        if instance.state.code != EXPORTED:
            raise Conflict(f"Instance {instance_id} is not exported.")
        await self._mark(instance_id, "stopped", "Stopped.")

    async def _bundle(self, instance: Instance) -> Bundle:
        # An object to mypy: it holds that no Provider can keep devices as well.
        keeper: object = self._providers.get(instance.provider)
        try:
            credentials = await self._storage.instances.credentials(instance.id)
        except SealError as error:
            raise Conflict(str(error), code="credentials_unreadable") from None
        endpoints = []
        for endpoint in await self._storage.endpoints.list(OPERATOR, instance.id):
            target = await self._storage.endpoints.target(endpoint.id)
            if target is None or target.problem is not None:
                raise Conflict(f"Webhook {endpoint.id}: {target.problem if target else 'gone.'}", code="sealed")
            secrets = target.signing_secrets(to_ms(self._clock.now()))
            endpoints.append(ExportedEndpoint(endpoint=target.endpoint, secrets=secrets))
        return Bundle(
            exported_at=self._clock.now(),
            instance=instance,
            credentials=credentials.values,
            endpoints=tuple(endpoints),
            device=keeper.export_device(instance.id) if isinstance(keeper, KeepsDevices) else None,
        )

    async def _create_endpoint(self, given: ExportedEndpoint, instance: Instance) -> None:
        endpoint_id = given.endpoint.id
        if await self._storage.endpoints.target(endpoint_id) is not None:
            endpoint_id = EndpointId(new_id())
        made = structs.replace(given.endpoint, id=endpoint_id, tenant_id=instance.tenant_id, instance_id=instance.id)
        oldest_first = given.secrets[::-1]
        await self._storage.endpoints.create(made, oldest_first[0] if oldest_first else None)
        for secret in oldest_first[1:]:  # those that were replaced lately go on signing along
            await self._storage.endpoints.rotate_secret(endpoint_id, secret, self._clock.now())

    async def _mark(self, instance_id: InstanceId, code: str, sentence: str) -> None:
        state = SessionState(kind=SessionStateKind.STOPPED, code=code, sentence=sentence, at=self._clock.now())
        async with self._storage.transaction():
            await self._storage.instances.set_wanted(instance_id, False)
            await self._storage.instances.set_state(instance_id, state)
        self._storage.instances.invalidate(instance_id)

    def _imported(self, given: Instance, instance_id: InstanceId, owner: User) -> Instance:
        now = self._clock.now()
        kind = SessionStateKind.STARTING if given.wanted else SessionStateKind.STOPPED
        return structs.replace(
            given,
            id=instance_id,
            tenant_id=owner.tenant_id,
            user_id=owner.id,
            state=SessionState(kind=kind, code=kind.value, sentence="Imported.", at=now),
            updated_at=now,
        )


def refuse_exported(instance: Instance) -> None:
    """Raise Conflict (code `exported`) for an instance that another gateway may run by now."""
    if instance.state.code == EXPORTED:
        raise Conflict(
            f"Instance {instance.id} was exported and another gateway may run it. If none does, stop this gateway and"
            f" run `python -m gateway instance release {instance.id}`.",
            code=EXPORTED,
        )


def _opened(file: bytes, passphrase: str) -> Bundle:
    try:
        return msgspec.msgpack.decode(envelope.unseal(file, passphrase), type=Bundle)
    except envelope.EnvelopeError as error:
        raise InvalidInput(str(error), field="file") from None
    except msgspec.DecodeError:
        raise InvalidInput("The file comes from another version of the gateway.", field="file") from None


async def owner_by(storage: Storage, *, email: str, tenant: str | None) -> User:
    """Whose an imported instance becomes: a user by e-mail, in that tenant when one is named. Raises NotFound."""
    found = await storage.users.find_login(email.strip().lower())
    if found is None or (tenant is not None and found.user.tenant_id != tenant):
        raise NotFound(f"There is no user {email}{f' in tenant {tenant}' if tenant else ''}.")
    return found.user
