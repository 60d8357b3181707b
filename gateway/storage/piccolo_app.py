"""What Piccolo's own commands need to know: the tables and where the migrations lie."""

from __future__ import annotations

from pathlib import Path

from piccolo.conf.apps import AppConfig

from gateway.storage.tables import ALL_TABLES

MIGRATIONS = Path(__file__).parents[2] / "migrations"
"""Beside the package `gateway`, in a checkout and in an installation alike."""

APP_CONFIG = AppConfig(
    app_name="gateway",
    migrations_folder_path=str(MIGRATIONS),
    table_classes=list(ALL_TABLES),
    migration_dependencies=[],
    commands=[],
)
