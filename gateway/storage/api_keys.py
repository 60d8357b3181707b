"""API keys by prefix and by owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.ids import ApiKeyId, TenantId, UserId
from gateway.domain.tenants import ApiKey, Principal
from gateway.storage.engine import AnyEngine
from gateway.storage.scope import missing, within
from gateway.storage.tables import ApiKeys


class StoredKey(Struct, frozen=True, kw_only=True):
    """A key with the SHA-256 that recognises it."""

    key: ApiKey
    digest: str


class ApiKeyStore:
    """Keys of users; the keys themselves are nowhere, only their prefixes and digests."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def create(self, key: ApiKey, digest: str) -> None:
        """Store a new key. Raises AlreadyExists when the very key is known already."""
        await ApiKeys.insert(
            ApiKeys(
                id=key.id,
                tenant_id=key.tenant_id,
                user_id=key.user_id,
                name=key.name,
                prefix=key.prefix,
                digest=digest,
                is_primary=key.is_primary,
                allowed_ips=msgspec.json.encode(key.allowed_ips).decode(),
                created_at=key.created_at,
                expires_at=key.expires_at,
                revoked_at=key.revoked_at,
            )
        )

    async def find_by_prefix(self, prefix: str) -> list[StoredKey]:
        """The keys that begin like this, on behalf of nobody: usually one. Their digests decide."""
        rows = await ApiKeys.select().where(ApiKeys.prefix == prefix).limit(8)
        return [StoredKey(key=_to_key(row), digest=row["digest"]) for row in rows]

    async def list(self, who: Principal, user_id: UserId) -> list[ApiKey]:
        """The keys of a user within reach that were not revoked, oldest first; expired ones included."""
        query = ApiKeys.select().where(ApiKeys.user_id == user_id, ApiKeys.revoked_at.is_null())
        return [_to_key(row) for row in await within(query, who).order_by(ApiKeys.created_at, ApiKeys.id)]

    async def count(self, user_id: UserId) -> int:
        """How many keys of a user were not revoked."""
        return int(await ApiKeys.count().where(ApiKeys.user_id == user_id, ApiKeys.revoked_at.is_null()))

    async def revoke(self, who: Principal, user_id: UserId, key_id: ApiKeyId, *, now: datetime) -> ApiKey:
        """End one key of a user within reach; what it was. Raises NotFound, also when it had ended before."""
        query = ApiKeys.select().where(ApiKeys.id == key_id, ApiKeys.user_id == user_id, ApiKeys.revoked_at.is_null())
        row = await within(query, who).first()
        if row is None:
            raise missing("API key", key_id)
        await within(ApiKeys.update({ApiKeys.revoked_at: now}).where(ApiKeys.id == key_id), who)
        return _to_key(row)

    async def revoke_primary(self, who: Principal, user_id: UserId, *, now: datetime) -> None:
        """End the primary key of a user within reach, if there is one."""
        mine = (ApiKeys.user_id == user_id) & ApiKeys.is_primary.eq(value=True) & ApiKeys.revoked_at.is_null()
        await within(ApiKeys.update({ApiKeys.revoked_at: now}).where(mine), who)


def _to_key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        prefix=row["prefix"],
        is_primary=bool(row["is_primary"]),
        allowed_ips=msgspec.json.decode(row["allowed_ips"], type=tuple[str, ...]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
