"""Wire format of `/api/auth`."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.tenants import ApiKey, User
from gateway.services.api_keys import IssuedKey
from gateway.services.auth import Login
from gateway.surfaces.http import iso, maybe_iso


class LoginBody(Struct, frozen=True):
    """Who wants in. Both are required."""

    email: Annotated[str | None, Meta(examples=["user@example.com"])] = None
    password: str | None = None


class LoginUser(Struct, frozen=True, rename="camel"):
    """The user who logged in, with the primary API key."""

    id: str
    email: str
    first_name: str
    last_name: str
    api_key: str


class LoginReply(Struct, frozen=True):
    """A login token, to be sent as `Authorization: Bearer <token>`."""

    token: str
    user: LoginUser

    @classmethod
    def of(cls, login: Login) -> "LoginReply":
        user = login.user
        return cls(
            token=login.token,
            user=LoginUser(
                id=user.id,
                email=user.email,
                first_name=user.first_name,
                last_name=user.last_name,
                api_key=login.api_key,
            ),
        )


class Me(Struct, frozen=True, rename="camel"):
    """The user behind the credential of this request."""

    id: str
    email: str
    first_name: str
    last_name: str
    role: str
    tenant_id: str

    @classmethod
    def of(cls, user: User) -> "Me":
        return cls(
            id=user.id,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            role=user.role.value,
            tenant_id=user.tenant_id,
        )


class Done(Struct, frozen=True):
    """It happened."""

    message: str
    success: bool = True


class PasswordBody(Struct, frozen=True, rename="camel"):
    """A change of one's own password."""

    current_password: str
    new_password: str


class NewKeyBody(Struct, frozen=True, rename="camel"):
    """A further API key."""

    name: Annotated[str, Meta(examples=["CRM"])]
    allowed_ips: Annotated[
        list[str], Meta(description="Addresses or networks it may be used from; none means anywhere.")
    ] = []
    expires_at: Annotated[str | None, Meta(description="ISO 8601; absent means never.")] = None


class KeyItem(Struct, frozen=True, rename="camel"):
    """An API key, without the key."""

    id: str
    name: str
    prefix: Annotated[str, Meta(description="The readable part of the key, to recognise it by.")]
    is_primary: bool
    allowed_ips: list[str]
    created_at: str
    expires_at: str | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyItem":
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            is_primary=key.is_primary,
            allowed_ips=list(key.allowed_ips),
            created_at=iso(key.created_at),
            expires_at=maybe_iso(key.expires_at),
        )


class KeyReply(Struct, frozen=True, rename="camel"):
    """An API key just made; `apiKey` is shown this once."""

    api_key: str
    key: KeyItem

    @classmethod
    def of(cls, issued: IssuedKey) -> "KeyReply":
        return cls(api_key=issued.text, key=KeyItem.of(issued.key))
