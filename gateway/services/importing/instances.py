"""Instances of an older system, written under their ids: stopped, each with its webhook."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.tenants import User
from gateway.services.importing.report import INSTANCES, WEBHOOKS, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.importing.webhooks import Webhook
from gateway.storage.activity import NewActivity
from gateway.storage.storage import Storage


def stopped(
    instance_id: InstanceId,
    owner: User,
    provider: ProviderName,
    *,
    name: str,
    sentence: str,
    created_at: datetime,
    updated_at: datetime,
    now: datetime,
    description: str = "",
    label: str = "",
) -> Instance:
    """An instance nobody started yet; whatever its row claims, nothing of it is connected here."""
    return Instance(
        id=instance_id,
        tenant_id=owner.tenant_id,
        user_id=owner.id,
        name=name or instance_id,
        description=description,
        label=label,
        provider=provider,
        state=SessionState(kind=SessionStateKind.STOPPED, code="stopped", sentence=sentence, at=now),
        wanted=False,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=created_at,
        updated_at=updated_at,
    )


class InstanceWriter:
    """Adds instances, in the caller's transaction. None is started, and nobody's webhook is told anything."""

    def __init__(self, storage: Storage, report: Report, system: str, now: datetime) -> None:
        self._storage = storage
        self._report = report
        self._system = system
        self._now = now

    async def known(self, instance_id: InstanceId, tenant_id: TenantId, provider: ProviderName) -> bool:
        """Whether it is here already. Raises OddRow when what is here under its id is another one."""
        here = await self._storage.instances.find(instance_id)
        if here is None:
            return False
        if (here.tenant_id, here.provider) != (tenant_id, provider):
            raise OddRow("Another instance here has this id.")
        self._report.known[INSTANCES] += 1
        return True

    async def add(self, instance: Instance, credentials: Credentials, key_digest: str | None) -> None:
        """Store it."""
        await self._storage.instances.create(instance, credentials, key_digest)
        await self._storage.activity.add(
            [
                NewActivity(
                    tenant_id=instance.tenant_id,
                    instance_id=instance.id,
                    action="instance.created",
                    details={"name": instance.name, "importedFrom": self._system},
                    at=self._now,
                )
            ]
        )
        self._report.new[INSTANCES] += 1

    async def add_webhook(self, row: OldRow, webhook: Webhook) -> None:
        """Store an instance's first endpoint."""
        await self._storage.endpoints.create(webhook.endpoint, webhook.secret)
        self._report.new[WEBHOOKS] += 1
        for remark in webhook.remarks:
            self._report.note(INSTANCES, row, remark)
