"""Bringing a database to this version's tables, forward only, on either engine."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
from collections.abc import Iterator

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from gateway.storage.engine import Engine, bind
from gateway.storage.piccolo_app import APP_CONFIG, MIGRATIONS
from gateway.storage.tables import ALL_TABLES

_CONF = "gateway_piccolo_conf"


async def migrate(engine: Engine) -> list[str]:
    """Run what has not run yet; returns the ids of those migrations. Safe to call at every start."""
    bind(engine, (Migration, *ALL_TABLES))
    before = set(await _applied())
    with _engine_of_piccolo(engine), contextlib.redirect_stdout(io.StringIO()):
        manager = ForwardsMigrationManager(app_name=APP_CONFIG.app_name)
        await manager.create_migration_table()
        result = await manager.run_migrations(APP_CONFIG)
    if not result.success:
        raise RuntimeError(f"Migration failed: {result.message}")
    return [each for each in await _applied() if each not in before]


async def pending(engine: Engine) -> list[str]:
    """The ids of migrations this version has and the database has not."""
    bind(engine, (Migration,))
    known = sorted(path.stem for path in MIGRATIONS.glob("gateway_*.py"))
    applied = await _applied()
    # A file's name is its id with the signs a module name cannot have replaced.
    seen = {_module_name(each) for each in applied}
    return [name for name in known if name not in seen]


async def _applied() -> list[str]:
    if not await Migration.table_exists():
        return []
    return await Migration.get_migrations_which_ran(app_name=APP_CONFIG.app_name)


def _module_name(migration_id: str) -> str:
    return f"{APP_CONFIG.app_name}_{migration_id}".replace("-", "_").replace(":", "_").lower()


@contextlib.contextmanager
def _engine_of_piccolo(engine: Engine) -> Iterator[None]:
    """Piccolo's migrations ask a module named by PICCOLO_CONF for the engine; for the moment, that is ours."""
    module = types.ModuleType(_CONF)
    module.DB = engine  # type: ignore[attr-defined]  # what Piccolo looks for
    before = os.environ.get("PICCOLO_CONF")
    sys.modules[_CONF] = module
    os.environ["PICCOLO_CONF"] = _CONF
    try:
        yield
    finally:
        del sys.modules[_CONF]
        if before is None:
            del os.environ["PICCOLO_CONF"]
        else:
            os.environ["PICCOLO_CONF"] = before
