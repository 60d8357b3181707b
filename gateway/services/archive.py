"""A backup as a file: a tar inside a sealed stream, its first member a list of the others with their checksums."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.kit.envelope import EnvelopeError
from gateway.kit.passphrase import LOG_N
from gateway.kit.sealed_stream import PIECE, SealingWriter, UnsealingReader
from gateway.storage.copying import TableCopied

DATABASE = "database.db"
DEVICES = "whatsapp"
FORMAT = 1
_MANIFEST = "manifest.json"
_KNOWN = re.compile(rf"{re.escape(DATABASE)}|{DEVICES}/[A-Za-z0-9_-]{{1,64}}/(?:device\.db|spool)")
_MANIFEST_AT_MOST = 64 * PIECE


class ArchivedFile(Struct, frozen=True, kw_only=True):
    """One member. `name` is a path with slashes, `sha256` hexadecimal."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What an archive holds; `database` is the kind it was."""

    format: int
    gateway: str
    made_at: datetime
    database: str
    tables: tuple[TableCopied, ...]
    files: tuple[ArchivedFile, ...]


def describe(folder: Path) -> tuple[ArchivedFile, ...]:
    """Every file below `folder`, by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        ArchivedFile(name=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=_sha256(path))
        for path in paths
    )


def write_archive(path: Path, folder: Path, manifest: Manifest, passphrase: str, *, log_n: int = LOG_N) -> None:
    """The files of a folder into the new file `path`: for its owner only, on the disk when this returns, or not there.

    Needs memory for a piece, not for a file; `log_n` as in `SealingWriter`. Raises InvalidInput when it cannot be
    written or is there already.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        refuse_existing(path)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            _write(folder, manifest, SealingWriter(file, passphrase, log_n=log_n))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}).") from None
    finally:
        beside.unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """Raises InvalidInput: a backup is never written over anything."""
    if path.exists():
        raise InvalidInput(f"{path} is there already; name another file.")


def read_archive(path: Path, folder: Path, passphrase: str) -> Manifest:
    """The files of an archive into an empty folder, each compared with its checksum.

    Raises InvalidInput when it cannot be read, is damaged or incomplete, or the passphrase is another; what is in the
    folder then is worth nothing.
    """
    try:
        with path.open("rb") as file:
            reader = UnsealingReader(file, passphrase)
            manifest = _read(reader, folder)
            while reader.read():
                pass  # that nothing is missing at the end is known there alone
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror or 'it is no archive'}).") from None
    except EnvelopeError as error:
        raise InvalidInput(str(error)) from None
    except (tarfile.TarError, msgspec.DecodeError):
        raise InvalidInput(f"{path} holds something else than a backup of this gateway.") from None
    return manifest


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, after files were made or renamed there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(folder: Path, manifest: Manifest, sealing: SealingWriter) -> None:
    with tarfile.open(mode="w|", fileobj=cast("BinaryIO", sealing), bufsize=PIECE) as tar:
        listed = msgspec.json.encode(manifest)
        tar.addfile(_member(_MANIFEST, len(listed)), io.BytesIO(listed))
        for each in manifest.files:
            with (folder / each.name).open("rb") as content:
                tar.addfile(_member(each.name, each.size), content)
    sealing.finish()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _read(reader: UnsealingReader, folder: Path) -> Manifest:
    with tarfile.open(mode="r|", fileobj=cast("BinaryIO", reader), bufsize=PIECE) as tar, _members(tar) as members:
        first = next(members, None)
        if first is None or first[0].name != _MANIFEST or first[0].size > _MANIFEST_AT_MOST:
            raise tarfile.TarError
        manifest = msgspec.json.decode(first[1].read(), type=Manifest)
        if manifest.format != FORMAT:
            raise InvalidInput(f"The backup has format {manifest.format}; upgrade the gateway to read it.")
        missing = {each.name: each for each in manifest.files}
        for member, content in members:
            listed = missing.pop(member.name, None)
            # Names are ours or nothing: what is unpacked must not leave the folder.
            if listed is None or _KNOWN.fullmatch(member.name) is None or not member.isreg():
                raise tarfile.TarError
            if _unpack(content, folder / member.name) != (listed.size, listed.sha256):
                raise InvalidInput(f"{member.name} in the backup is damaged; use another backup.")
        if missing:
            raise InvalidInput(f"{min(missing)} is missing in the backup; use another backup.")
    return manifest


@contextmanager
def _members(tar: tarfile.TarFile) -> Iterator[Iterator[tuple[tarfile.TarInfo, io.BufferedIOBase]]]:
    yield ((each, cast("io.BufferedIOBase", tar.extractfile(each))) for each in tar)


def _unpack(content: io.BufferedIOBase, path: Path) -> tuple[int, str]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(PIECE):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
