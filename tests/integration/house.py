"""A storage with two tenants, an inbox over it and nobody else: for tests of what becomes of an event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.domain.events import AcceptedEvent, MessageReceived, MessageSent, MessageStatusChanged
from gateway.domain.ids import Address, EndpointId, InstanceId, TenantId, UserId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import Chat, ChatKind, Content, Message, MessageStatus, Person, Text
from gateway.domain.tenants import CredentialKind, Principal, Role, Tenant
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.environment import EncryptionKey
from gateway.kit.secrets import Sealer
from gateway.services.inbox import Inbox
from gateway.storage.engine import make_engine
from gateway.storage.migrate import migrate
from gateway.storage.storage import Storage
from gateway.storage.tables import Users
from tests.clock import ManualClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHOP, CAFE, ELSEWHERE = InstanceId("shop"), InstanceId("cafe"), InstanceId("elsewhere")
OURS, THEIRS = TenantId("ours"), TenantId("theirs")
OWNER = Principal(
    tenant_id=OURS, user_id=UserId("owner-ours"), role=Role.OWNER, credential=CredentialKind.JWT, credential_id="j"
)


@dataclass
class House:
    """What a test holds. `told` is what the inbox said after each commit, in order."""

    storage: Storage
    clock: ManualClock
    told: list[AcceptedEvent] = field(default_factory=list)
    woken: list[frozenset[EndpointId]] = field(default_factory=list)
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.storage, self.clock, self._tell)

    def _tell(self, accepted: Sequence[AcceptedEvent], endpoints: frozenset[EndpointId]) -> None:
        self.told.extend(accepted)
        self.woken.append(endpoints)

    async def endpoint(
        self,
        name: str,
        *,
        tenant: TenantId = OURS,
        instance: InstanceId | None = SHOP,
        enabled: bool = True,
        wanted: EventFilter = EventFilter(),
        form: WebhookFormat = WebhookFormat.API,
    ) -> None:
        """Somebody who wants to be told."""
        made = Endpoint(
            id=EndpointId(name),
            tenant_id=tenant,
            instance_id=instance,
            url=f"https://example.com/{name}",
            enabled=enabled,
            format=form,
            filter=wanted,
            headers={},
            max_retries=3,
            retry_interval_ms=60_000,
            ordering=Ordering.NONE,
            concurrency=4,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )
        await self.storage.endpoints.create(made, "a secret")


@asynccontextmanager
async def entered(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    """A house as it was left, by a process that begins at this clock's time. The inbox is made and not opened."""
    storage = Storage(make_engine(database_url), Sealer([EncryptionKey(id="k1", key=b"k" * 32)]))
    await storage.open()
    try:
        await migrate(storage.database)
        yield House(storage, clock)
    finally:
        await storage.close()


@asynccontextmanager
async def open_house(database_url: str) -> AsyncIterator[House]:
    """A new one at noon: two tenants, ours with two instances, theirs with one. The inbox is made and not opened."""
    async with entered(database_url, ManualClock(NOON)) as house:
        for tenant in (OURS, THEIRS):
            await house.storage.tenants.create(Tenant(id=tenant, name=tenant, created_at=NOON))
            await Users.insert(
                Users(
                    id=f"owner-{tenant}",
                    tenant_id=tenant,
                    email=f"{tenant}@example.com",
                    password_hash="x",
                    role="owner",
                    created_at=NOON,
                    updated_at=NOON,
                )
            )
        for name, tenant in ((SHOP, OURS), (CAFE, OURS), (ELSEWHERE, THEIRS)):
            await house.storage.instances.create(instance(name, tenant), Credentials(), None)
        yield house


def instance(name: InstanceId, tenant: TenantId) -> Instance:
    """A row as it is made."""
    return Instance(
        id=name,
        tenant_id=tenant,
        user_id=UserId(f"owner-{tenant}"),
        name=name,
        description="",
        provider=ProviderName.TELEGRAM,
        state=SessionState(kind=SessionStateKind.STARTING, code="starting", sentence="", at=NOON),
        wanted=True,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=NOON,
        updated_at=NOON,
    )


def chat(address: str = "100", kind: ChatKind = ChatKind.PRIVATE, title: str = "") -> Chat:
    return Chat(address=Address(address), kind=kind, title=title or f"Chat {address}")


def received(
    network_id: str,
    *,
    where: Chat | None = None,
    at: InstanceId = SHOP,
    content: Content | None = None,
    sender: Person | None = None,
    dedupe_key: str | None = None,
) -> MessageReceived:
    """A person wrote."""
    where = where or chat()
    message = Message(
        network_id=network_id,
        chat=where,
        sender=sender or Person(address=where.address, name="Ann", username="ann"),
        content=content or Text(text=f"words {network_id}"),
        sent_at=NOON,
    )
    return MessageReceived(instance_id=at, at=NOON, message=message, dedupe_key=dedupe_key)


def sent(
    network_id: str, *, where: Chat | None = None, content: Content | None = None, media_size: int = 0
) -> MessageSent:
    """The shop wrote."""
    message = Message(
        network_id=network_id,
        chat=where or chat(),
        sender=Person(address=Address("1"), name="Shop", is_bot=True),
        content=content or Text(text=f"words {network_id}"),
        sent_at=NOON,
        from_me=True,
    )
    return MessageSent(instance_id=SHOP, at=NOON, message=message, media_size=media_size)


def got(network_id: str, status: MessageStatus) -> MessageStatusChanged:
    """A message of the shop's got so far."""
    return MessageStatusChanged(instance_id=SHOP, at=NOON, chat=chat(), network_id=network_id, status=status)
