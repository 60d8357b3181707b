"""API keys of users: make, list, revoke, and rotate the primary one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network

from msgspec import Struct

from gateway.domain.audit import AuditLine
from gateway.domain.errors import Conflict, Forbidden, InvalidInput
from gateway.domain.ids import ApiKeyId, UserId, new_id
from gateway.domain.tenants import ApiKey, CredentialKind, Principal, User
from gateway.kit.clock import Clock
from gateway.kit.secrets import NewKey, new_api_key
from gateway.services.auth import Auth
from gateway.services.checks import checked_line, require_admin, require_person
from gateway.storage.storage import Storage

MOST_KEYS = 50
"""Keys one user may have at a time."""
MOST_NETWORKS = 50
"""Networks one allow-list may name."""


class IssuedKey(Struct, frozen=True, kw_only=True):
    """A key just made. `text` is shown this once."""

    key: ApiKey
    text: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.id})"


class ApiKeys:
    """What a user may do about keys. Managing them takes a login or the primary key: a key that was given to
    somebody for a while must not make itself a successor.
    """

    def __init__(self, storage: Storage, *, auth: Auth, clock: Clock) -> None:
        self._storage = storage
        self._auth = auth
        self._clock = clock

    async def list(self, who: Principal) -> list[ApiKey]:
        """One's own keys that were not revoked, oldest first."""
        require_person(who)
        return await self._storage.api_keys.list(who, who.user_id)

    async def create(
        self,
        who: Principal,
        *,
        name: str,
        allowed_ips: Sequence[str] = (),
        expires_at: datetime | None = None,
        ip: str | None,
    ) -> IssuedKey:
        """A further key of one's own. `allowed_ips` are addresses or networks (CIDR); none means anywhere.

        Raises InvalidInput naming the field, Conflict at `MOST_KEYS`.
        """
        await self._require_management(who)
        name = checked_line(name, "name", required=True)
        networks = _checked_networks(allowed_ips)
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise InvalidInput("expires_at must be in the future", field="expires_at")
        if await self._storage.api_keys.count(who.user_id) >= MOST_KEYS:
            raise Conflict(f"You have {MOST_KEYS} API keys already; revoke one first.", code="too_many_keys")
        user = await self._storage.users.get(who, who.user_id)
        made = new_api_key()
        key = key_of(user, made, name=name, is_primary=False, now=now, allowed_ips=networks, expires_at=expires_at)
        async with self._storage.transaction():
            await self._storage.api_keys.create(key, made.digest)
            await self._audit(who, "api_key.created", key.id, ip)
        return IssuedKey(key=key, text=made.text)

    async def revoke(self, who: Principal, key_id: ApiKeyId, *, ip: str | None) -> None:
        """End one of one's own further keys, at once. Raises NotFound, and Conflict for the primary key."""
        await self._require_management(who)
        async with self._storage.transaction():
            key = await self._storage.api_keys.revoke(who, who.user_id, key_id, now=self._clock.now())
            if key.is_primary:
                raise Conflict("The primary key cannot be revoked; rotate it instead.", code="primary_key")
            await self._audit(who, "api_key.revoked", key_id, ip)
        self._auth.forget(key_id)

    async def rotate_primary(self, who: Principal, *, ip: str | None) -> IssuedKey:
        """A new primary key of one's own; the old one ends at once."""
        await self._require_management(who)
        return await self._rotate(who, who.user_id, ip)

    async def rotate_primary_of(self, who: Principal, user_id: UserId, *, ip: str | None) -> IssuedKey:
        """The same for another user, by an administrator."""
        require_admin(who)
        return await self._rotate(who, user_id, ip)

    async def _rotate(self, who: Principal, user_id: UserId, ip: str | None) -> IssuedKey:
        made = new_api_key()
        now = self._clock.now()
        async with self._storage.transaction():
            user = await self._storage.users.lock(who, user_id)  # two rotations at once must not leave two primaries
            key = key_of(user, made, name="primary", is_primary=True, now=now)
            await self._storage.api_keys.revoke_primary(who, user_id, now=now)
            await self._storage.api_keys.create(key, made.digest)
            await self._storage.users.set_api_key(who, user_id, made.text)
            await self._audit(who, "api_key.rotated", key.id, ip)
        self._auth.forget(user_id)
        return IssuedKey(key=key, text=made.text)

    async def _require_management(self, who: Principal) -> None:
        require_person(who)
        if who.credential is not CredentialKind.API_KEY:
            return
        keys = await self._storage.api_keys.list(who, who.user_id)
        if not any(key.is_primary and key.id == who.credential_id for key in keys):
            raise Forbidden("Log in, or use your primary API key, to manage keys.")

    async def _audit(self, who: Principal, action: str, key_id: ApiKeyId, ip: str | None) -> None:
        await self._storage.audit.add(
            AuditLine(
                action=action,
                result="ok",
                at=self._clock.now(),
                tenant_id=who.tenant_id,
                user_id=who.user_id,
                object=key_id,
                ip=ip,
            )
        )


def key_of(
    user: User,
    made: NewKey,
    *,
    name: str,
    is_primary: bool,
    now: datetime,
    allowed_ips: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> ApiKey:
    """The record of a key just made for this user."""
    return ApiKey(
        id=ApiKeyId(new_id()),
        tenant_id=user.tenant_id,
        user_id=user.id,
        name=name,
        prefix=made.prefix,
        is_primary=is_primary,
        allowed_ips=allowed_ips,
        created_at=now,
        expires_at=expires_at,
    )


def _checked_networks(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) > MOST_NETWORKS:
        raise InvalidInput(f"allowed_ips may name at most {MOST_NETWORKS} networks", field="allowed_ips")
    try:
        return tuple(dict.fromkeys(str(ip_network(text.strip(), strict=False)) for text in texts))
    except ValueError:
        raise InvalidInput(
            "allowed_ips must be addresses or networks such as 203.0.113.7 or 10.0.0.0/8", field="allowed_ips"
        ) from None
