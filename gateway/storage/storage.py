"""The opened database: one attribute per noun, and `transaction()`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from gateway.kit.secrets import Sealer
from gateway.storage.activity import ActivityStore
from gateway.storage.api_keys import ApiKeyStore
from gateway.storage.audit import AuditStore
from gateway.storage.bulks import BulkStore
from gateway.storage.contacts import ContactStore
from gateway.storage.engine import AnyEngine, Engine, SwitchableEngine, bind
from gateway.storage.events import EventStore
from gateway.storage.idempotency import IdempotencyStore
from gateway.storage.instance_keys import InstanceKeyStore
from gateway.storage.instances import InstanceStore
from gateway.storage.messages import MessageStore
from gateway.storage.names import NameStore
from gateway.storage.outbox import OutboxStore
from gateway.storage.revoked_tokens import RevokedTokenStore
from gateway.storage.states import StateStore
from gateway.storage.stored_messages import StoredMessageStore
from gateway.storage.tables import ALL_TABLES
from gateway.storage.tenants import TenantStore
from gateway.storage.usage import UsageStore
from gateway.storage.usage_limits import UsageLimitStore
from gateway.storage.users import UserStore
from gateway.storage.webhooks import EndpointStore


class Storage:
    """Every store over one engine. Opening it binds the tables, so a process has one at a time."""

    def __init__(self, engine: AnyEngine, sealer: Sealer) -> None:
        self.engine = engine
        self.tenants = TenantStore(engine)
        self.users = UserStore(engine, sealer)
        self.api_keys = ApiKeyStore(engine)
        self.revoked_tokens = RevokedTokenStore(engine)
        self.audit = AuditStore(engine)
        self.instances = InstanceStore(engine, sealer)
        self.instance_keys = InstanceKeyStore(engine)
        self.states = StateStore(engine)
        self.endpoints = EndpointStore(engine, sealer)
        self.events = EventStore(engine)
        self.outbox = OutboxStore(engine)
        self.messages = MessageStore(engine)
        self.stored_messages = StoredMessageStore()
        self.contacts = ContactStore(engine)
        self.names = NameStore(engine)
        self.usage = UsageStore(engine)
        self.usage_limits = UsageLimitStore(engine)
        self.activity = ActivityStore(engine)
        self.idempotency = IdempotencyStore(engine)
        self.bulks = BulkStore(engine)

    @property
    def database(self) -> Engine:
        """The database in use; it may be another one in a moment, unless the engine is one database's own."""
        return self.engine.database if isinstance(self.engine, SwitchableEngine) else self.engine

    async def writable(self) -> None:
        """Return when no switch holds up writers: for who would hold up others meanwhile."""
        if isinstance(self.engine, SwitchableEngine):
            await self.engine.writable()

    async def open(self) -> None:
        """Connect. Raises StorageUnavailable."""
        bind(self.engine, ALL_TABLES)
        await self.engine.open()

    async def close(self) -> None:
        """Give the connections back; never hangs."""
        await self.engine.close()

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Everything inside commits together or not at all."""
        return self.engine.transaction()
