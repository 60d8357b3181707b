"""`check`: would the gateway start here, and if not, what to do."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from pathlib import Path

from gateway.domain.errors import GatewayError
from gateway.settings import Settings
from gateway.storage.engine import make_engine
from gateway.storage.migrate import pending

_PROVIDER_LIBRARIES = {"telegram": "aiogram"}


async def run(settings: Settings) -> int:
    """Print one line for each thing looked at; returns 1 when something is in the way."""
    problems = 0
    for name, trouble in (
        ("settings", None),
        ("python", _python()),
        ("data folder", _folder(settings.data_dir)),
        ("database", await _database(settings)),
        ("event loop", None if importlib.util.find_spec("uvloop") else "uvloop is missing; run: pip install uvloop"),
        *(
            (f"{provider} library", None if importlib.util.find_spec(module) else f"run: pip install {module}")
            for provider, module in _PROVIDER_LIBRARIES.items()
        ),
        ("public address", _public(settings)),
    ):
        if trouble is None:
            print(f"ok       {name}")
        elif trouble.startswith("note: "):
            print(f"note     {name}: {trouble.removeprefix('note: ')}")
        else:
            problems += 1
            print(f"problem  {name}: {trouble}")
    return 1 if problems else 0


def _python() -> str | None:
    if sqlite3.sqlite_version_info < (3, 35):
        return f"SQLite {sqlite3.sqlite_version} is too old; 3.35 is needed"
    return None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed"


def _folder(folder: Path) -> str | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror}); set DATA_DIR to a folder of the gateway's user"
    return None


async def _database(settings: Settings) -> str | None:
    engine = make_engine(settings.database)
    try:
        await engine.open()
        await engine.ping()
        waiting = await pending(engine)
    except GatewayError as error:
        return f"{error.sentence} Check DATABASE_URL or DATA_DIR."
    finally:
        await engine.close()
    return f"note: {len(waiting)} migrations wait; `serve` and `migrate` run them" if waiting else None


def _public(settings: Settings) -> str | None:
    if settings.base_url is None:
        return "note: BASE_URL is not set; Telegram bots in webhook mode need it, polling does not"
    return None
