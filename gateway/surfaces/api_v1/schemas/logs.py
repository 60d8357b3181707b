"""Wire format of the gateway's own log."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from gateway.kit.logbook import LogFile
from gateway.services.logs import LogEntry, LogLevel, LogPage
from gateway.surfaces.http import iso, maybe_iso

_MEBIBYTE = 1024 * 1024


class LogLine(Struct, frozen=True):
    """A line. `message` is its event and its fields; `raw` is all of it, as JSON. Secrets were masked before."""

    timestamp: str
    level: LogLevel
    message: str
    raw: str

    @classmethod
    def of(cls, entry: LogEntry) -> "LogLine":
        try:
            timestamp = iso(datetime.fromisoformat(entry.timestamp))
        except ValueError:
            timestamp = entry.timestamp
        return cls(timestamp, entry.level, entry.message, entry.raw)


class LogData(Struct, frozen=True):
    """Lines, oldest first. `total_lines` counts what is kept of this level; the rest is about the file, and empty
    where LOG_FILE is off.
    """

    logs: list[LogLine]
    total_lines: int
    file_size: int
    file_path: str | None
    last_modified: str | None

    @classmethod
    def of(cls, page: LogPage) -> "LogData":
        return cls(
            logs=[LogLine.of(each) for each in page.entries],
            total_lines=page.total,
            file_size=page.file.size if page.file else 0,
            file_path=str(page.file.path) if page.file else None,
            last_modified=maybe_iso(page.file.modified_at) if page.file else None,
        )


class Asked(Struct, frozen=True):
    """What was asked for, and when."""

    requested_tail: int
    requested_level: str
    timestamp: str


class LogsReply(Struct, frozen=True):
    """The gateway's last lines."""

    success: bool
    data: LogData
    metadata: Asked


class LatestData(Struct, frozen=True):
    """Lines, oldest first."""

    logs: list[LogLine]
    count: int


class AskedLines(Struct, frozen=True):
    """What was asked for, and when."""

    requested_lines: int
    timestamp: str


class LatestReply(Struct, frozen=True):
    """The gateway's last lines, without the rest."""

    success: bool
    data: LatestData
    metadata: AskedLines


class FileInfo(Struct, frozen=True):
    """The file that lines outlive a restart in."""

    size_bytes: int
    size_mb: float
    available: bool

    @classmethod
    def of(cls, file: LogFile | None) -> "FileInfo":
        size = file.size if file else 0
        return cls(size, round(size / _MEBIBYTE, 2), file is not None and file.problem is None)


class Scope(Struct, frozen=True):
    """How many lines were looked at: fewer than asked for when fewer are kept."""

    lines_analyzed: int
    timestamp: str


class StatsData(Struct, frozen=True):
    """Lines by level."""

    level_statistics: dict[LogLevel, int]
    file_info: FileInfo
    analysis_scope: Scope

    @classmethod
    def of(cls, counts: Mapping[LogLevel, int], file: LogFile | None, at: str) -> "StatsData":
        return cls(dict(counts), FileInfo.of(file), Scope(sum(counts.values()), at))


class StatsReply(Struct, frozen=True):
    """Lines by level."""

    success: bool
    data: StatsData


class LogHealth(Struct, frozen=True):
    """`unavailable` when the file cannot be written; `healthy` also where LOG_FILE is off: lines are kept in memory."""

    log_file_available: bool
    file_size_bytes: int
    status: str

    @classmethod
    def of(cls, file: LogFile | None) -> "LogHealth":
        info = FileInfo.of(file)
        return cls(info.available, info.size_bytes, "healthy" if file is None or info.available else "unavailable")


class LogHealthReply(Struct, frozen=True):
    """Whether the log is kept."""

    success: bool
    data: LogHealth
    timestamp: str
