"""What Piccolo's own commands need to know: the tables and where the migrations lie."""

from __future__ import annotations

from piccolo.conf.apps import AppConfig

from gateway.storage.tables import ALL_TABLES
from gateway.storage.versions import APP_NAME, MIGRATIONS

APP_CONFIG = AppConfig(
    app_name=APP_NAME,
    migrations_folder_path=str(MIGRATIONS),
    table_classes=list(ALL_TABLES),
    migration_dependencies=[],
    commands=[],
)
