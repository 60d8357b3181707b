"""`import-instance-manager`: companies, instances and what they said, from an Instance Manager's PostgreSQL."""

from __future__ import annotations

import argparse

from gateway.commands.importing import MOST_NAMED, alone, print_report, print_retention
from gateway.domain.ids import TenantId
from gateway.kit.clock import SystemClock
from gateway.kit.egress import Egress, EgressPolicy
from gateway.kit.secrets import PasswordHasher
from gateway.providers import make_providers
from gateway.services.importing.report import COMPANIES, CONTACTS, INSTANCES, MESSAGES, WEBHOOKS
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.instance_manager.importing import Imported, Whose, import_instance_manager
from gateway.settings import Settings


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Import, or only say what would be. Refuses (`already_running`) while a gateway runs."""
    policy = EgressPolicy(allow=settings.egress_allow, allow_http=settings.egress_http)
    async with alone(settings) as storage, Egress(policy) as egress:
        done = await import_instance_manager(
            options.url,
            storage,
            providers=make_providers(settings, egress),
            hasher=PasswordHasher(),
            clock=SystemClock(),
            rules=WebhookRules(policy=policy, concurrency=settings.webhook_endpoint_concurrency),
            instance_keys=settings.instance_keys,
            schema=options.schema,
            whose=Whose(
                tenant_id=TenantId(options.tenant) if options.tenant else None,
                each_its_own=options.tenant_per_company,
            ),
            rehearse=options.dry_run,
        )
    companies = (COMPANIES,) if options.tenant_per_company else ()
    print_report(done.report, (*companies, INSTANCES, WEBHOOKS, CONTACTS, MESSAGES), rehearsed=options.dry_run)
    _print_what_is_left_to_do(done)
    print_retention(done.report, settings)
    return 0


def _print_what_is_left_to_do(done: Imported) -> None:
    owners = done.report.without_password
    if owners:
        print("Each new company has an owner here. This gives an owner a new API key, and prints it:")
        for user in owners[:MOST_NAMED]:
            print(f"  python -m gateway user rotate-key {user.email}")
        if len(owners) > MOST_NAMED:
            print(f"  ... and {len(owners) - MOST_NAMED} more (`python -m gateway user list`)")
    if done.without_key:
        print(
            "Instances that no instance key opens, because an id is none with INSTANCE_KEYS=secret:"
            f" {len(done.without_key)}. The API keys of whoever owns them do."
        )
    if done.report.new[INSTANCES]:
        print(
            "Every instance is stopped until you start it. WhatsApp logins are not taken over: scan the QR code then."
        )
