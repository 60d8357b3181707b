"""The inbound queue of one device: first on disk, then in memory, in order, bounded.

WhatsApp is told that a message arrived before anybody here has seen it: whatsmeow sends its receipts when the event is
handed on, and neonize puts a channel of a hundred events behind that. So what arrives is appended to a file at once, on
the thread that brought it, and leaves the file only after its commit. What a crash of the process leaves behind is read
again at the next start; messages have unique keys, so reading twice says nothing twice. The file is not synced to disk
for each event: it survives the end of the process, not a power cut.

A record is `length (4 bytes, big endian) | CRC-32 of the rest (4) | code (1) | payload`.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.kit.log import get_logger

log = get_logger(__name__)

_HEADER: Final = struct.Struct(">II")

_RELEASED: Final = -1

MAX_RECORDS: Final = 5_000
MAX_BYTES: Final = 32 * 1024 * 1024
"""Beyond either, the thread that brings events waits, and with it WhatsApp."""
REWRITE_BYTES: Final = 8 * 1024 * 1024
"""Size from which a file that never runs empty is written anew with what is still to do."""


class Arrival(Struct, frozen=True):
    """One event of neonize as it came. `kept` tells whether it is in the file."""

    code: int
    payload: bytes
    kept: bool


class Spool:
    """First in, first out. `put` on any thread; everything else on the event loop."""

    def __init__(self, path: Path, *, on_arrival: Callable[[], None], max_records: int = MAX_RECORDS) -> None:
        self._path = path
        self._on_arrival = on_arrival
        self._max_records = max_records
        self._room = threading.Condition()
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._file_bytes = 0
        self._closed = False
        self._file = _open(path)
        for arrival in _read(path):
            self._waiting.append(arrival)
            self._bytes += len(arrival.payload)
        self.left_over = len(self._waiting)
        """How many events an earlier process had not finished."""
        self._file_bytes = _end_of_whole_records(path)
        os.ftruncate(self._file, self._file_bytes)

    def put(self, code: int, payload: bytes, *, keep: bool) -> None:
        """Take an event; `keep` puts it into the file before this returns. Blocks while the queue is full."""
        with self._room:
            while not self._closed and self._is_full():
                self._room.wait()
            if self._file == _RELEASED:
                raise ValueError("The queue is closed.")  # its descriptor may be another file's by now
            kept = keep and self._append(_record(code, payload))
            if self._closed:
                return  # nobody listens any more; what was kept is read at the next start
            self._waiting.append(Arrival(code, payload, kept))
            self._bytes += len(payload)
        self._on_arrival()

    def head(self, limit: int) -> list[Arrival]:
        """The oldest events, at most `limit`, which stay until `done`."""
        with self._room:
            return [self._waiting[place] for place in range(min(limit, len(self._waiting)))]

    def done(self, count: int) -> None:
        """Forget the `count` oldest: they are committed."""
        with self._room:
            for _ in range(count):
                self._bytes -= len(self._waiting.popleft().payload)
            if not self._waiting:
                os.ftruncate(self._file, 0)
                self._file_bytes = 0
            elif self._file_bytes > max(REWRITE_BYTES, 2 * self._bytes):
                self._rewrite()
            self._room.notify_all()

    def close(self) -> None:
        """Let waiting threads go. From now on what is put goes to the file alone, for the next start."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def release(self) -> None:
        """Close the file, after the thread that puts has ended."""
        with self._room:
            os.close(self._file)
            self._file = _RELEASED

    def __len__(self) -> int:
        return len(self._waiting)

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._max_records or self._bytes >= MAX_BYTES

    def _append(self, record: bytes) -> bool:
        """Whether the whole record is in the file. On a full disk it is not, and the event lives in memory alone."""
        try:
            whole = os.write(self._file, record) == len(record)
        except OSError:
            whole = False
        if whole:
            self._file_bytes += len(record)
        else:
            log.error("whatsapp_spool_not_written", path=str(self._path))
            os.ftruncate(self._file, self._file_bytes)  # half a record would hide everything written after it
        return whole

    def _rewrite(self) -> None:
        kept = b"".join(_record(each.code, each.payload) for each in self._waiting if each.kept)
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        file = _open(beside)
        try:
            whole = os.write(file, kept) == len(kept)
        except OSError:
            whole = False
        if not whole:
            log.error("whatsapp_spool_not_rewritten", path=str(self._path))
            os.close(file)  # the old file still holds everything
            return
        beside.replace(self._path)
        os.close(self._file)
        self._file = file
        self._file_bytes = len(kept)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _record(code: int, payload: bytes) -> bytes:
    body = bytes((code,)) + payload
    return _HEADER.pack(len(body), zlib.crc32(body)) + body


def _read(path: Path) -> list[Arrival]:
    data = path.read_bytes()
    return [Arrival(data[start], data[start + 1 : end], kept=True) for start, end in _whole_records(data)]


def _end_of_whole_records(path: Path) -> int:
    records = _whole_records(path.read_bytes())
    return records[-1][1] if records else 0


def _whole_records(data: bytes) -> list[tuple[int, int]]:
    """Where the bodies of whole records lie. A record that was being written at a crash ends the list."""
    places: list[tuple[int, int]] = []
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, checksum = _HEADER.unpack_from(data, offset)
        start = offset + _HEADER.size
        end = start + length
        if length == 0 or end > len(data) or zlib.crc32(data[start:end]) != checksum:
            break
        places.append((start, end))
        offset = end
    return places
