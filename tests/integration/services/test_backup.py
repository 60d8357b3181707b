"""A backup holds the database and the devices of one moment, for whoever has the passphrase, and becomes both again."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.domain.errors import Conflict, GatewayError, InvalidInput
from gateway.services.archive import describe, read_archive, write_archive
from gateway.services.backup import make_backup, restore_backup
from gateway.storage.copy_checks import CopyRefused
from gateway.storage.engine import Engine, make_engine
from gateway.storage.migrate import migrate
from tests.integration.storage.filling import contents, fill

WORDS = "nobody else knows this sentence"
QUICK = 10
"""What guessing costs, where nobody guesses: the default takes half a second each time."""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IDENTITY = "the identity of a device"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """A database with rows in every table."""
    engine = make_engine(database_url)
    await engine.open()
    await migrate(engine)
    await fill(engine)
    yield engine
    await engine.close()


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Engine]:
    """Where to restore to."""
    engine = make_engine(str(tmp_path / "there.db"))
    await engine.open()
    await migrate(engine)
    yield engine
    await engine.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a device whose last commit is in the journal alone, as with a running session."""
    folder = tmp_path / "here"
    device = folder / "whatsapp" / "line-1"
    device.mkdir(parents=True)
    (device / "spool").write_bytes(b"\0\1 what arrived and was not taken in")
    (folder / "whatsapp" / "never linked").mkdir()
    with closing(sqlite3.connect(device / "device.db", isolation_level=None)) as session:
        session.execute("PRAGMA journal_mode=WAL").fetchall()
        session.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        session.execute("INSERT INTO whatsmeow_device VALUES (?)", (IDENTITY,))
        assert IDENTITY.encode() not in (device / "device.db").read_bytes()
        yield folder


def identity(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "whatsapp" / "line-1" / "device.db")) as store:
        return [jid for (jid,) in store.execute("SELECT jid FROM whatsmeow_device")]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_what_was_backed_up_is_restored_on_the_other_kind_of_database(
    engine: Engine, empty: Engine, here: Path, tmp_path: Path
) -> None:
    before, lying = await contents(engine), files(here)
    file, there = tmp_path / "gateway.backup", tmp_path / "there"
    made = await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    assert made.devices == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert IDENTITY.encode() not in file.read_bytes()
    assert files(here) == lying
    assert not [name for name in files(tmp_path) if name.endswith(".part")]

    told: list[str] = []
    restored = await restore_backup(file, WORDS, empty, there, on_table=lambda table: told.append(table.table))
    assert restored == made
    assert told == list(before)
    assert await contents(empty) == before == await contents(engine)
    assert identity(there) == [IDENTITY]
    assert files(there) == ["whatsapp/line-1/device.db", "whatsapp/line-1/spool"]
    assert (there / "whatsapp/line-1/spool").read_bytes() == (here / "whatsapp/line-1/spool").read_bytes()
    modes = {path.stat().st_mode & 0o077 for path in there.rglob("*")}
    assert modes == {0}


async def test_a_file_is_never_written_over(engine: Engine, here: Path, tmp_path: Path) -> None:
    file = tmp_path / "gateway.backup"
    file.write_text("last night's")
    with pytest.raises(InvalidInput, match="is there already"):
        await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    assert file.read_text() == "last night's"
    with pytest.raises(InvalidInput, match="cannot be written"):
        await make_backup(engine, here, tmp_path / "no such folder" / "file", WORDS, now=NOON, log_n=QUICK)


async def test_a_damaged_device_store_is_said_to_be_and_no_file_is_left(
    engine: Engine, here: Path, tmp_path: Path
) -> None:
    broken = here / "whatsapp" / "line-2"
    broken.mkdir()
    (broken / "device.db").write_bytes(b"this is no database, but long enough to look like one" * 40)
    before = files(here)
    with pytest.raises(Conflict, match=r"line-2/device\.db") as refused:
        await make_backup(engine, here, tmp_path / "gateway.backup", WORDS, now=NOON, log_n=QUICK)
    assert refused.value.code == "damaged"
    assert not (tmp_path / "gateway.backup").exists()
    assert files(here) == before


async def refused(file: Path, words: str, empty: Engine, there: Path) -> GatewayError:
    """The refusal of a restore, after which nothing is anywhere."""
    before = await contents(empty)
    with pytest.raises(GatewayError) as caught:
        await restore_backup(file, words, empty, there)
    assert await contents(empty) == before
    assert files(there) == []
    return caught.value


async def test_a_backup_that_cannot_be_trusted_changes_nothing(
    engine: Engine, empty: Engine, here: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "gateway.backup", tmp_path / "there"
    await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    assert "passphrase is wrong" in (await refused(file, "another sentence", empty, there)).sentence

    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:-100] + bytes(100)):
        file.write_bytes(damaged)
        assert "damaged or incomplete" in (await refused(file, WORDS, empty, there)).sentence
    file.write_bytes(b"an export of another kind")
    assert "not a backup" in (await refused(file, WORDS, empty, there)).sentence
    file.unlink()
    assert "cannot be read" in (await refused(file, WORDS, empty, there)).sentence

    file.write_bytes(whole)
    await restore_backup(file, WORDS, empty, there)
    assert identity(there) == [IDENTITY]


async def test_files_that_are_not_what_the_list_says_are_refused(
    engine: Engine, empty: Engine, here: Path, tmp_path: Path
) -> None:
    file, there, opened = tmp_path / "gateway.backup", tmp_path / "there", tmp_path / "opened"
    await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    opened.mkdir()
    manifest = read_archive(file, opened, WORDS)

    spool = opened / "whatsapp/line-1/spool"
    spool.write_bytes(spool.read_bytes()[::-1])
    file.unlink()
    write_archive(file, opened, manifest, WORDS, log_n=QUICK)
    assert "spool in the backup is damaged" in (await refused(file, WORDS, empty, there)).sentence

    (opened / "whatsapp/line-1/authorized_keys").write_bytes(b"")
    file.unlink()
    write_archive(file, opened, msgspec.structs.replace(manifest, files=describe(opened)), WORDS, log_n=QUICK)
    assert "something else" in (await refused(file, WORDS, empty, there)).sentence
    (opened / "whatsapp/line-1/authorized_keys").unlink()

    # Rows that are others than those that were backed up, in a file that is whole.
    with closing(sqlite3.connect(opened / "database.db")) as database, database:
        database.execute("UPDATE messages SET text = 'never said' WHERE id = 'a1'")
    file.unlink()
    write_archive(file, opened, msgspec.structs.replace(manifest, files=describe(opened)), WORDS, log_n=QUICK)
    assert (await refused(file, WORDS, empty, there)).code == "copy_mismatch"


async def test_a_backup_of_an_older_version_is_brought_to_this_one(
    engine: Engine, empty: Engine, here: Path, tmp_path: Path
) -> None:
    file, opened = tmp_path / "gateway.backup", tmp_path / "opened"
    before = await contents(engine)
    await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    opened.mkdir()
    manifest = read_archive(file, opened, WORDS)
    with closing(sqlite3.connect(opened / "database.db")) as database, database:
        # The first version after which only indexes were added; they are made when they are not there.
        forgotten = database.execute("DELETE FROM migration WHERE name = '2026-11-21T05:07:56:000000'").rowcount
        database.execute("DROP INDEX contacts_by_lid")
    assert forgotten == 1
    file.unlink()
    write_archive(file, opened, msgspec.structs.replace(manifest, files=describe(opened)), WORDS, log_n=QUICK)
    await restore_backup(file, WORDS, empty, tmp_path / "there")
    assert await contents(empty) == before


async def test_nothing_is_restored_over_anything(engine: Engine, empty: Engine, here: Path, tmp_path: Path) -> None:
    file, there = tmp_path / "gateway.backup", tmp_path / "there"
    await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    with pytest.raises(CopyRefused) as not_empty:
        await restore_backup(file, WORDS, engine, there)
    assert not_empty.value.code == "target_not_empty"
    with pytest.raises(Conflict) as devices:
        await restore_backup(file, WORDS, empty, here)
    assert devices.value.code == "devices_exist"
    assert identity(here) == [IDENTITY]
    assert not any((await contents(empty)).values())


async def test_a_restore_that_fails_in_the_database_takes_the_devices_back(
    engine: Engine, empty: Engine, here: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "gateway.backup", tmp_path / "there"
    await make_backup(engine, here, file, WORDS, now=NOON, log_n=QUICK)
    await empty.execute("CREATE TRIGGER no BEFORE INSERT ON chats BEGIN SELECT RAISE(ABORT, 'no'); END", ())
    assert (await refused(file, WORDS, empty, there)).code == "row_refused"
    await empty.execute("DROP TRIGGER no", ())
    await restore_backup(file, WORDS, empty, there)
    assert identity(there) == [IDENTITY]
