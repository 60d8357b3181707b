"""The outgoing half of a gateway: storage, dispatcher, egress; time stands still until a test moves it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from gateway.domain.ids import DeliveryId, EndpointId, EventId, InstanceId, TenantId, UserId, new_event_id
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.environment import EncryptionKey
from gateway.kit.egress import Egress, EgressPolicy
from gateway.kit.secrets import Sealer
from gateway.storage.engine import make_engine
from gateway.storage.migrate import migrate
from gateway.storage.outbox import NewDelivery
from gateway.storage.storage import Storage
from gateway.storage.tables import Deliveries, Instances, Tenants, Users
from gateway.storage.times import to_ms
from gateway.webhooks.dispatcher import Dispatcher, DispatcherSettings
from gateway.webhooks.sender import Limits
from tests.clock import ManualClock
from tests.simulators.receiver import Receiver

TENANT = TenantId("tenant-1")
INSTANCE = InstanceId("instance-1")
SECRET = "a secret of somebody"
OWNER = Principal(
    tenant_id=TENANT, user_id=UserId("user-1"), role=Role.OWNER, credential=CredentialKind.JWT, credential_id="j"
)
STRANGER = Principal(
    tenant_id=TenantId("tenant-2"),
    user_id=UserId("user-2"),
    role=Role.OWNER,
    credential=CredentialKind.JWT,
    credential_id="k",
)


class Outlet:
    """What a test holds. `disabled` collects what the dispatcher's callback was told."""

    def __init__(self, storage: Storage, egress: Egress, clock: ManualClock, receiver: Receiver) -> None:
        self.storage = storage
        self.egress = egress
        self.clock = clock
        self.receiver = receiver
        self.disabled: list[tuple[EndpointId, str]] = []
        self.dispatcher = self.new_dispatcher()

    def new_dispatcher(self, settings: DispatcherSettings | None = None) -> Dispatcher:
        self.dispatcher = Dispatcher(
            self.storage.outbox,
            self.storage.endpoints,
            self.egress,
            self.clock,
            settings or DispatcherSettings(limits=Limits(connect_timeout=2, read_timeout=5, total_timeout=10)),
            on_disabled=self._told,
            rng=random.Random(7),
        )
        return self.dispatcher

    async def _told(self, endpoint: Endpoint, reason: str) -> None:
        self.disabled.append((endpoint.id, reason))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def endpoint(
        self,
        name: str = "hook",
        *,
        secret: str | None = SECRET,
        url: str | None = None,
        max_retries: int = 3,
        retry_interval_ms: int | None = 60_000,
        ordering: Ordering = Ordering.NONE,
        concurrency: int = 4,
        rate_limit: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Endpoint:
        """An endpoint whose path at the receiver is its name."""
        made = Endpoint(
            id=EndpointId(name),
            tenant_id=TENANT,
            instance_id=INSTANCE,
            url=url or self.receiver.url(f"/{name}"),
            enabled=True,
            format=WebhookFormat.API,
            filter=EventFilter(),
            headers=headers or {},
            max_retries=max_retries,
            retry_interval_ms=retry_interval_ms,
            ordering=ordering,
            concurrency=concurrency,
            rate_limit=rate_limit,
            created_at=self.now,
            updated_at=self.now,
        )
        await self.storage.endpoints.create(made, secret)
        if secret:
            self.receiver.trust(f"/{name}", secret)
        return made

    async def owe(
        self, *endpoints: Endpoint, count: int = 1, conversation: str = "", body: str | None = None, wake: bool = True
    ) -> list[EventId]:
        """Commit so many deliveries for each of these endpoints, in turns; wake the dispatcher as the inbox does."""
        ids = [new_event_id() for _ in range(count)]
        await self.storage_insert(
            [
                NewDelivery(
                    tenant_id=TENANT,
                    instance_id=INSTANCE,
                    endpoint_id=endpoint.id,
                    event_id=event_id,
                    event_type="message.received",
                    conversation=conversation,
                    payload=body
                    or f'{{"event":"message_received","data":{{"chatId":"{conversation}","sequence":{place}}}}}',
                    created_at=to_ms(self.now),
                )
                for place, event_id in enumerate(ids, start=1)
                for endpoint in endpoints
            ]
        )
        if wake:
            self.dispatcher.wake(endpoint.id for endpoint in endpoints)
        return ids

    async def storage_insert(self, deliveries: Sequence[NewDelivery]) -> None:
        async with self.storage.transaction():
            await self.storage.outbox.insert_many(deliveries)

    async def rows(self, **where: Any) -> list[dict[str, Any]]:
        query = Deliveries.select().order_by(Deliveries.id)
        for name, value in where.items():
            query = query.where(Deliveries._meta.get_column_by_name(name) == value)
        return await query

    async def states(self, endpoint: Endpoint | None = None) -> list[str]:
        where = {"endpoint_id": endpoint.id} if endpoint else {}
        return [row["state"] for row in await self.rows(**where)]

    async def only(self) -> Delivery:
        rows = await self.rows()
        assert len(rows) == 1
        return await self.storage.outbox.history.get(OWNER, DeliveryId(rows[0]["id"]))

    async def attempts(self) -> list[Attempt]:
        return await self.storage.outbox.history.attempts((await self.only()).id)

    async def settled(self, *states: DeliveryState, endpoint: Endpoint | None = None) -> None:
        """Until every delivery is in one of these states."""
        wanted = {state.value for state in states or (DeliveryState.DELIVERED,)}

        async def all_there() -> bool:
            return set(await self.states(endpoint)) <= wanted

        await self.until(all_there)

    async def tried(self, times: int) -> None:
        """Until the only delivery has so many logged tries and is not being tried."""

        async def so_many() -> bool:
            return len(await self.attempts()) >= times and (await self.only()).state is not DeliveryState.LEASED

        await self.until(so_many)

    async def until(self, condition: Callable[[], Awaitable[bool] | bool]) -> None:
        async with asyncio.timeout(30):
            while True:
                answer = condition()
                if isinstance(answer, Awaitable):
                    answer = await answer
                if answer:
                    return
                await asyncio.sleep(0.005)


@asynccontextmanager
async def open_outlet(database_url: str, receiver: Receiver) -> AsyncIterator[Outlet]:
    engine = make_engine(database_url)
    storage = Storage(engine, Sealer([EncryptionKey(id="k1", key=b"k" * 32)]))
    await storage.open()
    clock = ManualClock()
    try:
        await migrate(engine)
        await Tenants.insert(Tenants(id=TENANT, name="One", created_at=clock.now()))
        await Users.insert(
            Users(
                id="user-1",
                tenant_id=TENANT,
                email="a@example.com",
                password_hash="x",
                role="owner",
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
        await Instances.insert(
            Instances(
                id=INSTANCE,
                tenant_id=TENANT,
                user_id="user-1",
                name="One",
                provider="telegram",
                state="connected",
                state_at=clock.now(),
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
        async with Egress(EgressPolicy.opened("127.0.0.0/8", allow_http=True)) as egress:
            outlet = Outlet(storage, egress, clock, receiver)
            try:
                yield outlet
            finally:
                receiver.release()
                await outlet.dispatcher.drain(2)
    finally:
        await storage.close()
