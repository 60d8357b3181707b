"""What the import commands share: the gateway's own database, alone, and how a report is printed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from gateway.domain.errors import Conflict, NotFound
from gateway.kit.clock import SystemClock
from gateway.kit.secrets import Sealer
from gateway.services.importing.report import Report
from gateway.settings import Settings
from gateway.storage.engine import SafeSqliteEngine, make_engine
from gateway.storage.migrate import pending
from gateway.storage.process_lock import acquire_process_lock
from gateway.storage.sealed_sample import can_be_opened
from gateway.storage.storage import Storage

MOST_NAMED = 20
"""How many of a kind are named before the rest is counted."""


@asynccontextmanager
async def alone(settings: Settings) -> AsyncIterator[Storage]:
    """The gateway's own database, as the gateway left it: a rehearsal must not even make its tables.

    Raises Conflict (`already_running`) while a gateway runs.
    """
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


def print_report(report: Report, nouns: Sequence[str], *, rehearsed: bool) -> None:
    """What was counted, and every remark."""
    if rehearsed:
        print("A rehearsal: nothing was changed. This is what an import would do.")
    print(f"{'':<12} {'new':>9} {'here already':>13} {'left out':>9}")
    for noun in nouns:
        print(f"{noun:<12} {report.new[noun]:>9} {report.known[noun]:>13} {report.skipped[noun]:>9}")
    for line in report.lines():
        print(f"! {line}")


def print_retention(report: Report, settings: Settings) -> None:
    """Say so when what was just imported is about to be deleted."""
    days = settings.message_retention_days
    if days and report.oldest and report.oldest < SystemClock().now() - timedelta(days=days):
        print(f"Some messages are older than MESSAGE_RETENTION_DAYS={days}, and get deleted soon; 0 keeps them.")


def _exists(path: Path) -> bool:
    return path.exists()
