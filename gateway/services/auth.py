"""Who is asking: logging in and out, and recognising the credential of each request."""

from __future__ import annotations

from msgspec import Struct
from prometheus_client import Counter

from gateway.domain.audit import AuditLine
from gateway.domain.errors import InvalidInput, TooManyRequests, Unauthenticated
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import CredentialKind, Principal, Role, User
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.passwords import LONGEST, weakness
from gateway.kit.secrets import PasswordHasher, SealError
from gateway.services.checks import normal_email, require_person
from gateway.services.credentials import Credentials
from gateway.services.principals import PrincipalCache, digest_of
from gateway.services.throttle import LoginThrottle
from gateway.services.tokens import Tokens
from gateway.storage.storage import Storage
from gateway.storage.users import UserLogin

log = get_logger(__name__)


class Login(Struct, frozen=True, kw_only=True):
    """What a successful login gives."""

    token: str
    user: User
    api_key: str
    """The user's primary API key; empty when the key that sealed it is gone from ENCRYPTION_KEYS."""

    def __repr__(self) -> str:
        return f"Login({self.user.id})"


class Auth:
    """Logging in, logging out, and `authenticate`, which every request passes.

    A recognised credential is remembered for a few seconds (`principals.TTL`); whoever changes a user, a key or an
    instance in this process calls `forget`, so that the change takes effect at once.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        tokens: Tokens,
        hasher: PasswordHasher,
        throttle: LoginThrottle,
        clock: Clock,
        instance_keys: str = "id",
    ) -> None:
        self._storage = storage
        self._tokens = tokens
        self._hasher = hasher
        self._throttle = throttle
        self._clock = clock
        self._cache = PrincipalCache(clock.monotonic)
        self.recognised = self._cache
        """Who was recognised a moment ago, for `services.caches`."""
        self._credentials = Credentials(storage, tokens, clock, instance_keys=instance_keys)
        self._logins = Counter("gateway_logins", "Attempts to log in, by result.", ["result"], registry=None)
        self.metrics = (self._logins,)

    async def authenticate(
        self, *, bearer: str | None, api_key: str | None, ip: str | None, bot_tokens: bool = False
    ) -> Principal:
        """Who sent these credentials. The bearer is tried first; a bad one does not spoil a good API key.

        `bearer` is what stood after `Bearer` in Authorization: a login token or an instance key, and with `bot_tokens`
        also the token of a Telegram instance's bot. `ip` is the caller's address after the trusted proxies. Raises
        Unauthenticated, and Forbidden for a good key used from outside its allow-list.
        """
        if bearer:
            digest = digest_of(bearer, b"b:")
            who = self._cache.get(digest, ip) or await self._look_up(digest, ip, bearer=bearer)
            if who is not None:
                return who
        if bearer and bot_tokens:
            digest = digest_of(bearer, b"t:")
            who = self._cache.get(digest, ip) or await self._look_up(digest, ip, bot_token=bearer)
            if who is not None:
                return who
        if api_key:
            digest = digest_of(api_key, b"k:")
            who = self._cache.get(digest, ip) or await self._look_up(digest, ip, api_key=api_key)
            if who is not None:
                return who
        raise Unauthenticated

    async def anybody(self) -> Principal:
        """Who a caller without a credential is where MANAGER_OPEN lets them in: an owner in the first user's tenant.

        Raises Unauthenticated when that user is disabled or there is none.
        """
        first = await self._storage.users.oldest()
        if first is None or not first.is_active:
            raise Unauthenticated
        return Principal(
            tenant_id=first.tenant_id,
            user_id=first.id,
            role=Role.OWNER,  # of that tenant alone, whatever the first user may do
            credential=CredentialKind.NONE,
            credential_id="nobody",
        )

    async def login(self, email: str, password: str, *, ip: str | None) -> Login:
        """A token for an e-mail and a password.

        An unknown user, a wrong password and a disabled user get the same Unauthenticated after the same work. Raises
        TooManyRequests when this account or this address failed too often lately; no account is locked for good.
        """
        account = normal_email(email)
        try:
            attempt = self._throttle.begin(account or email.casefold()[:LONGEST], ip)
        except TooManyRequests:
            self._logins.labels(result="throttled").inc()
            log.warning("login_throttled", ip=ip)
            raise
        found = await self._storage.users.find_login(account) if account else None
        if not await self._proves(found, password) or found is None or not found.user.is_active:
            self._logins.labels(result="failed").inc()
            await self._audit("user.login_failed", ip, found.user if found else None, result="invalid_credentials")
            raise Unauthenticated("Invalid credentials")
        attempt.succeeded()
        await self._rehash(found, password)
        self._logins.labels(result="ok").inc()
        await self._audit("user.logged_in", ip, found.user)
        return await self._admit(found.user)

    async def me(self, who: Principal) -> User:
        """The user behind a credential."""
        require_person(who)
        return await self._storage.users.get(who, who.user_id)

    async def logout(self, who: Principal, token: str, *, ip: str | None) -> None:
        """End one login token now. Raises InvalidInput when the caller came with something else."""
        if who.credential is not CredentialKind.JWT:
            raise InvalidInput("Only a login token can be logged out; API keys are revoked or rotated.")
        claims = self._tokens.read(token)
        await self._storage.revoked_tokens.add(claims.token_id, claims.expires_at)
        self.forget(claims.token_id)
        await self._audit("user.logged_out", ip, await self._storage.users.get(who, who.user_id))

    async def change_password(self, who: Principal, *, current: str, new: str, ip: str | None) -> Login:
        """Replace one's own password. Every login token issued before is void; the answer carries a new one.

        The current password is asked for and throttled as in a login, so that a borrowed session cannot take over the
        account. API keys go on working: rotate them if they may be known.
        """
        require_person(who)
        found = await self._storage.users.get_login(who.user_id)
        attempt = self._throttle.begin(found.user.email, ip)
        if not await self._proves(found, current):
            await self._audit("user.password_changed", ip, found.user, result="invalid_credentials")
            raise InvalidInput("The current password is not right", field="current_password", code="wrong_password")
        attempt.succeeded()
        user = found.user
        if reason := weakness(new, personal=(user.email, user.first_name, user.last_name)):
            raise InvalidInput(reason, field="new_password", code="weak_password")
        password_hash = await self._hasher.hash(new)
        await self._storage.users.set_password(who, user.id, password_hash, now=self._clock.now())
        self.forget(user.id)
        await self._audit("user.password_changed", ip, user)
        return await self._admit(await self._storage.users.get(who, user.id))

    def forget(self, changed: str) -> None:
        """Something about a user, key, token or instance (by its id) changed: look again at the next request."""
        self._cache.forget(changed)

    def forget_instance(self, instance_id: InstanceId) -> None:
        """An instance was deleted, moved, or got another key."""
        self._cache.forget(instance_id)

    async def _look_up(
        self,
        digest: bytes,
        ip: str | None,
        *,
        bearer: str | None = None,
        bot_token: str | None = None,
        api_key: str | None = None,
    ) -> Principal | None:
        generation = self._cache.generation
        if bearer:
            found = await self._credentials.of_bearer(bearer, ip)
        elif bot_token:
            found = await self._credentials.of_bot_token(bot_token)
        else:
            found = await self._credentials.of_api_key(api_key or "", ip)
        if found is None:
            return None
        self._cache.put(digest, found, generation=generation)
        return found.principal

    async def _proves(self, found: UserLogin | None, password: str) -> bool:
        # One verification whoever it is: the time taken must not tell who has an account here.
        too_long = len(password) > LONGEST
        stored = found.password_hash if found and not too_long else None
        return await self._hasher.verify(stored, password[:LONGEST])

    async def _rehash(self, found: UserLogin, password: str) -> None:
        if self._hasher.needs_rehash(found.password_hash):
            better = await self._hasher.hash(password)
            await self._storage.users.rehash(found.user.id, old=found.password_hash, new=better)

    async def _admit(self, user: User) -> Login:
        try:
            api_key = await self._storage.users.api_key(user.id)
        except SealError as problem:
            log.warning("primary_key_unreadable", user_id=user.id, reason=str(problem))
            api_key = ""
        return Login(token=self._tokens.issue(user).text, user=user, api_key=api_key)

    async def _audit(self, action: str, ip: str | None, user: User | None, *, result: str = "ok") -> None:
        known = user is not None and result == "ok"
        await self._storage.audit.add(
            AuditLine(
                action=action,
                result=result,
                at=self._clock.now(),
                tenant_id=user.tenant_id if user else None,
                user_id=user.id if user and known else None,
                object=user.id if user else "unknown",
                ip=ip,
            )
        )
