"""Which database a switch chose, remembered in `DATA_DIR` across restarts and for every command.

A leaf beside `environment`: settings read it, the switch writes it.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from gateway.environment import SettingsError

Provider = Literal["sqlite", "postgres"]

FILE = "database.json"
"""Its name in `DATA_DIR`. Without it `DATABASE_PROVIDER` decides."""


class DatabaseChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file."""

    provider: Provider
    """The database in use."""
    since: datetime | None = None
    """When it was switched to; None while the settings' own choice still holds."""
    copies: dict[Provider, list[dict[str, str]]] = {}
    """What the other database was left with, or may have been if the process died at the wrong moment: a checksum for
    each table. A database that still has exactly one of these holds an old copy of ours and nothing else, so a switch
    may write over it."""


def read_choice(data_dir: Path) -> DatabaseChoice | None:
    """What is remembered, or None. Raises SettingsError when the file cannot be read."""
    path = data_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DatabaseChoice)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not what a switch writes"
        raise SettingsError(
            f"{FILE} in DATA_DIR says which database is in use and cannot be read ({reason}); correct it, for example "
            '{"provider":"postgres"}, or remove it to let DATABASE_PROVIDER decide.'
        ) from problem


def write_choice(data_dir: Path, choice: DatabaseChoice) -> None:
    """Replace what is remembered; on the disk when this returns. Raises OSError, and then nothing has changed."""
    path = data_dir / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(choice))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(data_dir, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, has to outlive a power cut
    finally:
        os.close(folder)
