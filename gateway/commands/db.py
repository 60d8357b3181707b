"""`db`: the whole database copied to another, backed up into a file, restored from one."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.commands.database_urls import engine_at, environment_for, shown
from gateway.commands.passphrase import read_passphrase
from gateway.database_choice import FILE, read_choice
from gateway.domain.errors import Conflict, InvalidInput, NotFound
from gateway.kit.clock import SystemClock
from gateway.kit.secrets import Sealer
from gateway.services.backup import make_backup, restore_backup
from gateway.settings import Settings
from gateway.storage.copy_checks import require_two
from gateway.storage.copying import TableCopied, copy_database
from gateway.storage.engine import Engine, SafeSqliteEngine, make_engine
from gateway.storage.migrate import migrate
from gateway.storage.process_lock import acquire_process_lock
from gateway.storage.sealed_sample import can_be_opened

_KEYS_TOO = (
    "Keep ENCRYPTION_KEYS (in development: the file encryption_keys in DATA_DIR) apart from it: bot tokens and webhook "
    "secrets in it stay sealed with them."
)


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do one deed. A refusal leaves both databases as they were."""
    match options.deed:
        case "copy":
            await _copy(settings, options.to)
        case "backup":
            await _backup(settings, options)
        case "restore":
            await _restore(settings, options)
    return 0


async def _copy(settings: Settings, url: str) -> None:
    async with _existing(settings) as source, _opened(engine_at(url)) as target:
        await require_two(source, target)
        async with _alone(source, "the configured database"), _alone(target, shown(url)):
            await migrate(target)
            report = await copy_database(source, target, on_table=_print)
    print(f"Copied and compared {report.rows} rows in {len(report.tables)} tables to {shown(url)}.")
    print("To use the copy, start the gateway with")
    for line in environment_for(url):
        print(f"  {line}")
    if read_choice(settings.data_dir) is not None:
        print(f"after you have removed {FILE} from DATA_DIR, where an earlier switch keeps what it chose,")
    print("and the same DATA_DIR and ENCRYPTION_KEYS. Never run a gateway on both: they are the same accounts.")


async def _backup(settings: Settings, options: argparse.Namespace) -> None:
    path = Path(options.file)
    if _exists(path):
        raise InvalidInput(f"{path} is there already; name another file.")
    words = read_passphrase(options, repeat=True)
    async with _existing(settings) as engine:
        done = await make_backup(engine, settings.data_dir, path, words, now=SystemClock().now(), on_table=_print)
    print(f"Backed up {done.rows} rows and {done.devices} linked devices to {path}.")
    print(_KEYS_TOO)


async def _restore(settings: Settings, options: argparse.Namespace) -> None:
    path = Path(options.file)
    if not _exists(path):
        raise NotFound(f"There is no file {path}.")
    words = read_passphrase(options, repeat=False)
    async with _opened(make_engine(settings.database)) as engine, _alone(engine, "the configured database"):
        await migrate(engine)
        done = await restore_backup(path, words, engine, settings.data_dir, on_table=_print)
        readable = await can_be_opened(engine, Sealer(settings.encryption_keys))
    print(f"Restored {done.rows} rows and {done.devices} linked devices of {done.made_at:%Y-%m-%d %H:%M} UTC.")
    if not readable:
        print("ENCRYPTION_KEYS are others than it was sealed with; set those before the gateway is started.")
    print("Never run the gateway it was made of and this one together: they are the same accounts.")


@asynccontextmanager
async def _existing(settings: Settings) -> AsyncIterator[Engine]:
    """The configured database, which must be there: opening would make an empty one."""
    engine = make_engine(settings.database)
    if isinstance(engine, SafeSqliteEngine) and not _exists(engine.file):
        raise NotFound(f"There is no database {engine.file}; set DATA_DIR, SQLITE_DATABASE_URL or DATABASE_URL.")
    async with _opened(engine):
        yield engine


@asynccontextmanager
async def _opened(engine: Engine) -> AsyncIterator[Engine]:
    try:
        try:
            await engine.open()
        except ValueError as error:  # what the driver says of a URL it cannot read; it may quote it
            raise InvalidInput("The database's URL has a part the driver does not know; correct it.") from error
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def _alone(engine: Engine, which: str) -> AsyncIterator[None]:
    try:
        lock = await acquire_process_lock(engine)
    except Conflict as taken:
        raise Conflict(f"A gateway is running on {which}; stop it first.", code=taken.code) from None
    try:
        yield
    finally:
        await lock.release()


def _print(copied: TableCopied) -> None:
    print(f"{copied.table:<20} {copied.rows:>10}", flush=True)


def _exists(path: Path) -> bool:
    return path.exists()
