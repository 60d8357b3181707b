"""The gateway's own log, for those who run it: it tells of every tenant, so nobody else reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.tenants import Principal
from gateway.kit.logbook import KeptLine, Logbook, LogFile
from gateway.services.checks import require_admin


class LogLevel(StrEnum):
    """How much a line matters. Requests are counted (`GET /metrics`) and not logged, so no line is of `HTTP`."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    HTTP = "http"
    DEBUG = "debug"


_LEVELS = {
    "debug": LogLevel.DEBUG,
    "info": LogLevel.INFO,
    "warning": LogLevel.WARN,
    "error": LogLevel.ERROR,
    "critical": LogLevel.ERROR,
}


class LogEntry(Struct, frozen=True, kw_only=True):
    """A line. `message` is its event and its fields; `raw` is all of it, as JSON."""

    timestamp: str
    level: LogLevel
    message: str
    raw: str


class LogPage(Struct, frozen=True, kw_only=True):
    """The last lines, oldest first, of `total` that are kept."""

    entries: Sequence[LogEntry]
    total: int
    file: LogFile | None


class Logs:
    """Reads what the logbook keeps: the last lines of this process and, with a log file, of those before it."""

    def __init__(self, book: Logbook) -> None:
        self._book = book

    def last(self, who: Principal, count: int, level: LogLevel | None = None) -> LogPage:
        """Up to `count` lines, of one level if asked. For administrators. Raises Forbidden."""
        require_admin(who)
        lines = [each for each in self._book.lines() if level is None or _level_of(each) is level]
        return LogPage(entries=[_entry(each) for each in lines[-count:]], total=len(lines), file=self._book.file)

    def by_level(self, who: Principal, count: int) -> Mapping[LogLevel, int]:
        """How many of the last `count` lines are of which level. For administrators. Raises Forbidden."""
        require_admin(who)
        lines = self._book.lines()
        return Counter(_level_of(each) for each in islice(lines, max(0, len(lines) - count), None))

    def file(self, who: Principal) -> LogFile | None:
        """The file that lines outlive a restart in, if there is one. For administrators. Raises Forbidden."""
        require_admin(who)
        return self._book.file


def _level_of(line: KeptLine) -> LogLevel:
    return _LEVELS.get(line.level, LogLevel.INFO)


def _entry(line: KeptLine) -> LogEntry:
    fields: dict[str, Any] = msgspec.json.decode(line.raw)
    timestamp = str(fields.pop("time", ""))
    fields.pop("level", None)
    event = str(fields.pop("event", ""))
    told = " ".join(f"{name}={_shown(value)}" for name, value in fields.items())
    return LogEntry(
        timestamp=timestamp, level=_level_of(line), message=f"{event} {told}" if told else event, raw=line.raw
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
