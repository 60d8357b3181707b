"""Instances of that system: under their ids, stopped, with their tokens sealed and their webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Credentials, Instance, ProviderName
from gateway.domain.tenants import User
from gateway.kit.clock import Clock
from gateway.kit.secrets import digest
from gateway.services.credentials import SHORTEST_KEY
from gateway.services.importing.instances import InstanceWriter, stopped
from gateway.services.importing.report import INSTANCES, WEBHOOKS, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.instance_manager.companies import Companies, company_of
from gateway.services.instance_manager.database import SYSTEM, OldDatabase
from gateway.services.instance_manager.networks import Network, network_of
from gateway.services.instance_manager.webhooks import webhook_of
from gateway.storage.storage import Storage

InstanceKeys = Literal["id", "secret"]
"""INSTANCE_KEYS: whether an instance's id is its key here too, or only a secret is."""

LONGEST_KEY: Final = 512
_TO_DO: Final = {
    ProviderName.WHATSAPP: "Imported. Start it and scan its QR code to link it.",
    ProviderName.TELEGRAM: "Imported. Start it when the old system no longer runs this bot.",
}


class Taken(Struct, frozen=True, kw_only=True):
    """An instance whose messages may come in."""

    tenant_id: TenantId
    network: Network


class InstancesOfOld:
    """Takes instances over, in the caller's transaction."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        report: Report,
        rules: WebhookRules,
        networks: Mapping[ProviderName, Network],
        *,
        instance_keys: InstanceKeys,
    ) -> None:
        self._storage = storage
        self._now = clock.now()
        self._writer = InstanceWriter(storage, report, SYSTEM, self._now)
        self._report = report
        self._rules = rules
        self._networks = networks
        self._instance_keys = instance_keys
        self.without_key: list[InstanceId] = []
        """New ones that no instance key opens yet."""

    async def take(self, database: OldDatabase, companies: Companies) -> dict[InstanceId, Taken]:
        """The instances whose messages may come in."""
        taken: dict[InstanceId, Taken] = {}
        async for row, default_provider in database.instances():
            try:
                instance_id = InstanceId(row.identifier("id"))
                if instance_id in taken:  # once in message_instances and once in its provider's table
                    self._report.known[INSTANCES] += 1
                    continue
                network = network_of(row, default_provider, self._networks)
                credentials = network.credentials_of(row)
                owner = await companies.owner_of(row)
                await self._take(row, instance_id, owner, network, credentials)
                taken[instance_id] = Taken(tenant_id=owner.tenant_id, network=network)
            except OddRow as odd:
                self._report.skip(INSTANCES, row, odd.sentence)
        return taken

    async def _take(
        self, row: OldRow, instance_id: InstanceId, owner: User, network: Network, credentials: Credentials
    ) -> None:
        if await self._writer.known(instance_id, owner.tenant_id, network.name):
            self._report.known[WEBHOOKS] += _has_webhook(row)
            return
        instance = self._instance(row, instance_id, owner, network)
        await self._writer.add(instance, credentials, await self._key_digest(row, instance_id))
        agent = row.json("agno_config")
        if isinstance(agent, dict) and agent.get("enabled") is True:
            self._report.note(INSTANCES, row, "its agent (agno_config) is not taken over.")
        try:
            webhook = webhook_of(instance, row, self._rules, self._now)
        except OddRow as odd:
            self._report.skip(WEBHOOKS, row, f"{odd.sentence} Its instance is imported without it.")
            return
        if webhook is not None:
            await self._writer.add_webhook(row, webhook)

    async def _key_digest(self, row: OldRow, instance_id: InstanceId) -> str | None:
        """That system's key is the id. Its oldest version made random ones, and such a one is a secret already."""
        key = row.text("api_key") or row.text("current_api_key")
        is_secret = key not in ("", instance_id)
        if self._instance_keys == "id":
            if is_secret:
                self._report.note(INSTANCES, row, "its key is its id here (INSTANCE_KEYS=id); the key of old is not.")
            return None
        usable = is_secret and SHORTEST_KEY <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
        if not usable or await self._storage.instances.find_by_key(digest(key)) is not None:
            self.without_key.append(instance_id)
            return None
        return digest(key)

    def _instance(self, row: OldRow, instance_id: InstanceId, owner: User, network: Network) -> Instance:
        created_at = row.moment_or("created_at", self._now)
        return stopped(
            instance_id,
            owner,
            network.name,
            name=row.line("account"),  # that system gives no names; the account is how people tell them apart
            label=company_of(row),
            sentence=_TO_DO[network.name],
            created_at=created_at,
            updated_at=row.moment_or("updated_at", created_at),
            now=self._now,
        )


def _has_webhook(row: OldRow) -> bool:
    held = row.json("api_webhook_schema")
    return isinstance(held, dict) and bool(held.get("url"))
