"""Users by id, by e-mail and by tenant, with what only logging in needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import Principal, Role, User
from gateway.kit.secrets import Sealer
from gateway.storage.engine import AnyEngine
from gateway.storage.scope import missing, within
from gateway.storage.tables import Users


class UserLogin(Struct, frozen=True, kw_only=True):
    """A user with what proves a login. It never leaves the services."""

    user: User
    password_hash: str

    def __repr__(self) -> str:
        return f"UserLogin({self.user.id})"


class UserStore:
    """People and how they log in. E-mails are expected in normal form; they are unique over all tenants."""

    def __init__(self, engine: AnyEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def create(self, user: User, *, password_hash: str, api_key: str) -> None:
        """Store a new user with the primary key, sealed. Raises AlreadyExists when the e-mail is taken."""
        await Users.insert(
            Users(
                id=user.id,
                tenant_id=user.tenant_id,
                email=user.email,
                password_hash=password_hash,
                first_name=user.first_name,
                last_name=user.last_name,
                role=user.role.value,
                api_key_sealed=self._seal(user.id, api_key),
                token_version=user.token_version,
                is_active=user.is_active,
                created_at=user.created_at,
                updated_at=user.updated_at,
            )
        )

    async def any(self) -> bool:
        """Whether there is a user at all; the first start makes one when not."""
        return await Users.exists()

    async def oldest(self) -> User | None:
        """The first user there was, on behalf of nobody."""
        row = await Users.select(*_COLUMNS).order_by(Users.created_at, Users.id).first()
        return _to_user(row) if row else None

    async def find(self, user_id: UserId) -> User | None:
        """One user, on behalf of nobody (a token or key that names it is being checked)."""
        row = await Users.select(*_COLUMNS).where(Users.id == user_id).first()
        return _to_user(row) if row else None

    async def find_login(self, email: str) -> UserLogin | None:
        """One user with the secrets of logging in, on behalf of nobody."""
        return await self._login_where(Users.email == email)

    async def get_login(self, user_id: UserId) -> UserLogin:
        """The same by id, for a user who is already known. Raises NotFound."""
        found = await self._login_where(Users.id == user_id)
        if found is None:
            raise missing("User", user_id)
        return found

    async def get(self, who: Principal, user_id: UserId) -> User:
        """One user within reach. Raises NotFound."""
        row = await within(Users.select(*_COLUMNS).where(Users.id == user_id), who).first()
        if row is None:
            raise missing("User", user_id)
        return _to_user(row)

    async def list(self, who: Principal, *, limit: int, skip: int = 0) -> tuple[list[User], int]:
        """A page of the users within reach, oldest first, and how many there are in all."""
        query = within(Users.select(*_COLUMNS), who).order_by(Users.created_at, Users.id)
        rows = await query.limit(limit).offset(skip)
        return [_to_user(row) for row in rows], await self.count(who)

    async def count(self, who: Principal) -> int:
        """How many users are within reach."""
        return int(await within(Users.count(), who))

    async def update(self, who: Principal, user: User) -> None:
        """Replace the names, role, activity and token version of a user within reach."""
        values: dict[Any, Any] = {
            Users.first_name: user.first_name,
            Users.last_name: user.last_name,
            Users.role: user.role.value,
            Users.is_active: user.is_active,
            Users.token_version: user.token_version,
            Users.updated_at: user.updated_at,
        }
        await within(Users.update(values).where(Users.id == user.id), who)

    async def set_password(self, who: Principal, user_id: UserId, password_hash: str, *, now: datetime) -> None:
        """Replace the password of a user within reach; every token issued before is void."""
        values: dict[Any, Any] = {
            Users.password_hash: password_hash,
            Users.token_version: Users.token_version + 1,
            Users.updated_at: now,
        }
        await within(Users.update(values).where(Users.id == user_id), who)

    async def rehash(self, user_id: UserId, *, old: str, new: str) -> None:
        """Store the same password hashed with today's parameters, unless it was changed meanwhile."""
        await Users.update({Users.password_hash: new}).where(Users.id == user_id, Users.password_hash == old)

    async def api_key(self, user_id: UserId) -> str:
        """The primary key, for its owner's eyes. Raises NotFound, and SealError when ENCRYPTION_KEYS lost its key."""
        row = await Users.select(Users.api_key_sealed).where(Users.id == user_id).first()
        if row is None:
            raise missing("User", user_id)
        return self._sealer.open(row["api_key_sealed"], table="users", row=user_id, column="api_key_sealed")

    async def set_api_key(self, who: Principal, user_id: UserId, api_key: str) -> None:
        """Replace the sealed primary key of a user within reach."""
        sealed = self._seal(user_id, api_key)
        await within(Users.update({Users.api_key_sealed: sealed}).where(Users.id == user_id), who)

    async def lock(self, who: Principal, user_id: UserId) -> User:
        """One user within reach, unchanged by others until the surrounding transaction ends. Raises NotFound."""
        query = within(Users.select(*_COLUMNS).where(Users.id == user_id), who)
        row = await self._locked(query).first()
        if row is None:
            raise missing("User", user_id)
        return _to_user(row)

    async def lock_active_admins(self) -> set[UserId]:
        """The admins who can log in; nobody demotes or disables one until the surrounding transaction ends."""
        query = Users.select(Users.id).where(Users.role == Role.ADMIN.value, Users.is_active.eq(value=True))
        return {UserId(row["id"]) for row in await self._locked(query.order_by(Users.id))}

    def _locked(self, query: Any) -> Any:
        # SQLite's transactions are IMMEDIATE: one writer at a time, nothing to lock row by row.
        return query.lock_rows("UPDATE") if self._engine.kind == "postgres" else query

    async def _login_where(self, condition: Any) -> UserLogin | None:
        row = await Users.select(*_COLUMNS, Users.password_hash).where(condition).first()
        return UserLogin(user=_to_user(row), password_hash=row["password_hash"]) if row else None

    def _seal(self, user_id: UserId, api_key: str) -> str:
        return self._sealer.seal(api_key, table="users", row=user_id, column="api_key_sealed")


_COLUMNS = (
    Users.id,
    Users.tenant_id,
    Users.email,
    Users.first_name,
    Users.last_name,
    Users.role,
    Users.is_active,
    Users.token_version,
    Users.created_at,
    Users.updated_at,
)


def _to_user(row: dict[str, Any]) -> User:
    return User(
        id=UserId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        role=Role(row["role"]),
        is_active=bool(row["is_active"]),
        token_version=row["token_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
