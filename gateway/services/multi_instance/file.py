"""The old system's SQLite file, opened for reading only and looked over before anything is believed."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.domain.errors import InvalidInput
from gateway.services.importing.report import CONTACTS, INSTANCES, MESSAGES, USAGE, USERS, WEBHOOKS
from gateway.services.importing.row import OldRow, folded, printable

SYSTEM: Final = "WhatsApp Multi-Instance API"

_NAMES: Final = {
    USERS: ("users", "user"),
    INSTANCES: ("instances", "instance"),
    WEBHOOKS: ("webhooksettings", "webhooksetting"),
    CONTACTS: ("contacts", "contact"),
    MESSAGES: ("messages", "message"),
    USAGE: ("instanceusage", "instanceusages"),
}
"""What each table may be called, folded: Prisma names it after the model unless `@@map` says otherwise."""

_LEFT: Final = {
    "activity log": ("activitylogs", "activitylog"),
    "webhook log": ("webhooklogs", "webhooklog"),
    "usage limits": ("usagelimits", "usagelimit"),
}

_NEEDED: Final = {
    USERS: ("id", "email", "apiKey"),
    INSTANCES: ("id", "userId", "name"),
    WEBHOOKS: ("instanceId",),
    CONTACTS: ("instanceId", "remoteJid"),
    MESSAGES: ("id", "instanceId", "remoteJid", "messageId", "createdAt"),
    USAGE: ("instanceId", "date"),
}
"""Columns without which a table is not that system's."""


class OldFile:
    """Its tables. All of it is read as of one moment."""

    def __init__(self, connection: sqlite3.Connection, path: Path, now: datetime) -> None:
        self._connection = connection
        self._path = path
        self._now = now
        here = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self._here = {folded(name): name for name in here}
        for noun, columns in _NEEDED.items():
            self._check(noun, columns)

    async def rows(self, noun: str) -> AsyncIterator[OldRow]:
        """Every row of a table; none where there is no such table. Raises InvalidInput for a damaged one."""
        table = self._table(_NAMES[noun])
        if table is None:
            return
        try:
            cursor = self._connection.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608 - it is in sqlite_master
            names = [column[0] for column in cursor.description]
            for values in cursor:
                yield OldRow(dict(zip(names, values, strict=True)), self._now)
        except sqlite3.Error:
            raise _damaged(self._path) from None

    def left(self) -> dict[str, int]:
        """How many rows there are of what is not taken over."""
        counts = {}
        for noun, names in _LEFT.items():
            table = self._table(names)
            if table is not None:
                query = f"SELECT count(*) FROM {_quoted(table)}"  # noqa: S608 - it is in sqlite_master
                counts[noun] = int(self._connection.execute(query).fetchone()[0])
        return {noun: count for noun, count in counts.items() if count}

    def _table(self, names: Sequence[str]) -> str | None:
        return next((self._here[name] for name in names if name in self._here), None)

    def _check(self, noun: str, columns: Sequence[str]) -> None:
        table = self._table(_NAMES[noun])
        if table is None:
            if noun in (USERS, INSTANCES):
                raise _stranger(self._path, f"there is no table of {noun}")
            return
        there = {folded(row[1]) for row in self._connection.execute(f"PRAGMA table_info({_quoted(table)})")}
        missing = next((name for name in columns if folded(name) not in there), None)
        if missing is not None:
            raise _stranger(self._path, f"its table {printable(table)} has no {missing}")


@contextmanager
def opened(path: Path, now: datetime) -> Iterator[OldFile]:
    """The file, which is never written to. Raises InvalidInput when it is no such file, or damaged anywhere."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", field="file")
    connection = None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("BEGIN")
        if [row[0] for row in connection.execute("PRAGMA quick_check(1)")] != ["ok"]:
            raise _damaged(path)
        file = OldFile(connection, path, now)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _unreadable(path, error) from None
    except InvalidInput:
        if connection is not None:
            connection.close()
        raise
    try:
        yield file
    finally:
        connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stranger(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path} is no database of {SYSTEM}: {why}. Nothing was changed.", field="file")


def _damaged(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} is damaged, so nothing was changed. Look for a `.backup` of it, or let `sqlite3 {path.name} .recover`"
        " make a new file.",
        field="file",
    )


def _unreadable(path: Path, error: sqlite3.Error) -> InvalidInput:
    match getattr(error, "sqlite_errorcode", None):
        case sqlite3.SQLITE_NOTADB:
            return _stranger(path, "it is no SQLite file")
        case sqlite3.SQLITE_CORRUPT:
            return _damaged(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return InvalidInput(f"{path} is being written to. Stop the old system first.", field="file")
        case _:
            return InvalidInput(
                f"{path} cannot be read. Stop the old system, make a copy of the file with whatever lies beside it"
                " (-journal, -wal), open that copy once with the sqlite3 tool, and import the copy.",
                field="file",
            )
