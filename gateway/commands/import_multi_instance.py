"""`import-multi-instance`: users, instances and what they said, from the WhatsApp Multi-Instance API's SQLite file."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from gateway.domain.errors import Conflict, NotFound
from gateway.domain.ids import TenantId
from gateway.domain.instances import ProviderName
from gateway.kit.clock import SystemClock
from gateway.kit.egress import Egress, EgressPolicy
from gateway.kit.secrets import PasswordHasher, Sealer
from gateway.providers import make_providers
from gateway.providers.contract import WritesAddresses
from gateway.services.multi_instance.importing import import_multi_instance
from gateway.services.multi_instance.report import Report
from gateway.services.multi_instance.webhooks import WebhookRules
from gateway.settings import Settings
from gateway.storage.engine import SafeSqliteEngine, make_engine
from gateway.storage.migrate import pending
from gateway.storage.process_lock import acquire_process_lock
from gateway.storage.sealed_sample import can_be_opened
from gateway.storage.storage import Storage

_ROWS = ("users", "instances", "webhooks", "contacts", "messages", "usage")
_MOST_NAMED = 20


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Import, or only say what would be. Refuses (`already_running`) while a gateway runs."""
    policy = EgressPolicy(allow=settings.egress_allow, allow_http=settings.egress_http)
    async with _alone(settings) as storage, Egress(policy) as egress:
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
    _print(report, rehearsed=options.dry_run)
    days = settings.message_retention_days
    if days and report.oldest and report.oldest < SystemClock().now() - timedelta(days=days):
        print(f"Some messages are older than MESSAGE_RETENTION_DAYS={days}, and get deleted soon; 0 keeps them.")
    return 0


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[Storage]:
    """The gateway's own database, as the gateway left it: a rehearsal must not even make its tables."""
    engine, sealer = make_engine(settings.database), Sealer(settings.encryption_keys)
    if isinstance(engine, SafeSqliteEngine) and not _exists(engine.file):
        raise NotFound(f"There is no database {engine.file} yet; start the gateway once before.")
    storage = Storage(engine, sealer)
    try:
        await storage.open()
        lock = await acquire_process_lock(engine)
        try:
            if await pending(engine):
                raise Conflict("The database has not this version's tables yet; start the gateway once before.")
            if not await can_be_opened(engine, sealer):
                raise Conflict("ENCRYPTION_KEYS are not those of this database; set those the gateway runs with.")
            yield storage
        finally:
            await lock.release()
    finally:
        await storage.close()


def _print(report: Report, *, rehearsed: bool) -> None:
    if rehearsed:
        print("A rehearsal: nothing was changed. This is what an import would do.")
    print(f"{'':<12} {'new':>9} {'here already':>13} {'left out':>9}")
    for noun in _ROWS:
        print(f"{noun:<12} {report.new[noun]:>9} {report.known[noun]:>13} {report.skipped[noun]:>9}")
    for line in report.lines():
        print(f"! {line}")
    if report.left:
        print("Stays in the file: " + ", ".join(f"{noun} ({count} rows)" for noun, count in report.left.items()) + ".")
    people = report.without_password
    if people:
        print("API keys go on working. Passwords are not taken over; nobody can log in with one until it is set:")
        for user in people[:_MOST_NAMED]:
            print(f"  python -m gateway user set-password {user.email}")
        if len(people) > _MOST_NAMED:
            print(f"  ... and {len(people) - _MOST_NAMED} more (`python -m gateway user list`)")
        if admins := [user.email for user in people if user.role == "admin"]:
            print(f"Administrators of this whole gateway, as they were there: {', '.join(admins[:_MOST_NAMED])}")
    if report.new["instances"]:
        print("WhatsApp logins are not taken over: each instance is stopped until you start it and scan its QR code.")


def _exists(path: Path) -> bool:
    return path.exists()
