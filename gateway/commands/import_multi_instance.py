"""`import-multi-instance`: users, instances and what they said, from the WhatsApp Multi-Instance API's SQLite file."""

from __future__ import annotations

import argparse
from pathlib import Path

from gateway.commands.importing import MOST_NAMED, alone, print_report, print_retention
from gateway.domain.ids import TenantId
from gateway.domain.instances import ProviderName
from gateway.kit.clock import SystemClock
from gateway.kit.egress import Egress, EgressPolicy
from gateway.kit.secrets import PasswordHasher
from gateway.providers import make_providers
from gateway.providers.contract import WritesAddresses
from gateway.services.importing.report import CONTACTS, INSTANCES, MESSAGES, USAGE, USERS, WEBHOOKS, Report
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.multi_instance.importing import import_multi_instance
from gateway.settings import Settings

_NOUNS = (USERS, INSTANCES, WEBHOOKS, CONTACTS, MESSAGES, USAGE)


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Import, or only say what would be. Refuses (`already_running`) while a gateway runs."""
    policy = EgressPolicy(allow=settings.egress_allow, allow_http=settings.egress_http)
    async with alone(settings) as storage, Egress(policy) as egress:
        whatsapp: object = make_providers(settings, egress)[ProviderName.WHATSAPP]
        assert isinstance(whatsapp, WritesAddresses)
        report = await import_multi_instance(
            Path(options.file),
            storage,
            hasher=PasswordHasher(),
            clock=SystemClock(),
            address_of=whatsapp.address_of,
            rules=WebhookRules(policy=policy, concurrency=settings.webhook_endpoint_concurrency),
            tenant_id=TenantId(options.tenant) if options.tenant else None,
            rehearse=options.dry_run,
        )
    print_report(report, _NOUNS, rehearsed=options.dry_run)
    _print_what_is_left_to_do(report)
    print_retention(report, settings)
    return 0


def _print_what_is_left_to_do(report: Report) -> None:
    if report.left:
        print("Stays in the file: " + ", ".join(f"{noun} ({count} rows)" for noun, count in report.left.items()) + ".")
    people = report.without_password
    if people:
        print("API keys go on working. Passwords are not taken over; nobody can log in with one until it is set:")
        for user in people[:MOST_NAMED]:
            print(f"  python -m gateway user set-password {user.email}")
        if len(people) > MOST_NAMED:
            print(f"  ... and {len(people) - MOST_NAMED} more (`python -m gateway user list`)")
        if admins := [user.email for user in people if user.role == "admin"]:
            print(f"Administrators of this whole gateway, as they were there: {', '.join(admins[:MOST_NAMED])}")
    if report.new[INSTANCES]:
        print("WhatsApp logins are not taken over: each instance is stopped until you start it and scan its QR code.")
