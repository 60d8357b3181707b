"""Bringing a database to this version's tables, forward only, on either engine."""

from __future__ import annotations

from piccolo.apps.migrations.tables import Migration

from gateway.storage.engine import Engine, bind
from gateway.storage.tables import ALL_TABLES
from gateway.storage.versions import APP_NAME, MIGRATIONS


async def migrate(engine: Engine) -> list[str]:
    """Run what has not run yet; returns the ids of those migrations. Safe to call at every start."""
    bind(engine, (Migration, *ALL_TABLES))
    before = set(await _applied())
    if not _missing(before):
        return []
    from gateway.storage.forwards import run_forwards

    await run_forwards(engine)
    return [each for each in await _applied() if each not in before]


async def pending(engine: Engine) -> list[str]:
    """The ids of migrations this version has and the database has not."""
    bind(engine, (Migration,))
    return _missing(set(await _applied()))


def _missing(applied: set[str]) -> list[str]:
    known = sorted(path.stem for path in MIGRATIONS.glob(f"{APP_NAME}_*.py"))
    # A file's name is its id with the signs a module name cannot have replaced.
    seen = {_module_name(each) for each in applied}
    return [name for name in known if name not in seen]


async def _applied() -> list[str]:
    if not await Migration.table_exists():
        return []
    return await Migration.get_migrations_which_ran(app_name=APP_NAME)


def _module_name(migration_id: str) -> str:
    return f"{APP_NAME}_{migration_id}".replace("-", "_").replace(":", "_").lower()
