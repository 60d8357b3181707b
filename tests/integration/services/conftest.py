"""Who-may services over a real, migrated database; the test says which."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from gateway.domain.ids import InstanceId, TenantId, UserId, new_id
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.tenants import Principal, Role, User
from gateway.kit.clock import Clock
from gateway.kit.secrets import PasswordHasher, Sealer
from gateway.services.api_keys import ApiKeys
from gateway.services.auth import Auth
from gateway.services.door import Door
from gateway.services.key_usage import KeyUsage
from gateway.services.limits import Limiter
from gateway.services.principals import OPERATOR
from gateway.services.tenants import CreatedUser, NewUser, Tenants
from gateway.services.throttle import LoginThrottle
from gateway.services.tokens import Tokens
from gateway.settings import EncryptionKey, Secret, Settings
from gateway.storage.engine import make_engine
from gateway.storage.migrate import migrate
from gateway.storage.storage import Storage
from tests.clock import ManualClock

PASSWORD = "a quiet morning by the lake"
SECRET = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
SEALING = EncryptionKey("test", base64.b64decode("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo="))


@dataclass
class Gate:
    """The services that decide who may, wired as the composition root does it."""

    settings: Settings
    storage: Storage
    clock: Clock
    hasher: PasswordHasher
    tokens: Tokens
    auth: Auth
    api_keys: ApiKeys
    tenants: Tenants
    limiter: Limiter
    door: Door
    key_usage: KeyUsage

    async def let_in(
        self, email: str, *, role: Role | None = None, tenant_id: TenantId | None = None, password: str = PASSWORD
    ) -> CreatedUser:
        """A new user, by the operator."""
        return await self.tenants.create_user(
            OPERATOR, NewUser(email=email, password=password, role=role, tenant_id=tenant_id)
        )

    async def by_key(self, api_key: str, ip: str | None = "192.0.2.1") -> Principal:
        return await self.auth.authenticate(bearer=None, api_key=api_key, ip=ip)

    async def by_bearer(self, bearer: str, ip: str | None = "192.0.2.1") -> Principal:
        return await self.auth.authenticate(bearer=bearer, api_key=None, ip=ip)

    async def instance_of(self, user: User, *, key_digest: str | None = None) -> InstanceId:
        """An instance row of this user."""
        now = self.clock.now()
        instance = Instance(
            id=InstanceId(new_id()),
            tenant_id=user.tenant_id,
            user_id=UserId(user.id),
            name="bot",
            description="",
            provider=ProviderName.TELEGRAM,
            state=SessionState(kind=SessionStateKind.STOPPED, code="new", sentence="", at=now),
            wanted=False,
            sent_messages=0,
            received_messages=0,
            last_activity_at=None,
            created_at=now,
            updated_at=now,
        )
        await self.storage.instances.create(instance, Credentials(), key_digest)
        return instance.id


def gate_over(storage: Storage, clock: Clock, settings: Settings, *, hasher: PasswordHasher | None = None) -> Gate:
    """Another process's services over the same database have caches of their own: call this twice."""
    hasher = hasher or PasswordHasher()
    tokens = Tokens(settings.jwt_secret, lifetime=settings.jwt_expiration, clock=clock)
    auth = Auth(
        storage,
        tokens=tokens,
        hasher=hasher,
        throttle=LoginThrottle(clock),
        clock=clock,
        instance_keys=settings.instance_keys,
    )
    return Gate(
        settings=settings,
        storage=storage,
        clock=clock,
        hasher=hasher,
        tokens=tokens,
        auth=auth,
        api_keys=ApiKeys(storage, auth=auth, clock=clock),
        tenants=Tenants(storage, auth=auth, hasher=hasher, clock=clock),
        limiter=Limiter(settings.api_rate_limit, clock),
        door=Door(),
        key_usage=KeyUsage(storage, clock, secret_keys=settings.instance_keys == "secret"),
    )


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(jwt_secret=(Secret(SECRET),), encryption_keys=(SEALING,))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Storage]:
    """A migrated, open storage."""
    engine = make_engine(database_url)
    storage = Storage(engine, Sealer([SEALING]))
    await storage.open()
    try:
        await migrate(engine)
        yield storage
    finally:
        await storage.close()


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    async with opened(database_url) as storage:
        yield storage


@pytest.fixture
def gate(storage: Storage, clock: ManualClock, settings: Settings) -> Gate:
    return gate_over(storage, clock, settings)
