"""Wire format of `/api/users`."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.ids import TenantId
from gateway.domain.tenants import Role, User
from gateway.services.tenants import CreatedUser, NewUser, UserChanges
from gateway.surfaces.http import iso


class NewUserBody(Struct, frozen=True, rename="camel"):
    """Somebody to let in."""

    email: Annotated[str, Meta(examples=["user@example.com"])]
    password: Annotated[str, Meta(description="8 to 1024 characters, not a common one.")]
    first_name: str = ""
    last_name: str = ""
    role: Annotated[Role | None, Meta(description="Default: owner of a new tenant, member of an existing one.")] = None
    tenant_id: Annotated[str | None, Meta(description="Tenant to join; absent makes a new one.")] = None
    tenant_name: Annotated[str, Meta(description="Name of the new tenant; default: the e-mail.")] = ""

    def to_new_user(self) -> NewUser:
        return NewUser(
            email=self.email,
            password=self.password,
            first_name=self.first_name,
            last_name=self.last_name,
            role=self.role,
            tenant_id=TenantId(self.tenant_id) if self.tenant_id else None,
            tenant_name=self.tenant_name,
        )


class UserChangesBody(Struct, frozen=True, rename="camel"):
    """What to change; absent or null leaves as it is."""

    first_name: str | None = None
    last_name: str | None = None
    role: Role | None = None
    is_active: bool | None = None

    def to_changes(self) -> UserChanges:
        return UserChanges(
            first_name=self.first_name, last_name=self.last_name, role=self.role, is_active=self.is_active
        )


class NewPasswordBody(Struct, frozen=True):
    """Another password for somebody else."""

    password: str


class UserItem(Struct, frozen=True, rename="camel"):
    """A user as an administrator sees them."""

    id: str
    tenant_id: str
    email: str
    first_name: str
    last_name: str
    role: Role
    is_active: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, user: User) -> "UserItem":
        return cls(
            id=user.id,
            tenant_id=user.tenant_id,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            role=user.role,
            is_active=user.is_active,
            created_at=iso(user.created_at),
            updated_at=iso(user.updated_at),
        )


class CreatedUserReply(Struct, frozen=True, rename="camel"):
    """Somebody just let in, with the primary API key."""

    user: UserItem
    api_key: str

    @classmethod
    def of(cls, created: CreatedUser) -> "CreatedUserReply":
        return cls(user=UserItem.of(created.user), api_key=created.api_key)


class UserList(Struct, frozen=True):
    """A page of users and how many there are in all."""

    users: list[UserItem]
    total: int
    limit: int
    skip: int
