"""Endpoints, their sealed secrets and headers, and how they are doing.

What the inbox and the dispatcher ask on every event is cached. One process owns the database, so a write here
invalidates; a write inside somebody's transaction is invalidated again by the caller after its commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.ids import EndpointId, InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.secrets import Sealer, SealError
from gateway.kit.tally import Tally
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.tables import Endpoints, Instances
from gateway.storage.times import to_ms

OVERLAP_MS = 24 * 3600 * 1000
"""How long a replaced secret signs along."""
MOST_OLD_SECRETS = 5
_CACHE_LIMIT = 10_000


class StoredSecret(Struct, frozen=True):
    """A signing secret. `retire_at` (milliseconds since 1970) is None for the current one."""

    secret: str
    retire_at: int | None = None

    def __repr__(self) -> str:
        return f"StoredSecret(retire_at={self.retire_at})"


class Health(Struct, frozen=True):
    """Failures since the last success. Times are milliseconds since 1970."""

    failing_since: int | None = None
    last_failure_at: int | None = None
    failures: int = 0


class Target(Struct, frozen=True):
    """Everything a delivery needs to know about where it goes. `problem` says why nothing can be sent there now."""

    endpoint: Endpoint
    secrets: tuple[StoredSecret, ...]
    health: Health
    problem: str | None = None

    def signing_secrets(self, now: int) -> tuple[str, ...]:
        """The current secret, then those whose overlap has not ended by `now` (milliseconds since 1970)."""
        return tuple(each.secret for each in self.secrets if each.retire_at is None or each.retire_at > now)


class EndpointStore:
    """Endpoints by id, by owner, and by whom they listen to."""

    def __init__(self, engine: AnyEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._targets: dict[EndpointId, Target] = {}
        self._listening: dict[tuple[TenantId, InstanceId], tuple[Endpoint, ...]] = {}
        self._firsts: dict[InstanceId, Endpoint | None] = {}
        self._generation = 0
        self.tally = Tally()
        """How often endpoints were remembered, by id or by whom they listen to."""

    # -- on somebody's behalf ------------------------------------------------------------------------------------

    async def get(self, who: Principal, endpoint_id: EndpointId) -> Endpoint:
        """One endpoint within reach. Raises NotFound."""
        query = scope.within(Endpoints.select().where(Endpoints.id == endpoint_id), who)
        row = await query.first()
        if row is None:
            raise scope.missing("Webhook", endpoint_id)
        return self._to_endpoint(row)

    async def list(self, who: Principal, instance_id: InstanceId | None = None) -> list[Endpoint]:
        """Endpoints within reach, oldest first; of one instance when asked."""
        query = scope.within(Endpoints.select(), who)
        if instance_id is not None:
            query = query.where(Endpoints.instance_id == instance_id)
        rows = await query.order_by(Endpoints.created_at, Endpoints.id)
        return [self._to_endpoint(row) for row in rows]

    async def count(self, tenant_id: TenantId, instance_id: InstanceId | None) -> int:
        """How many endpoints an instance has; with None, how many listen to the whole tenant."""
        query = Endpoints.count().where(Endpoints.tenant_id == tenant_id)
        if instance_id is None:
            return int(await query.where(Endpoints.instance_id.is_null()))
        return int(await query.where(Endpoints.instance_id == instance_id))

    async def first_of(self, instance_id: InstanceId) -> Endpoint | None:
        """The endpoint that an instance's own webhook fields edit; the caller has the instance within reach."""
        row = (
            await Endpoints.select()
            .where(Endpoints.instance_id == instance_id, Endpoints.is_first.eq(True))
            .order_by(Endpoints.created_at)
            .first()
        )
        return None if row is None else self._to_endpoint(row)

    async def some_instance(self, tenant_id: TenantId) -> InstanceId | None:
        """The oldest instance of a tenant; what concerns a tenant-wide endpoint itself is told under it."""
        row = (
            await Instances.select(Instances.id)
            .where(Instances.tenant_id == tenant_id)
            .order_by(Instances.created_at, Instances.id)
            .first()
        )
        return None if row is None else InstanceId(row["id"])

    async def shown_of(self, instance_id: InstanceId) -> Endpoint | None:
        """The same for showing it: cached, so not for deciding inside a transaction what to write."""
        if instance_id in self._firsts:
            self.tally.hits += 1
            return self._firsts[instance_id]
        self.tally.misses += 1
        generation = self._generation
        found = await self.first_of(instance_id)
        if generation == self._generation:
            if len(self._firsts) >= _CACHE_LIMIT:
                self._firsts.clear()
            self._firsts[instance_id] = found
        return found

    # -- changes; the caller has checked its reach before ---------------------------------------------------------

    async def create(self, endpoint: Endpoint, secret: str | None) -> None:
        """Store a new endpoint, its headers and secret sealed. With None nothing is signed."""
        await Endpoints.insert(
            Endpoints(
                id=endpoint.id,
                tenant_id=endpoint.tenant_id,
                instance_id=endpoint.instance_id,
                is_first=endpoint.is_first,
                secrets=self._seal_secrets(endpoint.id, () if secret is None else (StoredSecret(secret),)),
                created_at=endpoint.created_at,
                **self._editable(endpoint),
            )
        )
        self.invalidate(endpoint.id)

    async def update(self, endpoint: Endpoint, *, forget_failures: bool = False) -> None:
        """Replace everything people may edit. `forget_failures` starts the count for auto-disabling anew."""
        values = self._editable(endpoint)
        if forget_failures:
            values |= {"failing_since": None, "last_failure_at": None, "failures": 0}
        await Endpoints.update(values).where(Endpoints.id == endpoint.id)
        self.invalidate(endpoint.id)

    async def delete(self, endpoint_id: EndpointId) -> None:
        """Remove it with everything owed to it."""
        await Endpoints.delete().where(Endpoints.id == endpoint_id)
        self.invalidate(endpoint_id)

    async def rotate_secret(self, endpoint_id: EndpointId, secret: str, now: datetime) -> None:
        """Sign with a new secret; the old ones sign along for 24 h, at most five of them.

        Old secrets that cannot be opened any more are dropped: a rotation is how one gets out of that.
        """
        row = await Endpoints.select(Endpoints.secrets).where(Endpoints.id == endpoint_id).first()
        if row is None:
            raise scope.missing("Webhook", endpoint_id)
        try:
            held = self._open_secrets(endpoint_id, row["secrets"])
        except SealError:
            held = ()
        moment = to_ms(now)
        old = [
            StoredSecret(each.secret, each.retire_at if each.retire_at is not None else moment + OVERLAP_MS)
            for each in held
            if (each.retire_at is None or each.retire_at > moment) and each.secret != secret
        ]
        kept = (StoredSecret(secret), *old[:MOST_OLD_SECRETS])
        await Endpoints.update({"secrets": self._seal_secrets(endpoint_id, kept), "updated_at": now}).where(
            Endpoints.id == endpoint_id
        )
        self.invalidate(endpoint_id)

    # -- for the machinery ---------------------------------------------------------------------------------------

    async def listening(self, tenant_id: TenantId, instance_id: InstanceId) -> tuple[Endpoint, ...]:
        """The enabled endpoints that hear an instance's events, oldest first. Their `headers` are left empty here."""
        key = (tenant_id, instance_id)
        if (cached := self._listening.get(key)) is not None:
            self.tally.hits += 1
            return cached
        self.tally.misses += 1
        generation = self._generation
        rows = (
            await Endpoints.select()
            .where(
                Endpoints.tenant_id == tenant_id,
                Endpoints.enabled.eq(True),
                (Endpoints.instance_id == instance_id) | Endpoints.instance_id.is_null(),
            )
            .order_by(Endpoints.created_at, Endpoints.id)
        )
        found = tuple(_to_endpoint(row, {}) for row in rows)
        if generation == self._generation:
            if len(self._listening) >= _CACHE_LIMIT:
                self._listening.clear()
            self._listening[key] = found
        return found

    def cached_target(self, endpoint_id: EndpointId) -> Target | None:
        """What `target` would answer, if it is known already."""
        return self._targets.get(endpoint_id)

    async def target(self, endpoint_id: EndpointId) -> Target | None:
        """Where a delivery goes; None when the endpoint is gone. What cannot be unsealed is a `problem`."""
        if (cached := self._targets.get(endpoint_id)) is not None:
            self.tally.hits += 1
            return cached
        self.tally.misses += 1
        generation = self._generation
        row = await Endpoints.select().where(Endpoints.id == endpoint_id).first()
        if row is None:
            return None
        target = self._to_target(row)
        if generation == self._generation:
            if len(self._targets) >= _CACHE_LIMIT:
                self._targets.clear()
            self._targets[endpoint_id] = target
        return target

    async def signing_secrets(self, endpoint_id: EndpointId, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at this moment, the current one first; empty when there is none."""
        target = await self.target(endpoint_id)
        return () if target is None else target.signing_secrets(to_ms(now))

    async def set_health(self, endpoint_id: EndpointId, health: Health) -> None:
        """Remember failures across restarts. Caches are left alone: the dispatcher keeps the living copy."""
        await Endpoints.update(
            {
                Endpoints.failing_since: health.failing_since,
                Endpoints.last_failure_at: health.last_failure_at,
                Endpoints.failures: health.failures,
            }
        ).where(Endpoints.id == endpoint_id)

    async def disable(self, endpoint_id: EndpointId, reason: str, now: datetime) -> None:
        """Switch it off on behalf of the gateway. What is owed to it stays."""
        await Endpoints.update(
            {
                Endpoints.enabled: False,
                Endpoints.disabled_reason: reason,
                Endpoints.disabled_at: now,
                Endpoints.updated_at: now,
            }
        ).where(Endpoints.id == endpoint_id)
        self.invalidate(endpoint_id)

    def invalidate(self, endpoint_id: EndpointId | None = None) -> None:
        """Forget what is cached: of one endpoint, or of all (an instance was deleted with its endpoints)."""
        self._generation += 1
        self._listening.clear()
        self._firsts.clear()
        if endpoint_id is None:
            self._targets.clear()
        else:
            self._targets.pop(endpoint_id, None)

    @property
    def remembered(self) -> int:
        """How many answers are remembered."""
        return len(self._targets) + len(self._listening) + len(self._firsts)

    def forget_all(self) -> None:
        """Read every endpoint anew."""
        self.invalidate()

    # -- rows ----------------------------------------------------------------------------------------------------

    def _editable(self, endpoint: Endpoint) -> dict[Any, Any]:
        return {
            "url": endpoint.url,
            "enabled": endpoint.enabled,
            "format": endpoint.format.value,
            "filter": msgspec.json.encode(endpoint.filter).decode(),
            "headers": self._seal_headers(endpoint.id, endpoint.headers),
            "max_retries": endpoint.max_retries,
            "retry_interval_ms": endpoint.retry_interval_ms,
            "ordering": endpoint.ordering.value,
            "concurrency": endpoint.concurrency,
            "rate_limit": endpoint.rate_limit,
            "disabled_reason": endpoint.disabled_reason,
            "disabled_at": endpoint.disabled_at,
            "updated_at": endpoint.updated_at,
        }

    def _to_endpoint(self, row: Mapping[str, Any]) -> Endpoint:
        try:
            headers = self._open_headers(row["id"], row["headers"])
        except (SealError, msgspec.DecodeError):
            headers = {}  # it can still be listed, edited and deleted
        return _to_endpoint(row, headers)

    def _to_target(self, row: Mapping[str, Any]) -> Target:
        headers: dict[str, str] = {}
        secrets: tuple[StoredSecret, ...] = ()
        problem = None
        try:
            headers = self._open_headers(row["id"], row["headers"])
            secrets = self._open_secrets(row["id"], row["secrets"])
        except (SealError, msgspec.DecodeError):
            problem = (
                "Its secret or headers cannot be opened with the present ENCRYPTION_KEYS; "
                "add the key they were sealed with, or set both anew."
            )
        return Target(
            endpoint=_to_endpoint(row, headers),
            secrets=secrets,
            health=Health(row["failing_since"], row["last_failure_at"], row["failures"]),
            problem=problem,
        )

    def _seal_headers(self, endpoint_id: str, headers: Mapping[str, str]) -> str:
        # People put tokens into headers, so they are kept like secrets.
        if not headers:
            return ""
        return self._sealer.seal(
            msgspec.json.encode(headers).decode(), table="endpoints", row=endpoint_id, column="headers"
        )

    def _open_headers(self, endpoint_id: str, sealed: str) -> dict[str, str]:
        if not sealed:
            return {}
        plain = self._sealer.open(sealed, table="endpoints", row=endpoint_id, column="headers")
        return msgspec.json.decode(plain, type=dict[str, str])

    def _seal_secrets(self, endpoint_id: str, secrets: Sequence[StoredSecret]) -> str:
        if not secrets:
            return ""
        return self._sealer.seal(
            msgspec.json.encode(secrets).decode(), table="endpoints", row=endpoint_id, column="secrets"
        )

    def _open_secrets(self, endpoint_id: str, sealed: str) -> tuple[StoredSecret, ...]:
        if not sealed:
            return ()
        plain = self._sealer.open(sealed, table="endpoints", row=endpoint_id, column="secrets")
        return msgspec.json.decode(plain, type=tuple[StoredSecret, ...])


def _to_endpoint(row: Mapping[str, Any], headers: dict[str, str]) -> Endpoint:
    return Endpoint(
        id=EndpointId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        instance_id=None if row["instance_id"] is None else InstanceId(row["instance_id"]),
        url=row["url"],
        enabled=bool(row["enabled"]),
        format=WebhookFormat(row["format"]),
        filter=msgspec.json.decode(row["filter"], type=EventFilter),
        headers=headers,
        max_retries=row["max_retries"],
        retry_interval_ms=row["retry_interval_ms"],
        ordering=Ordering(row["ordering"]),
        concurrency=row["concurrency"],
        rate_limit=row["rate_limit"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        disabled_reason=row["disabled_reason"],
        disabled_at=row["disabled_at"],
        is_first=bool(row["is_first"]),
    )
