"""Views for people who read the database with SQL."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from gateway.storage.tables import Tenants
from gateway.storage.views import creating, dropping

ID = "2026-11-21T14:30:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "Instances as views, without secrets"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="gateway", description=DESCRIPTION)

    async def create_views() -> None:
        for statement in creating("sqlite" if Tenants._meta.db.engine_type == "sqlite" else "postgres"):
            await Tenants.raw(statement)

    async def drop_views() -> None:
        for statement in dropping():
            await Tenants.raw(statement)

    manager.add_raw(create_views)
    manager.add_raw_backwards(drop_views)
    return manager
