"""The whole import of one database of that system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import ProviderName
from gateway.kit.clock import Clock
from gateway.kit.secrets import PasswordHasher
from gateway.providers.contract import Provider
from gateway.services.importing.report import Report
from gateway.services.importing.unit import all_or_nothing, require_an_administrator
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.instance_manager.companies import Companies
from gateway.services.instance_manager.database import opened
from gateway.services.instance_manager.history import History
from gateway.services.instance_manager.instances import InstanceKeys, InstancesOfOld
from gateway.services.instance_manager.networks import networks_of
from gateway.storage.storage import Storage


class Whose(Struct, frozen=True, kw_only=True):
    """Into which tenants the companies come: one of this id, one each, or the first administrator's."""

    tenant_id: TenantId | None = None
    each_its_own: bool = False


class Imported(Struct, frozen=True, kw_only=True):
    """What was done, and which new instances have no key yet."""

    report: Report
    without_key: Sequence[InstanceId]


async def import_instance_manager(
    url: str,
    storage: Storage,
    *,
    providers: Mapping[ProviderName, Provider],
    hasher: PasswordHasher,
    clock: Clock,
    rules: WebhookRules,
    instance_keys: InstanceKeys,
    schema: str | None = None,
    whose: Whose = Whose(),
    rehearse: bool = False,
) -> Imported:
    """Take over what that database holds and is not here yet. Repeatable. Whoever calls holds the process lock.

    With `rehearse` everything is done and undone, so the report says exactly what would be. Raises InvalidInput for a
    database that cannot be read or is another program's, NotFound for the tenant, Conflict while nobody administers
    this gateway or owns that tenant; nothing is changed then.
    """
    await require_an_administrator(storage)
    report = Report()
    companies = Companies(storage, hasher, clock, report, tenant_id=whose.tenant_id, each_its_own=whose.each_its_own)
    instances = InstancesOfOld(storage, clock, report, rules, networks_of(providers), instance_keys=instance_keys)
    async with opened(url, schema, clock.now()) as database, all_or_nothing(storage, rehearse=rehearse):
        await companies.prepare()
        taken = await instances.take(database, companies)
        await History(storage, clock, report, taken).take(database)
    return Imported(report=report, without_key=instances.without_key)
