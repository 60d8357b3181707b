from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain.errors import Conflict, InvalidInput
from gateway.domain.ids import InstanceId
from gateway.providers.whatsapp.devices import DeviceFiles


def linked(folder: Path, name: str = "shop") -> DeviceFiles:
    """A store as whatsmeow leaves it, with its last commit still in the write-ahead log."""
    files = DeviceFiles(folder, InstanceId(name))
    files.make_folder()
    with closing(sqlite3.connect(files.store)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE whatsmeow_device (jid TEXT PRIMARY KEY)")
        store.execute("INSERT INTO whatsmeow_device VALUES ('4915100000002:1@s.whatsapp.net')")
        store.commit()
    return files


def test_a_device_moves_with_its_spool_and_is_for_its_owner_only(tmp_path: Path) -> None:
    here, there = linked(tmp_path / "a"), DeviceFiles(tmp_path / "b", InstanceId("other"))
    here.spool.write_bytes(b"not taken in yet")
    exported = here.export_device()
    assert exported is not None
    there.import_device(exported)
    assert there.is_linked()
    assert there.spool.read_bytes() == b"not taken in yet"
    assert stat.S_IMODE(there.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in there.folder.iterdir()} == {0o600}
    with pytest.raises(Conflict):
        there.import_device(exported)


def test_without_a_phone_there_is_nothing_to_export(tmp_path: Path) -> None:
    files = DeviceFiles(tmp_path, InstanceId("shop"))
    assert not files.is_linked()
    assert files.export_device() is None
    files.make_folder()
    sqlite3.connect(files.store).close()
    assert not files.is_linked()
    files.forget()
    files.forget()
    assert not files.folder.exists()


def test_what_is_no_device_leaves_nothing_behind(tmp_path: Path) -> None:
    files = DeviceFiles(tmp_path, InstanceId("shop"))
    exported = linked(tmp_path / "a").export_device()
    assert exported is not None
    for data in (b"", b"junk", exported[:-9], exported.replace(b"SQLite format 3", b"Damaged format!")):
        with pytest.raises(InvalidInput):
            files.import_device(data)
        assert not files.folder.exists()


@pytest.mark.parametrize("name", ["../shop", "", "a/b", ".", "x" * 65])
def test_an_id_from_elsewhere_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        DeviceFiles(tmp_path, InstanceId(name))


def test_the_name_for_neonize_swallows_what_it_appends(tmp_path: Path) -> None:
    assert (DeviceFiles(tmp_path, InstanceId("shop")).store_name + "?_foreign_keys=on").endswith("_x=?_foreign_keys=on")
    with pytest.raises(InvalidInput, match="question mark"):
        _ = DeviceFiles(tmp_path / "a?b", InstanceId("shop")).store_name
