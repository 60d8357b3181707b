"""One file of a SQLite database that others have open."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.domain.errors import Conflict

_WAIT = 10.0  # seconds for a writer to let go


def copy_sqlite_file(source: Path, target: Path) -> bool:
    """`source` as it is at one moment, with what is still in its journal, as the new file `target` (mode 0600).

    Returns False when there is no such file (any more). Raises Conflict (code `damaged`) when it is no sound database.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        _copy(source, target)
    except sqlite3.Error:
        target.unlink()
        if not source.exists():
            return False
        raise Conflict(
            f"{source.parent.name}/{source.name} cannot be read as a SQLite database; it may be damaged.",
            code="damaged",
        ) from None
    return True


def _copy(source: Path, target: Path) -> None:
    address = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as opened,
        closing(sqlite3.connect(target)) as copy,
    ):
        opened.backup(copy)  # all pages in one step, hence one moment
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file, with nothing left in a journal
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError
