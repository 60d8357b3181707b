"""Tenants, the people in them, their keys, and who a request turned out to be."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.ids import ApiKeyId, InstanceId, TenantId, UserId


class Role(StrEnum):
    """What a user may do. `admin` reaches every tenant; the others only their own."""

    ADMIN = "admin"
    OWNER = "owner"
    MEMBER = "member"


class CredentialKind(StrEnum):
    """How a request proved who it is."""

    JWT = "jwt"
    API_KEY = "api_key"
    INSTANCE_KEY = "instance_key"
    NONE = "none"
    """It did not have to: MANAGER_OPEN."""


class Tenant(Struct, frozen=True, kw_only=True):
    """The boundary nothing crosses."""

    id: TenantId
    name: str
    created_at: datetime


class User(Struct, frozen=True, kw_only=True):
    """A person who logs in. `token_version` counts up to revoke every token issued before."""

    id: UserId
    tenant_id: TenantId
    email: str
    first_name: str
    last_name: str
    role: Role
    is_active: bool
    token_version: int
    created_at: datetime
    updated_at: datetime


class ApiKey(Struct, frozen=True, kw_only=True):
    """A long-lived secret of a user, sent as `x-api-key`. Only its prefix and digest are stored."""

    id: ApiKeyId
    tenant_id: TenantId
    user_id: UserId
    name: str
    prefix: str
    is_primary: bool
    allowed_ips: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Principal(Struct, frozen=True, kw_only=True):
    """Who this request is. Every service method takes one and every query is scoped by it."""

    tenant_id: TenantId
    user_id: UserId
    role: Role
    credential: CredentialKind
    credential_id: str
    """Key id, token id or instance id: what per-key rate limits and the audit trail count by."""
    email: str = ""
    instance_id: InstanceId | None = None
    """Set for an instance key: the one instance this principal reaches."""

    @property
    def is_admin(self) -> bool:
        """Whether this principal reaches every tenant. An instance key never does."""
        return self.role is Role.ADMIN and self.instance_id is None
