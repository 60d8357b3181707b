"""Users that an import makes: with a key, and without a password that anybody knows."""

from __future__ import annotations

import secrets
from datetime import datetime

from gateway.domain.audit import AuditLine
from gateway.domain.tenants import User
from gateway.kit.secrets import NewKey, PasswordHasher
from gateway.services.api_keys import key_of
from gateway.services.importing.report import Report
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage


async def nobodys_password(hasher: PasswordHasher) -> str:
    """A hash of a password nobody knows: the operator sets another one before its user can log in."""
    return await hasher.hash(secrets.token_urlsafe(32))


class UserWriter:
    """Adds users, in the caller's transaction."""

    def __init__(self, storage: Storage, report: Report, now: datetime) -> None:
        self._storage = storage
        self._report = report
        self._now = now

    async def add(self, user: User, key: NewKey, password_hash: str) -> None:
        """Store a user whose primary key is this one. Its tenant is here already."""
        await self._storage.users.create(user, password_hash=password_hash, api_key=key.text)
        await self._storage.api_keys.create(
            key_of(user, key, name="primary", is_primary=True, now=self._now), key.digest
        )
        await self.audit("user.created", user.id)
        self._report.without_password.append(user)

    async def audit(self, action: str, object_: str) -> None:
        """Say in the audit trail what the operator did."""
        await self._storage.audit.add(
            AuditLine(
                action=action,
                result="ok",
                at=self._now,
                tenant_id=OPERATOR.tenant_id,
                user_id=OPERATOR.user_id,
                object=object_,
                ip=None,
            )
        )
