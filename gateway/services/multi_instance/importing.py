"""The whole import: one transaction over everything, kept or, for a rehearsal, undone."""

from __future__ import annotations

from pathlib import Path

from gateway.domain.errors import Conflict
from gateway.domain.ids import TenantId
from gateway.kit.clock import Clock
from gateway.kit.secrets import PasswordHasher
from gateway.services.multi_instance.file import opened
from gateway.services.multi_instance.history import History
from gateway.services.multi_instance.instances import InstancesOfOld
from gateway.services.multi_instance.messages import AddressOf
from gateway.services.multi_instance.people import People
from gateway.services.multi_instance.report import Report
from gateway.services.multi_instance.webhooks import WebhookRules
from gateway.services.principals import OPERATOR
from gateway.storage.storage import Storage


class _OnlyRehearsed(Exception):  # not a refusal: it undoes the transaction and is caught below
    pass


def _undo_if(rehearse: bool) -> None:
    if rehearse:
        raise _OnlyRehearsed


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
    if not await storage.users.any():
        raise Conflict("Start the gateway once before: its first start makes the administrator.", code="no_users")
    if tenant_id is not None:
        await storage.tenants.get(OPERATOR, tenant_id)
    report = Report()
    with opened(path, clock.now()) as file:
        report.left = file.left()
        try:
            async with storage.transaction():
                users = await People(storage, hasher, clock, report, tenant_id).take(file)
                instances = await InstancesOfOld(storage, clock, report, rules).take(file, users)
                await History(storage, address_of, clock, report, instances).take(file)
                _undo_if(rehearse)
        except _OnlyRehearsed:
            pass  # it was meant to be undone
    return report
