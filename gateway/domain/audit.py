"""The audit trail: who did what to the deployment."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from gateway.domain.ids import TenantId, UserId


class AuditLine(Struct, frozen=True, kw_only=True):
    """One deed, kept for ever unless pruned. It never holds a secret, not even a mistyped one."""

    action: str
    """`noun.verb_past`, such as `user.disabled`."""
    result: str
    """`ok`, or the code of the refusal."""
    at: datetime
    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    """Who did it; None when nobody is known, as in a failed login."""
    object: str = ""
    """The id of what it was done to."""
    ip: str | None = None
