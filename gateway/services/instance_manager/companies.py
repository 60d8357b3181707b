"""Whose an instance of that system becomes here.

That system has companies (`company_id`, a text without a table of its own) and no users: whoever reached it reached
everything. Here everything lies in a tenant and belongs to a user. Either all companies join one tenant, where
`company_id` is a label, or each becomes a tenant with an owner.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

from msgspec import structs

from gateway.domain.errors import Conflict
from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import Role, Tenant, User
from gateway.kit.clock import Clock
from gateway.kit.secrets import PasswordHasher, new_api_key
from gateway.services.importing.people import UserWriter, nobodys_password
from gateway.services.importing.report import COMPANIES, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage

LONGEST_COMPANY: Final = 255
EMAIL_DOMAIN: Final = "instance-manager.invalid"
"""Nobody's: `.invalid` is reserved (RFC 2606, section 2), so an owner's e-mail leads nowhere until it is changed."""

_TENANTS: Final = uuid.UUID("4d0f5a0e-8f4b-5c1a-9a7e-3c1f0b6d2e55")
"""Under which a company's text becomes its tenant's id: a second import has to find the same one."""
_PAGE: Final = 200


class Companies:
    """Gives each instance its owner, in the caller's transaction.

    With `tenant_id` that is somebody of that tenant, with `each_its_own` the owner of the company's tenant, else the
    first administrator. `prepare` is called before `owner_of`.
    """

    def __init__(
        self,
        storage: Storage,
        hasher: PasswordHasher,
        clock: Clock,
        report: Report,
        *,
        tenant_id: TenantId | None,
        each_its_own: bool,
    ) -> None:
        self._storage = storage
        self._hasher = hasher
        self._now = clock.now()
        self._report = report
        self._writer = UserWriter(storage, report, self._now)
        self._tenant_id = tenant_id
        self._each_its_own = each_its_own
        self._everybodys: User | None = None
        self._owners: dict[str, User] = {}
        self._password_hash = ""

    async def prepare(self) -> None:
        """Look for whoever owns what joins one tenant. Raises NotFound for the tenant, Conflict when it is empty."""
        if self._each_its_own:
            self._password_hash = await nobodys_password(self._hasher)
            return
        if self._tenant_id is not None:
            await self._storage.tenants.get(OPERATOR, self._tenant_id)
        self._everybodys = await self._first_in(self._tenant_id)

    async def owner_of(self, row: OldRow) -> User:
        """Who owns an instance of that system here. Raises OddRow."""
        if self._everybodys is not None:
            return self._everybodys
        company = company_of(row)
        if not company:
            raise OddRow("It has no company; --tenant ID says whose it becomes.")
        if company not in self._owners:
            self._owners[company] = await self._own(company)
        return self._owners[company]

    async def _own(self, company: str) -> User:
        tenant_id = TenantId(str(uuid.uuid5(_TENANTS, company)))
        user_id = UserId(str(uuid.uuid5(_TENANTS, f"owner of {tenant_id}")))
        here = await self._storage.users.find(user_id)
        if here is not None:
            self._report.known[COMPANIES] += 1
            return here
        owner = User(
            id=user_id,
            tenant_id=tenant_id,
            email=_email(company, tenant_id),
            first_name="",
            last_name=company,
            role=Role.OWNER,
            is_active=True,
            token_version=0,
            created_at=self._now,
            updated_at=self._now,
        )
        await self._storage.tenants.create(Tenant(id=tenant_id, name=company, created_at=self._now))
        await self._writer.add(owner, new_api_key(), self._password_hash)
        self._report.new[COMPANIES] += 1
        return owner

    async def _first_in(self, tenant_id: TenantId | None) -> User:
        """The longest-serving active user who may administer: the deployment, or this tenant of it."""
        who = OPERATOR if tenant_id is None else structs.replace(OPERATOR, tenant_id=tenant_id, role=Role.OWNER)
        skip = 0
        while page := (await self._storage.users.list(who, limit=_PAGE, skip=skip))[0]:
            for user in page:
                if user.is_active and (user.role is Role.ADMIN or (tenant_id is not None and user.role is Role.OWNER)):
                    return user
            skip += len(page)
        if tenant_id is None:
            raise Conflict("No administrator is active here; `python -m gateway user enable EMAIL` lets one in again.")
        raise Conflict(
            f"Nobody owns tenant {tenant_id};"
            f" `python -m gateway user add EMAIL --role owner --tenant {tenant_id}` lets somebody in."
        )


def company_of(row: OldRow) -> str:
    """Its company as one line; empty for none. `user_id` is what older versions call it."""
    return row.line("company_id", LONGEST_COMPANY) or row.line("user_id", LONGEST_COMPANY)


def _email(company: str, tenant_id: TenantId) -> str:
    """Readable, and with a part of the id because two companies may look alike."""
    readable = re.sub(r"[^a-z0-9]+", "-", company.casefold()).strip("-")[:40].strip("-")
    return f"{readable or 'company'}-{tenant_id[:8]}@{EMAIL_DOMAIN}"
