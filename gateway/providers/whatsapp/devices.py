"""Where a linked device's keys lie, without neonize: `<folder>/<instance id>/device.db`, a SQLite file of whatsmeow.

Whoever has this file is the device, so file and folder are for their owner only, and an export carries secrets.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.domain.errors import Conflict, InvalidInput
from gateway.domain.ids import InstanceId

# neonize appends "?_foreign_keys=on" to whatever it is given as a name; `_x=` swallows that. WAL and NORMAL make a
# login twenty times faster, because whatsmeow commits each of 812 prekeys by itself.
_OPTIONS = "?_foreign_keys=on&_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_x="
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Exported(Struct, frozen=True, kw_only=True, tag="whatsapp-device-1"):
    store: bytes
    spool: bytes
    """What arrived and was not taken in yet: WhatsApp was told that it arrived, so nobody will send it again."""


class DeviceFiles:
    """The files of one instance's device."""

    def __init__(self, folder: Path, instance_id: InstanceId) -> None:
        if _SAFE_ID.fullmatch(instance_id) is None:
            raise InvalidInput("This instance id cannot name a folder.", field="instanceId")
        self._root = folder
        self.folder = folder.absolute() / instance_id
        self.store = self.folder / "device.db"
        self.spool = self.folder / "spool"

    @property
    def store_name(self) -> str:
        """What neonize is given as a name. Raises InvalidInput when the path would be cut short by its driver."""
        path = str(self.store)
        if "?" in path:
            raise InvalidInput("DATA_DIR must not contain a question mark.", field="dataDir")
        return path + _OPTIONS

    def is_linked(self) -> bool:
        """Whether a phone has linked this device. whatsmeow stores a device only once it is."""
        return self.store.exists() and _has_device(self.store)

    def make_folder(self) -> None:
        """Make the folder, for its owner only."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)

    def protect(self) -> None:
        """Take from others what the driver's umask gave them."""
        for path in self.folder.iterdir():
            path.chmod(0o600)

    def forget(self) -> None:
        """Remove the keys, their journals and the spool; does nothing when there are none."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def export_device(self) -> bytes | None:
        """The keys and the spool as one value; None when nothing is linked. The session must be stopped."""
        if not self.is_linked():
            return None
        with tempfile.TemporaryDirectory(dir=self.folder) as beside:
            copy = Path(beside) / "copy.db"
            with closing(_read_only(self.store)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file, with nothing left in a journal
            if not _is_sound(copy):
                raise Conflict(
                    "The device's store is damaged and cannot be exported; link the device again.",
                    code="device_damaged",
                )
            spool = self.spool.read_bytes() if self.spool.exists() else b""
            return msgspec.msgpack.encode(_Exported(store=copy.read_bytes(), spool=spool))

    def import_device(self, data: bytes) -> None:
        """Become that device. Raises InvalidInput when the bytes are none, Conflict when there is one already."""
        try:
            exported = msgspec.msgpack.decode(data, type=_Exported)
        except msgspec.DecodeError:
            raise InvalidInput("This is not an exported device.", field="device") from None
        if self.is_linked():
            raise Conflict("This instance is linked to a device already; delete it first.", code="device_exists")
        self.forget()
        self.make_folder()
        try:
            with tempfile.TemporaryDirectory(dir=self.folder) as beside:
                copy = Path(beside) / "copy.db"
                _write(copy, exported.store)
                if not _is_sound(copy) or not _has_device(copy):
                    raise InvalidInput("The exported device is damaged.", field="device")  # noqa: TRY301 - undone below
                if exported.spool:
                    _write(self.spool, exported.spool)
                copy.replace(self.store)
        except BaseException:
            self.forget()
            raise
        self.protect()


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)


def _has_device(path: Path) -> bool:
    try:
        with closing(_read_only(path)) as store:
            return store.execute("SELECT 1 FROM whatsmeow_device LIMIT 1").fetchone() is not None
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # an attempt to link that ended before whatsmeow made its tables
            return False
        raise
    except sqlite3.DatabaseError:
        return False  # whatever this is, nobody can be logged in with it


def _is_sound(path: Path) -> bool:
    try:
        with closing(_read_only(path)) as store:
            return bool(store.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
