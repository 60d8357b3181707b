"""Webhook endpoints and what they are owed: made, changed, tested, looked at, sent again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import structlog
from msgspec import Struct

from gateway.domain.errors import Conflict, InvalidInput, NotFound
from gateway.domain.events import AcceptedEvent, EndpointDisabled, EndpointTested, EndpointUpdated, Event
from gateway.domain.ids import DeliveryId, EndpointId, InstanceId, TenantId, new_id
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.clock import Clock
from gateway.kit.egress import Egress, EgressFailed, EgressRefused
from gateway.kit.secrets import new_webhook_secret
from gateway.services.checks import require_person
from gateway.services.endpoint_changes import (
    EndpointChange,
    FilterChange,
    changed,
    check_values,
    default_rate,
    schedule_defaults,
)
from gateway.storage.deliveries import DeliveryQuery
from gateway.storage.storage import Storage
from gateway.webhooks.signing import standard_secret

__all__ = ["DeliveryQuery", "EndpointChange", "FilterChange", "NewSecret", "ShownDelivery", "Webhooks"]

log = structlog.get_logger(__name__)

MOST_ENDPOINTS = 20
"""For each instance, and for those that listen to a whole tenant."""
MOST_REDELIVERED = 10_000
"""In one request; what is left is asked for again, and what waits already is not queued twice."""

Accept = Callable[[Event], Awaitable[AcceptedEvent | None]]


class Wake(Protocol):
    """Tells the dispatcher that something is due; `probe` lets one delivery through an open breaker."""

    def __call__(self, endpoint_ids: Iterable[EndpointId], *, probe: bool = False) -> None: ...


class NewSecret(Struct, frozen=True, kw_only=True):
    """An endpoint whose secret was just made or replaced: the one time it is shown.

    `secret` keys `X-Webhook-Signature` as text; `standard_secret` is what Standard Webhooks libraries are given.
    """

    endpoint: Endpoint
    secret: str

    @property
    def standard_secret(self) -> str:
        """The same secret as `whsec_` and base64."""
        return standard_secret(self.secret)

    def __repr__(self) -> str:
        return f"NewSecret(endpoint={self.endpoint.id!r})"


class ShownDelivery(Struct, frozen=True, kw_only=True):
    """A delivery with its payload and its tries."""

    delivery: Delivery
    attempts: list[Attempt]


class Webhooks:
    """Endpoints and deliveries. `concurrency` is how much at once an endpoint takes that says nothing about it."""

    def __init__(
        self, storage: Storage, egress: Egress, clock: Clock, *, accept: Accept, wake: Wake, concurrency: int = 4
    ) -> None:
        self._storage = storage
        self._egress = egress
        self._clock = clock
        self._accept = accept
        self._wake = wake
        self._concurrency = concurrency

    # -- endpoints -----------------------------------------------------------------------------------------------

    async def list(self, who: Principal, instance_id: InstanceId | None = None) -> list[Endpoint]:
        """Endpoints within reach, oldest first; of one instance when asked. Raises NotFound for a strange instance."""
        if instance_id is not None:
            await self._storage.instances.get(who, instance_id)
        return await self._storage.endpoints.list(who, instance_id)

    async def get(self, who: Principal, endpoint_id: EndpointId) -> Endpoint:
        """One endpoint within reach. Raises NotFound."""
        return await self._storage.endpoints.get(who, endpoint_id)

    async def create(self, who: Principal, change: EndpointChange, instance_id: InstanceId | None) -> NewSecret:
        """Make an endpoint for one instance, or with None for every instance of the caller's tenant.

        Raises InvalidInput, NotFound, and Conflict when there are too many.
        """
        if not change.url:
            raise InvalidInput("url is required", field="url")
        if instance_id is None:
            require_person(who)
            tenant_id = who.tenant_id
        else:
            tenant_id = (await self._storage.instances.get(who, instance_id)).tenant_id
        await self.check(change)
        made = await self._make(tenant_id, instance_id, change, is_first=False)
        self._storage.endpoints.invalidate(made.endpoint.id)
        return made

    async def edit(self, who: Principal, endpoint_id: EndpointId, change: EndpointChange) -> Endpoint:
        """Change what was given; what is owed goes to the endpoint as it is then. Told to it if it is on afterwards."""
        old = await self._storage.endpoints.get(who, endpoint_id)
        if change.url == "":
            raise InvalidInput("url must not be empty; delete the webhook instead", field="url")
        await self.check(change)
        async with self._storage.transaction():
            endpoint = await self._change(old, change)
        await self.announce(endpoint)
        return endpoint

    async def delete(self, who: Principal, endpoint_id: EndpointId) -> None:
        """Remove it with everything owed to it."""
        await self._storage.endpoints.get(who, endpoint_id)
        await self._storage.endpoints.delete(endpoint_id)

    async def rotate_secret(self, who: Principal, endpoint_id: EndpointId, secret: str | None = None) -> NewSecret:
        """Sign with a new secret, the given one or a random one; the former ones sign along for 24 h."""
        endpoint = await self._storage.endpoints.get(who, endpoint_id)
        check_values(EndpointChange(secret=secret))
        new = secret or new_webhook_secret()
        async with self._storage.transaction():
            await self._storage.endpoints.rotate_secret(endpoint_id, new, self._clock.now())
        self._storage.endpoints.invalidate(endpoint_id)
        # What waited because the old secret could not be opened can go now.
        self._wake([endpoint_id])
        return NewSecret(endpoint=endpoint, secret=new)

    async def test(self, who: Principal, endpoint_id: EndpointId) -> Delivery:
        """Send it a test event now, whatever its filter. Raises Conflict when it is switched off."""
        endpoint = await self._storage.endpoints.get(who, endpoint_id)
        self._require_enabled(endpoint)
        instance_id = endpoint.instance_id or await self._storage.endpoints.some_instance(endpoint.tenant_id)
        if instance_id is None:
            raise NotFound("There is no instance yet whose events this webhook could get; create one first")
        accepted = await self._accept(
            EndpointTested(instance_id=instance_id, at=self._clock.now(), endpoint_id=endpoint_id)
        )
        delivery = await self._storage.outbox.history.of_event(accepted.id, endpoint_id) if accepted else None
        if delivery is None:
            raise Conflict(f"Webhook {endpoint_id} was switched off or removed meanwhile")
        self._wake([endpoint_id], probe=True)
        return delivery

    # -- the endpoint that an instance's own fields edit ---------------------------------------------------------

    async def check(self, change: EndpointChange) -> None:
        """Check a change, its URL included. Raises InvalidInput naming the field. Call it outside a transaction."""
        check_values(change)
        if not change.url:
            return
        try:
            await self._egress.vet(change.url)
        except EgressRefused as refusal:
            raise InvalidInput(refusal.sentence, field="url", code=refusal.code) from None
        except EgressFailed as failure:
            # A name may get its address later; deliveries are retried, and each connection is vetted again.
            log.info("webhook_url_unresolved", reason=failure.reason)

    async def first_of(self, who: Principal, instance_id: InstanceId) -> Endpoint | None:
        """The endpoint that an instance's own webhook fields show and edit; None when it has none."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.endpoints.shown_of(instance_id)

    async def put_first(self, who: Principal, instance: Instance, change: EndpointChange) -> Endpoint | None:  # noqa: ARG002 - whose it is, as everywhere; the caller has `instance` within reach
        """Make or change that endpoint, in the caller's transaction; None when there is none afterwards.

        Call `check` before and `announce` after the commit.
        """
        old = await self._storage.endpoints.first_of(instance.id)
        if change.url == "":
            if old is not None:
                await self._storage.endpoints.delete(old.id)
            return None
        if old is not None:
            return await self._change(old, change)
        if change.url is None:
            return None
        return (await self._make(instance.tenant_id, instance.id, change, is_first=True)).endpoint

    async def announce(self, endpoint: Endpoint, instance: Instance | None = None) -> None:
        """After the commit of a change: forget what was cached, tell the endpoint if it is on, let its backlog go."""
        self._storage.endpoints.invalidate(endpoint.id)
        if not endpoint.enabled:
            return
        instance_id = endpoint.instance_id or (instance.id if instance else None)
        if instance_id is not None:
            await self._accept(EndpointUpdated(instance_id=instance_id, at=self._clock.now(), endpoint_id=endpoint.id))
        self._wake([endpoint.id], probe=True)

    async def disabled(self, endpoint: Endpoint, reason: str) -> None:
        """Tell the other endpoints that the gateway switched this one off; the dispatcher calls it."""
        # One that listens to the whole tenant has no instance of its own to tell this under; any of them does.
        instance_id = endpoint.instance_id or await self._storage.endpoints.some_instance(endpoint.tenant_id)
        if instance_id is not None:
            await self._accept(
                EndpointDisabled(instance_id=instance_id, at=self._clock.now(), endpoint_id=endpoint.id, reason=reason)
            )

    # -- deliveries ----------------------------------------------------------------------------------------------

    async def deliveries(
        self, who: Principal, query: DeliveryQuery, *, limit: int, skip: int
    ) -> tuple[Sequence[Delivery], int]:
        """A page of deliveries, newest first and without payloads, and how many there are in all."""
        return await self._storage.outbox.history.page(who, query, limit=limit, skip=skip)

    async def delivery(self, who: Principal, delivery_id: DeliveryId) -> ShownDelivery:
        """One delivery with its payload and its tries. Raises NotFound."""
        delivery = await self._storage.outbox.history.get(who, delivery_id)
        return ShownDelivery(delivery=delivery, attempts=await self._storage.outbox.history.attempts(delivery_id))

    async def redeliver(self, who: Principal, delivery_id: DeliveryId) -> Delivery:
        """Try one again now: same id and bytes, signed anew. If that fails, nothing more is scheduled by it.

        Raises NotFound, and Conflict when its endpoint is switched off or it is being tried at this moment.
        """
        delivery = await self._storage.outbox.history.get(who, delivery_id)
        endpoint = await self._storage.endpoints.get(who, delivery.endpoint_id)
        self._require_enabled(endpoint)
        queued = await self._storage.outbox.history.redeliver(delivery_id, self._clock.now())
        after = await self._storage.outbox.history.get(who, delivery_id)
        if not queued and after.state is DeliveryState.LEASED:
            raise Conflict(f"Delivery {delivery_id} is being tried right now; look again in a moment")
        self._wake([endpoint.id], probe=True)
        return after

    async def redeliver_range(self, who: Principal, query: DeliveryQuery) -> int:
        """Try the deliveries of one endpoint and time range again; returns how many were queued, at most 10,000.

        Asking twice queues nothing twice. Raises NotFound, and Conflict when the endpoint is switched off.
        """
        if query.endpoint_id is None:
            raise InvalidInput("endpointId is required", field="endpointId")
        if query.since is not None and query.until is not None and query.since >= query.until:
            raise InvalidInput("from must be before to", field="from")
        endpoint = await self._storage.endpoints.get(who, query.endpoint_id)
        self._require_enabled(endpoint)
        queued = await self._storage.outbox.history.redeliver_range(
            who, query, now=self._clock.now(), limit=MOST_REDELIVERED
        )
        self._wake([endpoint.id], probe=True)
        return queued

    # -- inside --------------------------------------------------------------------------------------------------

    async def _make(
        self, tenant_id: TenantId, instance_id: InstanceId | None, change: EndpointChange, *, is_first: bool
    ) -> NewSecret:
        now = self._clock.now()
        format_ = change.format or WebhookFormat.API
        retries, interval = schedule_defaults(format_)
        blank = Endpoint(
            id=EndpointId(new_id()),
            tenant_id=tenant_id,
            instance_id=instance_id,
            url="",
            enabled=True,
            format=format_,
            filter=EventFilter(),
            headers={},
            max_retries=retries,
            retry_interval_ms=interval,
            ordering=Ordering.NONE,
            concurrency=self._concurrency,
            rate_limit=default_rate(format_),
            created_at=now,
            updated_at=now,
            is_first=is_first,
        )
        made = NewSecret(endpoint=changed(blank, change, now), secret=change.secret or new_webhook_secret())
        async with self._storage.transaction():
            if await self._storage.endpoints.count(tenant_id, instance_id) >= MOST_ENDPOINTS:
                raise Conflict(f"There are {MOST_ENDPOINTS} webhooks already; delete one first", code="too_many")
            await self._storage.endpoints.create(made.endpoint, made.secret)
        return made

    async def _change(self, old: Endpoint, change: EndpointChange) -> Endpoint:
        endpoint = changed(old, change, self._clock.now())
        await self._storage.endpoints.update(endpoint, forget_failures=endpoint.enabled and not old.enabled)
        if change.secret:
            await self._storage.endpoints.rotate_secret(old.id, change.secret, self._clock.now())
        return endpoint

    def _require_enabled(self, endpoint: Endpoint) -> None:
        if not endpoint.enabled:
            raise Conflict(f"Webhook {endpoint.id} is switched off; switch it on first", code="webhook_disabled")
