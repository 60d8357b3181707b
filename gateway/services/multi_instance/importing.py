"""The whole import of one SQLite file."""

from __future__ import annotations

from pathlib import Path

from gateway.domain.ids import TenantId
from gateway.kit.clock import Clock
from gateway.kit.secrets import PasswordHasher
from gateway.services.importing.content import AddressOf
from gateway.services.importing.report import Report
from gateway.services.importing.unit import all_or_nothing, require_an_administrator
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.multi_instance.file import opened
from gateway.services.multi_instance.history import History
from gateway.services.multi_instance.instances import InstancesOfOld
from gateway.services.multi_instance.people import People
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage


async def import_multi_instance(
    path: Path,
    storage: Storage,
    *,
    hasher: PasswordHasher,
    clock: Clock,
    address_of: AddressOf,
    rules: WebhookRules,
    tenant_id: TenantId | None = None,
    rehearse: bool = False,
) -> Report:
    """Take over what the file holds and is not here yet. Repeatable. Whoever calls holds the process lock.

    Each user gets a tenant, or all of them join `tenant_id`. With `rehearse` everything is done and undone, so the
    report says exactly what would be. Raises InvalidInput for a file that is another one or damaged anywhere, NotFound
    for the tenant, Conflict while nobody administers this gateway; nothing is changed then.
    """
    await require_an_administrator(storage)
    if tenant_id is not None:
        await storage.tenants.get(OPERATOR, tenant_id)
    report = Report()
    with opened(path, clock.now()) as file:
        report.left = file.left()
        async with all_or_nothing(storage, rehearse=rehearse):
            users = await People(storage, hasher, clock, report, tenant_id).take(file)
            instances = await InstancesOfOld(storage, clock, report, rules).take(file, users)
            await History(storage, address_of, clock, report, instances).take(file)
    return report
