"""Instances of the old system: under their ids, stopped, each with its webhook."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.tenants import User
from gateway.kit.clock import Clock
from gateway.services.multi_instance.file import INSTANCES, SYSTEM, WEBHOOKS, OldFile
from gateway.services.multi_instance.report import Report
from gateway.services.multi_instance.row import OddRow, OldRow, printable
from gateway.services.multi_instance.webhooks import WebhookRules, webhook_of
from gateway.storage.activity import NewActivity
from gateway.storage.storage import Storage


class InstancesOfOld:
    """Takes instances over, in the caller's transaction. None is started, and nobody's webhook is told anything."""

    def __init__(self, storage: Storage, clock: Clock, report: Report, rules: WebhookRules) -> None:
        self._storage = storage
        self._now = clock.now()
        self._report = report
        self._rules = rules

    async def take(self, file: OldFile, users: Mapping[str, User]) -> dict[InstanceId, TenantId]:
        """The instances whose contacts, messages and days may come in, with the tenant of each."""
        settings: dict[str, OldRow] = {}
        for row in file.rows(WEBHOOKS):
            try:
                settings[row.identifier("instanceId")] = row
            except OddRow as odd:
                self._report.skip(WEBHOOKS, row, odd.sentence)
        taken: dict[InstanceId, TenantId] = {}
        for row in file.rows(INSTANCES):
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
        here = await self._storage.instances.find(instance_id)
        if here is not None:
            if (here.tenant_id, here.provider) != (owner.tenant_id, ProviderName.WHATSAPP):
                raise OddRow("Another instance here has this id.")
            self._report.known[INSTANCES] += 1
            self._report.known[WEBHOOKS] += bool(row.text("webhookUrl"))
            return here.tenant_id
        instance = self._instance(row, instance_id, owner)
        await self._storage.instances.create(instance, Credentials(), None)
        await self._take_webhook(instance, row, settings)
        await self._storage.activity.add(
            [
                NewActivity(
                    tenant_id=instance.tenant_id,
                    instance_id=instance_id,
                    action="instance.created",
                    details={"name": instance.name, "importedFrom": SYSTEM},
                    at=self._now,
                )
            ]
        )
        self._report.new[INSTANCES] += 1
        return instance.tenant_id

    async def _take_webhook(self, instance: Instance, row: OldRow, settings: OldRow | None) -> None:
        try:
            webhook = webhook_of(instance, row, settings, self._rules, self._now)
        except OddRow as odd:
            self._report.skip(WEBHOOKS, settings or row, f"{odd.sentence} Its instance is imported without it.")
            return
        if webhook is None:
            return
        await self._storage.endpoints.create(webhook.endpoint, webhook.secret)
        self._report.new[WEBHOOKS] += 1
        for remark in webhook.remarks:
            self._report.note(INSTANCES, row, remark)

    def _instance(self, row: OldRow, instance_id: InstanceId, owner: User) -> Instance:
        state = SessionState(
            kind=SessionStateKind.STOPPED,
            code="stopped",
            sentence="Imported. Start it and scan its QR code to link it.",
            at=self._now,
        )
        name = row.line("name")
        if len(row.text("name").strip()) > len(name):
            self._report.note(INSTANCES, row, f"its name is one line of {len(name)} characters now.")
        created_at = row.moment_or("createdAt", self._now)
        return Instance(
            id=instance_id,
            tenant_id=owner.tenant_id,
            user_id=owner.id,
            name=name or instance_id,
            description=row.text("description"),
            provider=ProviderName.WHATSAPP,
            state=state,
            wanted=False,
            sent_messages=0,
            received_messages=0,
            last_activity_at=None,
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
        )
