"""How our SQLite file is created and each connection to it set up."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.domain.errors import StorageUnavailable
from gateway.storage import sqlite_connection

_SHARED = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    # No memory map: a failing disk would then kill the process (SIGBUS) instead of failing one statement.
    "PRAGMA mmap_size=0",
)
WRITER = (
    "PRAGMA journal_mode=WAL",
    # We answer "accepted" after the commit, so a commit must survive a power cut; NORMAL may lose the last ones.
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-16000",  # KiB
    "PRAGMA journal_size_limit=67108864",  # bytes; a burst must not leave a giant WAL behind
)
LOWER = "gateway_lower"
"""Python's `str.lower` as a function of SQL; SQLite's own knows ASCII alone."""
READER = ("PRAGMA query_only=ON", "PRAGMA cache_size=-4000")


def create_file(file: Path) -> None:
    """Make the file (mode 0600) and its folder when missing."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Before SQLite does, and private: -wal and -shm take over its mode.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def connect(arguments: Mapping[str, Any], pragmas: Sequence[str]) -> sqlite3.Connection:
    """A connection with every pragma set; most of them hold for one connection only. Raises sqlite3's errors."""
    raw: sqlite3.Connection = sqlite3.connect(**arguments)
    raw.create_function(LOWER, 1, _lower, deterministic=True)
    try:
        for pragma in (*_SHARED, *pragmas):
            _require_wal(sqlite_connection.fetch(raw, pragma, ()))
    except BaseException:
        raw.close()
        raise
    return raw


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def _require_wal(answer: list[dict[str, Any]]) -> None:
    """Only one of our pragmas answers with the journal's mode; a network drive, for one, cannot do WAL."""
    if answer and answer[0].get("journal_mode", "wal") != "wal":
        raise StorageUnavailable("SQLite needs write-ahead logging; put the file on a local disk.")
