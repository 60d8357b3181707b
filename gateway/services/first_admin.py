"""The first start: somebody has to be let in before anybody can let others in."""

from __future__ import annotations

import secrets

from msgspec import Struct

from gateway.domain.tenants import Role, User
from gateway.kit.secrets import NewKey, digest, key_prefix
from gateway.services.credentials import SHORTEST_KEY
from gateway.services.principals import OPERATOR
from gateway.services.tenants import NewUser, Tenants
from gateway.settings import Settings, SettingsError


class FirstAdmin(Struct, frozen=True, kw_only=True):
    """The administrator just made. `password` and `api_key` are set only when they were generated: print them once,
    to the terminal and never to a log. What the operator chose is not repeated.
    """

    user: User
    password: str | None
    api_key: str | None

    def __repr__(self) -> str:
        return f"FirstAdmin({self.user.email})"


async def ensure_first_admin(tenants: Tenants, settings: Settings) -> FirstAdmin | None:
    """Make the administrator when there is no user at all; None when there is one already.

    From ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_API_KEY where set, else generated. Raises SettingsError for an API key
    that is too short, InvalidInput for a password the policy refuses.
    """
    if not await tenants.is_empty():
        return None
    chosen_key = settings.admin_api_key.reveal() if settings.admin_api_key else None
    if chosen_key is not None and len(chosen_key) < SHORTEST_KEY:
        raise SettingsError(f"ADMIN_API_KEY must have at least {SHORTEST_KEY} characters.")
    generated = None if settings.admin_password else secrets.token_urlsafe(18)
    password = settings.admin_password.reveal() if settings.admin_password else generated
    assert password is not None  # one of the two lines above made it
    new = NewUser(
        email=settings.admin_email or "admin@example.com",
        password=password,
        first_name=settings.admin_first_name or "Admin",
        last_name=settings.admin_last_name or "User",
        role=Role.ADMIN,
        tenant_name="Administration",
    )
    key = NewKey(chosen_key, key_prefix(chosen_key), digest(chosen_key)) if chosen_key else None
    created = await tenants.create_user(OPERATOR, new, key=key)
    return FirstAdmin(user=created.user, password=generated, api_key=None if key else created.api_key)
