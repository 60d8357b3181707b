"""One row of an older system's tables, read with the doubts that another program's data deserve. Pure.

Prisma writes DateTime columns into SQLite as integers of milliseconds since 1970; older scripts and
`CURRENT_TIMESTAMP` wrote text in UTC. SQLite checks neither type nor length, and from PostgreSQL every value comes as
text, so everything is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_UNTIL = timedelta(days=1)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_TRUE, _FALSE = frozenset({"1", "true", "t", "yes"}), frozenset({"0", "false", "f", "no"})


class OddRow(Exception):
    """A row that makes no sense. The sentence says why, without any value of it that may be secret."""

    @property
    def sentence(self) -> str:
        """Why it is left out."""
        return str(self.args[0])


def folded(name: str) -> str:
    """Under which a table or column is known: `InstanceUsage`, `instance_usage` and `instanceusage` are one name."""
    return name.replace("_", "").lower()


class OldRow:
    """Values by column name, however that was mapped. `now` tells what lies in the future."""

    def __init__(self, values: Mapping[str, Any], now: datetime) -> None:
        self._values = {folded(name): value for name, value in values.items()}
        self._now = now

    @property
    def label(self) -> str:
        """Its id as it may be printed."""
        return printable(str(self._values.get("id")))

    def text(self, name: str) -> str:
        """A text without NUL, which PostgreSQL does not take; empty for NULL. Raises OddRow for bytes."""
        value = self._values.get(folded(name))
        if value is None:
            return ""
        if isinstance(value, bytes):
            raise OddRow(f"{name} is no text.")
        return str(value).replace("\0", "")

    def line(self, name: str, longest: int = 255) -> str:
        """A text as one line of at most so many characters."""
        return _CONTROL.sub(" ", self.text(name)).strip()[:longest].rstrip()

    def identifier(self, name: str) -> str:
        """An id that can stand in a URL. Raises OddRow for anything else."""
        text = self.text(name)
        if _ID.fullmatch(text) is None:
            raise OddRow(f"{name} is no id.")
        return text

    def flag(self, name: str, *, default: bool) -> bool:
        """A truth; `default` for NULL and for a column that is not there. Raises OddRow."""
        word = self.text(name).lower()
        if not word:
            return default
        if word not in _TRUE | _FALSE:
            raise OddRow(f"{name} is neither true nor false.")
        return word in _TRUE

    def whole(self, name: str) -> int | None:
        """A whole number; None for NULL. Raises OddRow."""
        value = self._values.get(folded(name))
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise OddRow(f"{name} is no number.") from None
        if not number.is_integer():  # neither are infinity and NaN
            raise OddRow(f"{name} is no whole number.")
        return int(value) if isinstance(value, int) else int(number)

    def moment(self, name: str) -> datetime | None:
        """A moment after 1999 and not in the future; None for NULL. Raises OddRow."""
        value = self._values.get(folded(name))
        if value is None or value == "":
            return None
        moment = moment_of(value)
        if moment is None or not _FIRST <= moment <= self._now + _UNTIL:
            raise OddRow(f"{name} is no moment between 2000 and today.")
        return moment

    def moment_or(self, name: str, other: datetime) -> datetime:
        """The same where a wrong one does not spoil the row."""
        try:
            return self.moment(name) or other
        except OddRow:
            return other

    def json(self, name: str) -> Any:
        """What a JSON column holds, which is a text here; None when it is empty or no JSON."""
        try:
            text = self.text(name)
            return msgspec.json.decode(text) if text else None
        except (OddRow, msgspec.DecodeError):
            return None


def moment_of(value: object) -> datetime | None:
    """Milliseconds since 1970 or ISO 8601, which is UTC unless it says otherwise; None for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
        if isinstance(value, str):
            read = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None


def printable(text: str, longest: int = 80) -> str:
    """A text of another program as a terminal may be given it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:longest])
