"""The indexes of the columns before this. On their own, because Piccolo runs raw steps before it makes columns."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from gateway.storage.indexes import NAME_INDEXES
from gateway.storage.tables import Tenants

ID = "2026-11-21T05:07:56:000000"
VERSION = "1.38.0"
DESCRIPTION = "Finding a person by the hidden name, and presence that is to be forgotten"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="gateway", description=DESCRIPTION)

    async def create_indexes() -> None:
        for statement in NAME_INDEXES:
            await Tenants.raw(statement)

    manager.add_raw(create_indexes)
    return manager
