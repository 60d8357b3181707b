"""Instances of the old system: under their ids, stopped, each with its webhook."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Credentials, Instance, ProviderName
from gateway.domain.tenants import User
from gateway.kit.clock import Clock
from gateway.services.importing.instances import InstanceWriter, stopped
from gateway.services.importing.report import INSTANCES, WEBHOOKS, Report
from gateway.services.importing.row import OddRow, OldRow, printable
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.multi_instance.file import SYSTEM, OldFile
from gateway.services.multi_instance.webhooks import webhook_of
from gateway.storage.storage import Storage


class InstancesOfOld:
    """Takes instances over, in the caller's transaction."""

    def __init__(self, storage: Storage, clock: Clock, report: Report, rules: WebhookRules) -> None:
        self._now = clock.now()
        self._writer = InstanceWriter(storage, report, SYSTEM, self._now)
        self._report = report
        self._rules = rules

    async def take(self, file: OldFile, users: Mapping[str, User]) -> dict[InstanceId, TenantId]:
        """The instances whose contacts, messages and days may come in, with the tenant of each."""
        settings: dict[str, OldRow] = {}
        async for row in file.rows(WEBHOOKS):
            try:
                settings[row.identifier("instanceId")] = row
            except OddRow as odd:
                self._report.skip(WEBHOOKS, row, odd.sentence)
        taken: dict[InstanceId, TenantId] = {}
        async for row in file.rows(INSTANCES):
            try:
                instance_id = InstanceId(row.identifier("id"))
                taken[instance_id] = await self._take(row, instance_id, users, settings.pop(instance_id, None))
            except OddRow as odd:
                self._report.skip(INSTANCES, row, odd.sentence)
        for orphan, row in settings.items():
            self._report.skip(WEBHOOKS, row, f"There is no instance {orphan}.")
        return taken

    async def _take(
        self, row: OldRow, instance_id: InstanceId, users: Mapping[str, User], settings: OldRow | None
    ) -> TenantId:
        owner = users.get(row.text("userId"))
        if owner is None:
            raise OddRow(f"Its user {printable(row.text('userId')) or 'NULL'} was not imported.")
        if await self._writer.known(instance_id, owner.tenant_id, ProviderName.WHATSAPP):
            self._report.known[WEBHOOKS] += bool(row.text("webhookUrl"))
            return owner.tenant_id
        instance = self._instance(row, instance_id, owner)
        await self._writer.add(instance, Credentials(), None)
        await self._take_webhook(instance, row, settings)
        return instance.tenant_id

    async def _take_webhook(self, instance: Instance, row: OldRow, settings: OldRow | None) -> None:
        try:
            webhook = webhook_of(instance, row, settings, self._rules, self._now)
        except OddRow as odd:
            self._report.skip(WEBHOOKS, settings or row, f"{odd.sentence} Its instance is imported without it.")
            return
        if webhook is not None:
            await self._writer.add_webhook(row, webhook)

    def _instance(self, row: OldRow, instance_id: InstanceId, owner: User) -> Instance:
        name = row.line("name")
        if len(row.text("name").strip()) > len(name):
            self._report.note(INSTANCES, row, f"its name is one line of {len(name)} characters now.")
        created_at = row.moment_or("createdAt", self._now)
        return stopped(
            instance_id,
            owner,
            ProviderName.WHATSAPP,
            name=name,
            description=row.text("description"),
            sentence="Imported. Start it and scan its QR code to link it.",
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
            now=self._now,
        )
