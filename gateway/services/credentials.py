"""From the text of a credential to whom it belongs, by asking the database."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_network

from gateway.domain.errors import Forbidden, Unauthenticated
from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.instances import ProviderName
from gateway.domain.tenants import ApiKey, CredentialKind, Principal, Role, User
from gateway.kit import secrets
from gateway.kit.clock import Clock
from gateway.services.principals import Recognised, may_come_from
from gateway.services.tokens import Tokens
from gateway.storage.storage import Storage

SHORTEST_KEY = 16
"""Characters. An operator may choose the first admin's key; ours are longer."""
_LONGEST = 512
_FOREVER = float("inf")


class Credentials:
    """Recognises login tokens, API keys and instance keys. Nothing is remembered here."""

    def __init__(self, storage: Storage, tokens: Tokens, clock: Clock, *, instance_keys: str) -> None:
        self._storage = storage
        self._tokens = tokens
        self._clock = clock
        self._instance_keys = instance_keys

    async def of_bearer(self, text: str, ip: str | None) -> Recognised | None:
        """A login token (two dots) or an instance key."""
        del ip  # neither has an allow-list
        return await (self._of_token(text) if text.count(".") == 2 else self._of_instance_key(text))

    async def of_bot_token(self, text: str) -> Recognised | None:
        """The token of a Telegram bot: whoever has it has the bot, and so the instance."""
        if not SHORTEST_KEY <= len(text) <= _LONGEST or not text.isascii() or ":" not in text:
            return None
        found = await self._storage.instances.find_by_token(ProviderName.TELEGRAM, secrets.digest(text))
        return await self._of_instance(found)

    async def of_api_key(self, text: str, ip: str | None) -> Recognised | None:
        """A user's key. Raises Forbidden when it is good and comes from outside its allow-list."""
        if not SHORTEST_KEY <= len(text) <= _LONGEST:
            return None
        candidates = await self._storage.api_keys.find_by_prefix(secrets.key_prefix(text))
        matching = [stored.key for stored in candidates if secrets.key_matches(text, stored.digest)]
        if not candidates:
            secrets.key_matches(text, None)  # an unknown prefix takes as long as a wrong key
        now = self._clock.now()
        if not matching or matching[0].revoked_at is not None or _seconds(matching[0], now) <= 0:
            return None
        key = matching[0]
        user = await self._storage.users.find(key.user_id)
        if user is None or not user.is_active:
            return None
        allowed = tuple(ip_network(each) for each in key.allowed_ips)
        if allowed and not may_come_from(ip, allowed):
            raise Forbidden("This API key may not be used from your address.", code="address_not_allowed")
        principal = _principal(user, CredentialKind.API_KEY, key.id)
        return Recognised(principal=principal, allowed=allowed, seconds=_seconds(key, now))

    async def _of_token(self, text: str) -> Recognised | None:
        try:
            claims = self._tokens.read(text)
        except Unauthenticated:
            return None
        user = await self._storage.users.find(claims.user_id)
        if user is None or not user.is_active or user.token_version != claims.token_version:
            return None
        if await self._storage.revoked_tokens.has(claims.token_id):
            return None
        seconds = (claims.expires_at - self._clock.now()).total_seconds()
        principal = _principal(user, CredentialKind.JWT, claims.token_id)
        return Recognised(principal=principal, allowed=(), seconds=seconds)

    async def _of_instance_key(self, text: str) -> Recognised | None:
        if not SHORTEST_KEY <= len(text) <= _LONGEST or not text.isascii() or not text.isprintable():
            return None
        instances = self._storage.instances
        if self._instance_keys == "secret":
            found = await instances.find_by_key(secrets.digest(text))
        else:
            found = await instances.owner(InstanceId(text))
        return await self._of_instance(found)

    async def _of_instance(self, found: tuple[InstanceId, TenantId, UserId] | None) -> Recognised | None:
        if found is None:
            return None
        instance_id, tenant_id, user_id = found
        owner = await self._storage.users.find(user_id)
        if owner is None or not owner.is_active:
            return None  # disabling somebody must close every door they hold a key to
        principal = Principal(
            tenant_id=tenant_id,
            user_id=user_id,
            role=Role.MEMBER,  # whatever its owner is: the key speaks for one instance
            credential=CredentialKind.INSTANCE_KEY,
            credential_id=instance_id,
            instance_id=instance_id,
        )
        return Recognised(principal=principal, allowed=(), seconds=_FOREVER)


def _principal(user: User, credential: CredentialKind, credential_id: str) -> Principal:
    return Principal(
        tenant_id=user.tenant_id,
        user_id=user.id,
        role=user.role,
        credential=credential,
        credential_id=credential_id,
        email=user.email,
    )


def _seconds(key: ApiKey, now: datetime) -> float:
    return _FOREVER if key.expires_at is None else (key.expires_at - now).total_seconds()
