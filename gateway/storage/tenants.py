"""Tenants by id."""

from __future__ import annotations

from typing import Any

from gateway.domain.ids import TenantId
from gateway.domain.tenants import Principal, Tenant
from gateway.storage.engine import AnyEngine
from gateway.storage.scope import missing, within
from gateway.storage.tables import Tenants


class TenantStore:
    """The tenants of this deployment."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def create(self, tenant: Tenant) -> None:
        """Store a new tenant."""
        await Tenants.insert(Tenants(id=tenant.id, name=tenant.name, created_at=tenant.created_at))

    async def get(self, who: Principal, tenant_id: TenantId) -> Tenant:
        """One tenant within reach. Raises NotFound."""
        row = await within(Tenants.select().where(Tenants.id == tenant_id), who).first()
        if row is None:
            raise missing("Tenant", tenant_id)
        return _to_tenant(row)

    async def list(self, who: Principal, *, limit: int, skip: int = 0) -> list[Tenant]:
        """The tenants within reach, oldest first."""
        query = within(Tenants.select(), who).order_by(Tenants.created_at, Tenants.id)
        return [_to_tenant(row) for row in await query.limit(limit).offset(skip)]


def _to_tenant(row: dict[str, Any]) -> Tenant:
    return Tenant(id=TenantId(row["id"]), name=row["name"], created_at=row["created_at"])
