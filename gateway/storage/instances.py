"""Instances by id and by owner. Reads are cached; one process owns the database, so a write here invalidates."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any

import msgspec

from gateway.domain.errors import InstanceNotFound, StorageUnavailable
from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.instances import (
    Credentials,
    Identity,
    Instance,
    InstanceOptions,
    ProviderName,
    SessionState,
    SessionStateKind,
)
from gateway.domain.tenants import Principal
from gateway.kit.secrets import Sealer, digest
from gateway.kit.tally import Tally
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.errors import DEADLOCK
from gateway.storage.tables import Instances
from gateway.storage.times import maybe_from_ms

DELETE_TRIES = 5
"""A removal goes through everything below the instance, and may meet who is at work there; see `delete`."""
_CACHE_LIMIT = 10_000

_SELECT = """
SELECT i.*,
  (SELECT COALESCE(SUM(u.messages_sent), 0) FROM usage_days u WHERE u.instance_id = i.id) AS sent,
  (SELECT COALESCE(SUM(u.messages_received), 0) FROM usage_days u WHERE u.instance_id = i.id) AS received,
  (SELECT MAX(c.last_message_at) FROM chats c WHERE c.instance_id = i.id) AS moved_at
FROM instances i WHERE """


class InstanceStore:
    """Instances with what is counted about them."""

    def __init__(self, engine: AnyEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._cache: dict[InstanceId, Instance] = {}
        self._identities: dict[InstanceId, Identity] = {}
        self._generation = 0
        self.tally = Tally()
        """How often an instance was remembered."""

    async def create(self, instance: Instance, credentials: Credentials, key_digest: str | None) -> None:
        """Store a new instance with its sealed credentials."""
        await Instances.insert(
            Instances(
                id=instance.id,
                tenant_id=instance.tenant_id,
                user_id=instance.user_id,
                name=instance.name,
                description=instance.description,
                label=instance.label,
                provider=instance.provider.value,
                credentials=self._seal(instance.id, credentials),
                key_digest=key_digest,
                wanted=instance.wanted,
                state=instance.state.kind.value,
                state_code=instance.state.code,
                state_sentence=instance.state.sentence,
                state_at=instance.state.at,
                state_until=instance.state.until,
                options=msgspec.json.encode(instance.options).decode(),
                account=instance.account,
                token_digest=_token_digest(credentials),
                created_at=instance.created_at,
                updated_at=instance.updated_at,
            )
        )

    async def get(self, who: Principal, instance_id: InstanceId) -> Instance:
        """One instance within reach. Raises NotFound, or NotYours when it exists in another tenant."""
        instance = await self.find(instance_id)
        if instance is None:
            raise InstanceNotFound(instance_id)
        scope.check_instance(who, instance_id, instance.tenant_id)
        return instance

    async def find(self, instance_id: InstanceId) -> Instance | None:
        """One instance, on behalf of nobody (hooks, sessions, the inbox)."""
        if (cached := self._cache.get(instance_id)) is not None:
            self.tally.hits += 1
            return cached
        self.tally.misses += 1
        generation = self._generation
        rows = await Instances.raw(_SELECT + "i.id = {}", instance_id)
        if not rows:
            return None
        instance = _to_instance(rows[0])
        if generation != self._generation:
            return instance  # somebody committed while we read: what we hold may be the past, so it is not kept
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[instance_id] = instance
        return instance

    async def identity_of(self, instance_id: InstanceId) -> Identity | None:
        """Whose it is and who; None when it is gone. Cached: unlike what is counted about it, no event changes it."""
        if (cached := self._identities.get(instance_id)) is not None:
            return cached
        generation = self._generation
        row = (
            await Instances.select(Instances.tenant_id, Instances.provider, Instances.account)
            .where(Instances.id == instance_id)
            .first()
        )
        if row is None:
            return None
        identity = Identity(
            tenant_id=TenantId(row["tenant_id"]), provider=ProviderName(row["provider"]), account=row["account"]
        )
        if generation == self._generation:
            if len(self._identities) >= _CACHE_LIMIT:
                self._identities.clear()
            self._identities[instance_id] = identity
        return identity

    async def list(self, who: Principal) -> list[Instance]:
        """Every instance within reach, oldest first."""
        rows = await Instances.raw(_SELECT + "{} ORDER BY i.created_at, i.id", scope.predicate(who, Instances, "i"))
        return [_to_instance(row) for row in rows]

    async def wanted(self) -> builtins.list[Instance]:
        """Every instance its owner wants running, oldest first; what a restart brings back."""
        rows = await Instances.raw(_SELECT + "i.wanted = {} ORDER BY i.created_at, i.id", True)
        return [_to_instance(row) for row in rows]

    async def count(self, tenant_id: TenantId) -> int:
        """How many a tenant has."""
        return int(await Instances.count().where(Instances.tenant_id == tenant_id))

    async def update(self, instance: Instance, *, now: datetime) -> None:
        """Replace what people call it and what it is for. The caller has got it within their reach before."""
        await Instances.update(
            {
                Instances.name: instance.name,
                Instances.description: instance.description,
                Instances.label: instance.label,
                Instances.options: msgspec.json.encode(instance.options).decode(),
                Instances.updated_at: now,
            }
        ).where(Instances.id == instance.id)
        self.invalidate(instance.id)

    async def set_account(self, instance_id: InstanceId, account: str) -> None:
        """Remember who it is on its network."""
        await Instances.update({Instances.account: account[:255]}).where(Instances.id == instance_id)
        self._identities.pop(instance_id, None)
        self.invalidate(instance_id)

    async def delete(self, instance_id: InstanceId) -> None:
        """Remove it with everything below it."""
        for left in reversed(range(DELETE_TRIES)):
            try:
                # In a transaction of its own, which undoes it whole when it meets the dispatcher in the same rows.
                async with self._engine.transaction():
                    await Instances.delete().where(Instances.id == instance_id)
                break
            except StorageUnavailable as refused:
                if refused.code != DEADLOCK or not left:
                    raise
        self._identities.pop(instance_id, None)
        self.invalidate(instance_id)

    async def set_wanted(self, instance_id: InstanceId, wanted: bool) -> None:
        """Remember whether its owner wants it running."""
        await Instances.update({Instances.wanted: wanted}).where(Instances.id == instance_id)
        self.invalidate(instance_id)

    async def set_state(self, instance_id: InstanceId, state: SessionState) -> None:
        """Remember where its session stands. A login code is not kept: it is a secret, and dies with its session."""
        await Instances.update(
            {
                Instances.state: state.kind.value,
                Instances.state_code: state.code,
                Instances.state_sentence: state.sentence,
                Instances.state_at: state.at,
                Instances.state_until: state.until,
            }
        ).where(Instances.id == instance_id)
        self.invalidate(instance_id)

    async def credentials(self, instance_id: InstanceId) -> Credentials:
        """The unsealed credentials. Raises NotFound, and the sealer's error when its key is gone from the settings."""
        row = await Instances.select(Instances.credentials).where(Instances.id == instance_id).first()
        if row is None:
            raise InstanceNotFound(instance_id)
        plain = self._sealer.open(row["credentials"], **_place(instance_id))
        return msgspec.json.decode(plain, type=Credentials)

    async def set_credentials(self, instance_id: InstanceId, credentials: Credentials) -> None:
        """Replace the credentials, sealed."""
        await Instances.update(
            {
                Instances.credentials: self._seal(instance_id, credentials),
                Instances.token_digest: _token_digest(credentials),
            }
        ).where(Instances.id == instance_id)
        self.invalidate(instance_id)

    async def find_by_key(self, key_digest: str) -> tuple[InstanceId, TenantId, UserId] | None:
        """Whose instance key has this SHA-256 digest."""
        return await self._owner_where(Instances.key_digest == key_digest)

    async def find_by_token(
        self, provider: ProviderName, token_digest: str
    ) -> tuple[InstanceId, TenantId, UserId] | None:
        """Which instance of a provider has the network token with this SHA-256 digest; of several the oldest wanted."""
        row = (
            await Instances.select(Instances.id, Instances.tenant_id, Instances.user_id)
            .where(Instances.provider == provider.value, Instances.token_digest == token_digest)
            .order_by(Instances.wanted, ascending=False)
            .order_by(Instances.created_at, Instances.id)
            .first()
        )
        return (InstanceId(row["id"]), TenantId(row["tenant_id"]), UserId(row["user_id"])) if row else None

    async def without_token_digest(self, provider: ProviderName) -> builtins.list[InstanceId]:
        """Instances that an older version stored, whose token has no digest yet."""
        rows = await Instances.select(Instances.id).where(
            Instances.provider == provider.value, Instances.token_digest.is_null()
        )
        return [InstanceId(row["id"]) for row in rows]

    async def owner(self, instance_id: InstanceId) -> tuple[InstanceId, TenantId, UserId] | None:
        """To whom an instance belongs."""
        return await self._owner_where(Instances.id == instance_id)

    async def set_key_digest(self, instance_id: InstanceId, key_digest: str) -> None:
        """Replace the instance key."""
        await Instances.update({Instances.key_digest: key_digest}).where(Instances.id == instance_id)

    def invalidate(self, instance_id: InstanceId) -> None:
        """Forget the cached row; called after a commit that changed it or what is counted about it."""
        self._generation += 1
        self._cache.pop(instance_id, None)

    @property
    def remembered(self) -> int:
        """How many instances are remembered."""
        return len(self._cache)

    def forget_all(self) -> None:
        """Read every instance anew."""
        self._generation += 1
        self._cache.clear()
        self._identities.clear()

    async def _owner_where(self, condition: Any) -> tuple[InstanceId, TenantId, UserId] | None:
        row = await Instances.select(Instances.id, Instances.tenant_id, Instances.user_id).where(condition).first()
        if row is None:
            return None
        return InstanceId(row["id"]), TenantId(row["tenant_id"]), UserId(row["user_id"])

    def _seal(self, instance_id: InstanceId, credentials: Credentials) -> str:
        return self._sealer.seal(msgspec.json.encode(credentials).decode(), **_place(instance_id))


def _token_digest(credentials: Credentials) -> str | None:
    """A network's token is random enough that its digest gives nothing away, and somebody may come with it."""
    token = credentials.values.get("token")
    return digest(token) if isinstance(token, str) and token else None


def _place(instance_id: InstanceId) -> dict[str, str]:
    return {"table": "instances", "row": instance_id, "column": "credentials"}


def _to_instance(row: dict[str, Any]) -> Instance:
    return Instance(
        id=InstanceId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        description=row["description"],
        label=row["label"],
        provider=ProviderName(row["provider"]),
        state=SessionState(
            kind=SessionStateKind(row["state"]),
            code=row["state_code"],
            sentence=row["state_sentence"],
            at=row["state_at"],
            until=row["state_until"],
        ),
        options=msgspec.json.decode(row["options"], type=InstanceOptions),
        account=row["account"],
        wanted=bool(row["wanted"]),
        sent_messages=int(row["sent"]),  # PostgreSQL sums bigints to a Decimal
        received_messages=int(row["received"]),
        last_activity_at=maybe_from_ms(row["moved_at"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
