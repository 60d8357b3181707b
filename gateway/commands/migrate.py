"""`migrate`: the database brought to this version's tables."""

from __future__ import annotations

from gateway.settings import Settings
from gateway.storage.engine import make_engine
from gateway.storage.migrate import migrate


async def run(settings: Settings) -> int:
    """Run what has not run yet and say what was run."""
    engine = make_engine(settings.database)
    await engine.open()
    try:
        done = await migrate(engine)
    finally:
        await engine.close()
    for migration in done:
        print(f"ran {migration}")
    print("The database is up to date.")
    return 0
