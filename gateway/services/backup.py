"""A backup beside a running gateway, and a gateway again from a backup.

It holds the database, as a SQLite file whichever kind it was, and what a linked device consists of. What is sealed with
ENCRYPTION_KEYS stays sealed, so those keys have to be kept apart from it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from gateway import __version__
from gateway.domain.errors import Conflict
from gateway.kit.passphrase import LOG_N
from gateway.services.archive import (
    DATABASE,
    DEVICES,
    FORMAT,
    Manifest,
    describe,
    read_archive,
    refuse_existing,
    sync_folder,
    write_archive,
)
from gateway.storage.copy_checks import CopyRefused, require_empty
from gateway.storage.copying import CopyReport, TableCopied, copy_database
from gateway.storage.engine import Engine, SafeSqliteEngine
from gateway.storage.migrate import migrate
from gateway.storage.sqlite_copy import copy_sqlite_file

_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
OnTable = Callable[[TableCopied], None]


class Backup(Struct, frozen=True, kw_only=True):
    """What was written or restored; `devices` counts linked devices' stores."""

    rows: int
    devices: int
    made_at: datetime


async def make_backup(
    engine: Engine,
    data_dir: Path,
    path: Path,
    passphrase: str,
    *,
    now: datetime,
    on_table: OnTable | None = None,
    log_n: int = LOG_N,
) -> Backup:
    """Everything at about this moment into the new file `path`; a gateway may run and be written to meanwhile.

    Needs room for a second database in `data_dir`; `log_n` as in `SealingWriter`. Raises InvalidInput when the file is
    there already or cannot be written, CopyRefused as `copy_database`, Conflict (`damaged`) when a device's store is.
    """
    refuse_existing(path)
    with _folder(data_dir, ".backup-") as folder:
        # Before the database: what leaves the spool in between is in the database, and twice is not too often.
        _copy_spools(data_dir, folder)
        copied = await _copied(engine, folder / DATABASE, on_table)
        devices = _copy_stores(data_dir, folder)
        manifest = Manifest(
            format=FORMAT,
            gateway=__version__,
            made_at=now,
            database=engine.kind,
            tables=copied.tables,
            files=describe(folder),
        )
        write_archive(path, folder, manifest, passphrase, log_n=log_n)
    return Backup(rows=copied.rows, devices=devices, made_at=now)


async def restore_backup(
    path: Path, passphrase: str, engine: Engine, data_dir: Path, *, on_table: OnTable | None = None
) -> Backup:
    """A backup into an empty, migrated database and a data folder without devices, while no gateway runs there.

    A backup of an older version is brought to this one's tables. All or nothing, but for a power cut just before the
    end, which may leave devices without a database. Raises InvalidInput for a file that cannot be used, CopyRefused
    (`target_not_empty` and as `copy_database`), Conflict (`devices_exist`).
    """
    await require_empty(engine)
    _require_no_devices(data_dir)
    with _folder(data_dir, ".restore-") as folder:
        manifest = read_archive(path, folder, passphrase)
        with _placed(folder, data_dir) as devices:
            report = await _filled(folder / DATABASE, engine, manifest, on_table)
    return Backup(rows=report.rows, devices=devices, made_at=manifest.made_at)


async def _copied(engine: Engine, path: Path, on_table: OnTable | None) -> CopyReport:
    target = SafeSqliteEngine(path)
    await target.open()
    try:
        await migrate(target)
        return await copy_database(engine, target, on_table=on_table)
    finally:
        await target.close()


async def _filled(path: Path, engine: Engine, manifest: Manifest, on_table: OnTable | None) -> CopyReport:
    source = SafeSqliteEngine(path)
    await source.open()
    try:
        is_older = bool(await migrate(source))

        def compare(table: TableCopied) -> None:
            if not is_older and table not in manifest.tables:
                raise CopyRefused(
                    f"Table {table.table} is not what it was when the backup was made; use another backup.",
                    code="copy_mismatch",
                )
            if on_table is not None:
                on_table(table)

        return await copy_database(source, engine, on_table=compare)
    finally:
        await source.close()


@contextmanager
def _folder(data_dir: Path, prefix: str) -> Iterator[Path]:
    """A folder for what must not lie open elsewhere; it is gone afterwards."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=data_dir) as name:
        yield Path(name)


def _device_folders(data_dir: Path) -> list[Path]:
    return [each for each in sorted((data_dir / DEVICES).glob("*")) if _SAFE_ID.fullmatch(each.name)]


def _copy_spools(data_dir: Path, folder: Path) -> None:
    for device in _device_folders(data_dir):
        try:
            waiting = (device / "spool").read_bytes()
        except FileNotFoundError:
            continue
        if waiting:
            _make(folder / DEVICES / device.name)
            (folder / DEVICES / device.name / "spool").write_bytes(waiting)


def _copy_stores(data_dir: Path, folder: Path) -> int:
    count = 0
    for device in _device_folders(data_dir):
        if (device / "device.db").exists():
            _make(folder / DEVICES / device.name)
            count += copy_sqlite_file(device / "device.db", folder / DEVICES / device.name / "device.db")
    return count


def _require_no_devices(data_dir: Path) -> None:
    # Whatever file it is: beside a journal of another store, a restored one would be spoilt.
    if any(any(each.iterdir()) for each in _device_folders(data_dir) if each.is_dir()):
        raise Conflict(
            "There are linked devices in DATA_DIR already; restore into a folder without any.", code="devices_exist"
        )


@contextmanager
def _placed(folder: Path, data_dir: Path) -> Iterator[int]:
    """The devices put where they belong, and taken away again when what follows fails. Yields how many stores."""
    placed: list[Path] = []
    try:
        for device in _device_folders(folder):
            place = data_dir / DEVICES / device.name
            _make(place)
            for each in sorted(device.iterdir()):
                # One by one and remembered at once: what fails is taken back from this list.
                placed.append(each.replace(place / each.name))  # noqa: PERF401 - see above
            sync_folder(place)
            sync_folder(place.parent)
        yield sum(each.name == "device.db" for each in placed)
    except BaseException:
        for each in placed:
            each.unlink()
            if not any(each.parent.iterdir()):
                each.parent.rmdir()
        raise


def _make(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
