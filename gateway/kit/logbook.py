"""The last lines of this process's log, kept to be looked at, and the file they outlive a restart in.

What comes here has been redacted: it is what also goes to stdout, always as JSON.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

MOST_LINES = 10_000
MOST_BYTES = 8 * 1024 * 1024
"""Kept in memory, whichever is reached first."""
FILE_BYTES = 10 * 1024 * 1024
OLDER_FILES = 3
"""The file begins anew at that size; so many older ones stay beside it as `.1`, `.2`, ..."""


class KeptLine(Struct, frozen=True):
    """A line: its level (debug, info, warning, error, critical) and its JSON."""

    level: str
    raw: str


class LogFile(Struct, frozen=True, kw_only=True):
    """The file as it is now. `problem` is why it could not be opened, or its last line not be written, if so."""

    path: Path
    size: int
    modified_at: datetime | None
    problem: str | None


class _Levelled(Struct):
    level: str = ""


class _File(RotatingFileHandler):
    """Only its owner reads it. A line that cannot be written is no reason for anything else to fail."""

    problem: str | None = None

    def _open(self) -> Any:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        file: IO[Any] = open(self.baseFilename, self.mode, encoding=self.encoding, opener=private)  # noqa: SIM115 - the handler closes it; Path.open takes no opener
        return file

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the handler's own signature
        error = sys.exc_info()[1]
        self.problem = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        if self.stream is not None and self.stream.closed:
            self.stream = None  # how the handler itself says: open it again


class Logbook:
    """Keeps lines in memory, and in a file once `write_to` named one. May be written to from any thread."""

    def __init__(self, *, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> None:
        self._lines: deque[KeptLine] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._most_lines = most_lines
        self._most_bytes = most_bytes
        self._file: _File | None = None
        self._unopened: LogFile | None = None

    def write_to(self, path: Path, *, most_bytes: int = FILE_BYTES, older: int = OLDER_FILES) -> None:
        """Append to this file from now on: what was said until here, too. The last lines in it come before that.

        Raises OSError.
        """
        self.close()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            before = _last_lines(path, self._most_bytes)
            file = _File(path, maxBytes=most_bytes, backupCount=older, encoding="utf-8")
        except OSError as error:
            self._unopened = LogFile(path=path, size=0, modified_at=None, problem=error.strerror)
            raise
        with self._lock:
            said = list(self._lines)
            self._lines.clear()
            self._bytes = 0
        for line in before:
            self._keep(line)
        self._file = file
        for line in said:
            self.keep(line.level, line.raw)

    def keep(self, level: str, raw: str) -> None:
        """One line more; the oldest go when there are too many."""
        self._keep(KeptLine(level, raw))
        file = self._file
        if file is not None:
            file.problem = None
            file.handle(logging.LogRecord("", logging.NOTSET, "", 0, raw, None, None))

    def lines(self) -> Sequence[KeptLine]:
        """What is kept, oldest first."""
        with self._lock:
            return list(self._lines)

    @property
    def file(self) -> LogFile | None:
        """The file, if there is to be one."""
        if self._file is None:
            return self._unopened
        path = Path(self._file.baseFilename)
        try:
            stat = path.stat()
        except OSError as error:
            return LogFile(path=path, size=0, modified_at=None, problem=self._file.problem or error.strerror)
        modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
        return LogFile(path=path, size=stat.st_size, modified_at=modified_at, problem=self._file.problem)

    def close(self) -> None:
        """Close the file."""
        file, self._file, self._unopened = self._file, None, None
        if file is not None:
            with contextlib.suppress(OSError):  # the rest cannot be written: told when it was tried
                file.close()

    def _keep(self, line: KeptLine) -> None:
        with self._lock:
            self._lines.append(line)
            self._bytes += len(line.raw)
            while len(self._lines) > self._most_lines or (self._bytes > self._most_bytes and len(self._lines) > 1):
                self._bytes -= len(self._lines.popleft().raw)


def _last_lines(path: Path, most: int) -> list[KeptLine]:
    """The lines at the end of a file, as far as they are lines of ours."""
    if not path.is_file():
        return []  # not there yet, or a device: nothing comes back from it
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - most)
        file.seek(start)
        lines = file.read(most).decode("utf-8", "replace").split("\n")
    found = []
    for raw in lines[1 if start else 0 :]:
        try:
            level = msgspec.json.decode(raw, type=_Levelled).level
        except msgspec.MsgspecError:
            continue  # cut off by a crash, or somebody else's
        found.append(KeptLine(level, raw))
    return found
