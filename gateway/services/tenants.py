"""Administration of users and the tenants they live in."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.audit import AuditLine
from gateway.domain.errors import AlreadyExists, Conflict, InvalidInput
from gateway.domain.ids import TenantId, UserId, new_id
from gateway.domain.tenants import Principal, Role, Tenant, User
from gateway.kit.clock import Clock
from gateway.kit.passwords import weakness
from gateway.kit.secrets import NewKey, PasswordHasher, new_api_key
from gateway.services.api_keys import key_of
from gateway.services.auth import Auth
from gateway.services.checks import checked_email, checked_line, require_admin
from gateway.storage.storage import Storage


class NewUser(Struct, frozen=True, kw_only=True):
    """Somebody to let in."""

    email: str
    password: str
    first_name: str = ""
    last_name: str = ""
    role: Role | None = None
    """None: owner of a new tenant, member of an existing one."""
    tenant_id: TenantId | None = None
    """An existing tenant to join; None makes one."""
    tenant_name: str = ""
    """Name of the new tenant; empty means the e-mail."""

    def __repr__(self) -> str:
        return f"NewUser({self.email})"


class UserChanges(Struct, frozen=True, kw_only=True):
    """What to change; None leaves as it is."""

    first_name: str | None = None
    last_name: str | None = None
    role: Role | None = None
    is_active: bool | None = None


class CreatedUser(Struct, frozen=True, kw_only=True):
    """Somebody just let in, with the primary key for the first login of a program."""

    user: User
    api_key: str

    def __repr__(self) -> str:
        return f"CreatedUser({self.user.id})"


class Tenants:
    """What an administrator of the deployment does about users. Everything raises Forbidden for anybody else.

    There is no deletion: instances hang on the user who made them. Disabling closes every door at once.
    """

    def __init__(self, storage: Storage, *, auth: Auth, hasher: PasswordHasher, clock: Clock) -> None:
        self._storage = storage
        self._auth = auth
        self._hasher = hasher
        self._clock = clock

    async def create_user(
        self, who: Principal, new: NewUser, *, ip: str | None = None, key: NewKey | None = None
    ) -> CreatedUser:
        """Let somebody in, with a primary key (`key` if the operator chose one).

        Raises InvalidInput naming the field, NotFound for an unknown tenant, AlreadyExists for a taken e-mail.
        """
        require_admin(who)
        email = checked_email(new.email)
        first_name = checked_line(new.first_name, "first_name")
        last_name = checked_line(new.last_name, "last_name")
        joins = TenantId(checked_line(new.tenant_id, "tenant_id")) if new.tenant_id else None
        tenant_name = checked_line(new.tenant_name, "tenant_name") or email[:255]
        _check_password(new.password, email, first_name, last_name)
        password_hash = await self._hasher.hash(new.password)
        now = self._clock.now()
        made = key or new_api_key()
        user = User(
            id=UserId(new_id()),
            tenant_id=joins or TenantId(new_id()),
            email=email,
            first_name=first_name,
            last_name=last_name,
            role=new.role or (Role.MEMBER if joins else Role.OWNER),
            is_active=True,
            token_version=0,
            created_at=now,
            updated_at=now,
        )
        try:
            async with self._storage.transaction():
                if joins:
                    await self._storage.tenants.get(who, joins)
                else:
                    await self._storage.tenants.create(Tenant(id=user.tenant_id, name=tenant_name, created_at=now))
                await self._storage.users.create(user, password_hash=password_hash, api_key=made.text)
                primary = key_of(user, made, name="primary", is_primary=True, now=now)
                await self._storage.api_keys.create(primary, made.digest)
                await self._audit(who, "user.created", user.id, ip)
        except AlreadyExists:
            raise AlreadyExists("A user with this e-mail exists already.") from None
        return CreatedUser(user=user, api_key=made.text)

    async def list_users(self, who: Principal, *, limit: int, skip: int = 0) -> tuple[list[User], int]:
        """A page of all users, oldest first, and how many there are."""
        require_admin(who)
        return await self._storage.users.list(who, limit=limit, skip=skip)

    async def get_user(self, who: Principal, user_id: UserId) -> User:
        """One user. Raises NotFound."""
        require_admin(who)
        return await self._storage.users.get(who, user_id)

    async def find_user(self, who: Principal, email: str) -> User | None:
        """One user by e-mail, for the command line."""
        require_admin(who)
        found = await self._storage.users.find_login(checked_email(email))
        return found.user if found else None

    async def update_user(self, who: Principal, user_id: UserId, changes: UserChanges, *, ip: str | None) -> User:
        """Change names, role or activity. Another role, or being disabled, voids every login token of the user.

        Raises NotFound, InvalidInput, and Conflict when no active administrator would be left.
        """
        require_admin(who)
        async with self._storage.transaction():
            admins = await self._storage.users.lock_active_admins()
            before = await self._storage.users.lock(who, user_id)
            after = _changed(before, changes)
            stays_admin = after.role is Role.ADMIN and after.is_active
            if admins == {user_id} and not stays_admin:
                raise Conflict("This is the last active administrator; make another one first.", code="last_admin")
            if after == before:
                return before
            if (after.role, after.is_active) != (before.role, before.is_active):
                after = replace(after, token_version=before.token_version + 1)
            after = replace(after, updated_at=self._clock.now())
            await self._storage.users.update(who, after)
            await self._audit(who, _deed(before, after), user_id, ip)
        self._auth.forget(user_id)
        return after

    async def set_password(self, who: Principal, user_id: UserId, password: str, *, ip: str | None) -> None:
        """Give a user another password; every login token of the user is void."""
        require_admin(who)
        user = await self._storage.users.get(who, user_id)
        _check_password(password, user.email, user.first_name, user.last_name)
        password_hash = await self._hasher.hash(password)
        async with self._storage.transaction():
            await self._storage.users.set_password(who, user_id, password_hash, now=self._clock.now())
            await self._audit(who, "user.password_set", user_id, ip)
        self._auth.forget(user_id)

    async def is_empty(self) -> bool:
        """Whether nobody was let in yet."""
        return not await self._storage.users.any()

    async def _audit(self, who: Principal, action: str, user_id: UserId, ip: str | None) -> None:
        await self._storage.audit.add(
            AuditLine(
                action=action,
                result="ok",
                at=self._clock.now(),
                tenant_id=who.tenant_id,
                user_id=who.user_id,
                object=user_id,
                ip=ip,
            )
        )


def _check_password(password: str, *personal: str) -> None:
    if reason := weakness(password, personal=personal):
        raise InvalidInput(reason, field="password", code="weak_password")


def _changed(user: User, changes: UserChanges) -> User:
    first, last = changes.first_name, changes.last_name
    return replace(
        user,
        first_name=user.first_name if first is None else checked_line(first, "first_name"),
        last_name=user.last_name if last is None else checked_line(last, "last_name"),
        role=changes.role or user.role,
        is_active=user.is_active if changes.is_active is None else changes.is_active,
    )


def _deed(before: User, after: User) -> str:
    if before.is_active != after.is_active:
        return "user.enabled" if after.is_active else "user.disabled"
    return "user.role_changed" if before.role is not after.role else "user.renamed"
