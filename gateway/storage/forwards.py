"""Running Piccolo's migrations. Apart from `migrate`, because it loads a code formatter and more: megabytes that a
gateway whose database is up to date, which is nearly every start, need not carry.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
from collections.abc import Iterator

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from gateway.storage.engine import Engine
from gateway.storage.piccolo_app import APP_CONFIG

_CONF = "gateway_piccolo_conf"


async def run_forwards(engine: Engine) -> None:
    """Run what has not run yet. Raises RuntimeError when one fails."""
    with engine_of_piccolo(engine), contextlib.redirect_stdout(io.StringIO()):
        manager = ForwardsMigrationManager(app_name=APP_CONFIG.app_name)
        await manager.create_migration_table()
        result = await manager.run_migrations(APP_CONFIG)
    if not result.success:
        raise RuntimeError(f"Migration failed: {result.message}")


@contextlib.contextmanager
def engine_of_piccolo(engine: Engine) -> Iterator[None]:
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
