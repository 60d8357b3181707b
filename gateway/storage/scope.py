"""The one place a tenant filter is written.

Every query made on somebody's behalf passes through `within` (Piccolo queries) or `predicate` (raw SQL).
An admin of the deployment reaches every tenant, a user their own tenant, an instance key its own instance.
Queries that serve the machinery itself (dispatcher, inbox, upkeep) act for nobody and are not scoped;
they are only reachable from `services`, never with an id a caller chose.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

from piccolo.querystring import QueryString
from piccolo.table import Table

from gateway.domain.errors import NotFound, NotYours
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.storage.tables import Instances, Tenants


class _Filterable(Protocol):
    table: Any

    def where(self, *where: Any) -> Self: ...


Q = TypeVar("Q", bound=_Filterable)


def within(query: Q, who: Principal) -> Q:
    """The same query, reaching only what `who` may see. Works for select, objects, count, exists, update and delete."""
    if who.is_admin:
        return query
    table: type[Table] = query.table
    tenant_column = _tenant_column(table)
    query = query.where(tenant_column == who.tenant_id)
    if who.instance_id is not None:
        query = query.where(_instance_column(table) == who.instance_id)
    return query


def predicate(who: Principal, table: type[Table], alias: str | None = None) -> QueryString:
    """The same filter as a fragment for raw SQL: `WHERE {} AND ...` with this as the argument."""
    if who.is_admin:
        return QueryString("1 = 1")
    prefix = f"{alias or table._meta.tablename}."
    tenant = f"{prefix}{_tenant_column(table)._meta.db_column_name} = {{}}"
    if who.instance_id is None:
        return QueryString(tenant, who.tenant_id)
    instance = f"{prefix}{_instance_column(table)._meta.db_column_name} = {{}}"
    return QueryString(f"{tenant} AND {instance}", who.tenant_id, who.instance_id)


def check_instance(who: Principal, instance_id: InstanceId, tenant_id: TenantId) -> None:
    """Refuse an instance outside the caller's reach. Raises NotYours, which hiding surfaces show as not found."""
    if who.is_admin:
        return
    if who.tenant_id != tenant_id or (who.instance_id is not None and who.instance_id != instance_id):
        raise NotYours("You do not have access to this instance")


def missing(noun: str, key: object) -> NotFound:
    """The refusal for something that is not there, or not there for this caller."""
    return NotFound(f"{noun} {key} not found")


def _tenant_column(table: type[Table]) -> Any:
    return Tenants.id if table is Tenants else table._meta.get_column_by_name("tenant_id")


def _instance_column(table: type[Table]) -> Any:
    if table is Instances:
        return Instances.id
    columns = {column._meta.name for column in table._meta.columns}
    if "instance_id" not in columns:
        raise NotFound("An instance key reaches only its own instance")
    return table._meta.get_column_by_name("instance_id")
