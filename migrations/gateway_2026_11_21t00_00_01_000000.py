"""The indexes that columns cannot say. A migration of their own, because Piccolo runs raw steps before it makes tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from gateway.storage.indexes import FIRST_INDEXES
from gateway.storage.tables import Tenants

ID = "2026-11-21T00:00:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "The first indexes"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="gateway", description=DESCRIPTION)

    async def create_indexes() -> None:
        for statement in FIRST_INDEXES:
            await Tenants.raw(statement)

    manager.add_raw(create_indexes)
    return manager
