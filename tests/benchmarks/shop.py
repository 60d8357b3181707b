"""A database with one instance that rests and one endpoint that hears it, and the messages people write to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import Counter

from gateway.domain.events import MessageReceived
from gateway.domain.ids import Address, EndpointId, InstanceId, TenantId, UserId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import Chat, ChatKind, Message, Person, Text
from gateway.domain.tenants import Role, Tenant, User
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.runtime import Gateway, opened_storage
from gateway.settings import Settings
from tests.process import environment

TENANT = TenantId("tenant")
INSTANCE = InstanceId("instance")
SECRET = "whsec_" + "c2VjcmV0" * 5
CHATS = 20
_TEXT = "Hello, is the blue one in size 42 still there? I would come by on Saturday morning. "


def settings_for(folder: Path, database: str, **env: str) -> Settings:
    """The settings of a gateway on this database."""
    return Settings.from_env(environment(folder, database, **env))


async def furnish(settings: Settings, *, url: str, concurrency: int = 4) -> None:
    """Make the tables, the instance and the endpoint."""
    now = datetime.now(UTC)
    user = User(
        id=UserId("user"), tenant_id=TENANT, email="owner@example.com", first_name="", last_name="", role=Role.OWNER,
        is_active=True, token_version=0, created_at=now, updated_at=now,
    )  # fmt: skip
    instance = Instance(
        id=INSTANCE, tenant_id=TENANT, user_id=user.id, name="shop", description="", label="",
        provider=ProviderName.TELEGRAM, wanted=False, sent_messages=0, received_messages=0, last_activity_at=None,
        state=SessionState(kind=SessionStateKind.STOPPED, code="stopped", sentence="It rests.", at=now),
        created_at=now, updated_at=now,
    )  # fmt: skip
    endpoint = Endpoint(
        id=EndpointId("endpoint"), tenant_id=TENANT, instance_id=INSTANCE, url=url, enabled=True,
        format=WebhookFormat.API, filter=EventFilter(), headers={}, max_retries=3, retry_interval_ms=60_000,
        ordering=Ordering.NONE, concurrency=concurrency, created_at=now, updated_at=now,
    )  # fmt: skip
    async with opened_storage(settings) as storage:
        await storage.tenants.create(Tenant(id=TENANT, name="Shop", created_at=now))
        await storage.users.create(user, password_hash="-", api_key="-")
        await storage.instances.create(instance, Credentials(), None)
        await storage.endpoints.create(endpoint, SECRET)


def a_message(number: int) -> MessageReceived:
    """The so-manieth text somebody wrote; people take turns."""
    now = datetime.now(UTC)
    address = Address(f"5000{number % CHATS:03d}")
    person = Person(address=address, name="Ann", username="ann")
    return MessageReceived(
        instance_id=INSTANCE,
        at=now,
        dedupe_key=f"update:{number}",
        message=Message(
            network_id=str(number),
            chat=Chat(address=address, kind=ChatKind.PRIVATE, title="Ann", username="ann"),
            sender=person,
            content=Text(text=_TEXT),
            sent_at=now,
            from_me=False,
        ),
    )


def delivered(gateway: Gateway) -> int:
    """How many deliveries were answered 2xx and are committed as such."""
    counters: Sequence[object] = gateway.metrics
    return sum(
        int(sample.value)
        for counter in counters
        if isinstance(counter, Counter)
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name == "gateway_deliveries_total" and sample.labels["result"] == "delivered"
    )
