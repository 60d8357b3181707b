"""Wire format of what an instance has been through. A history shows secrets masked: it outlives them."""

from msgspec import Struct

from gateway.domain.histories import KeyRecord, StateChange, Vitals
from gateway.domain.instances import JournalLine
from gateway.surfaces.api_v1.schemas.memory import ErrorLine, KeyUse, ShownCode, hours
from gateway.surfaces.api_v1.words import LifeCycle, TaskStatus, life_cycle_of
from gateway.surfaces.http import iso, maybe_iso


class StatusLine(Struct, frozen=True):
    """Where a session has stood."""

    status: LifeCycle
    timestamp: str
    source: str
    message: str

    @classmethod
    def of(cls, change: StateChange) -> "StatusLine":
        return cls(life_cycle_of(change.state), iso(change.at), change.code, change.sentence)


class StatusHistory(Struct, frozen=True):
    """Newest first."""

    success: bool
    data: list[StatusLine]
    count: int
    limit: int


class QrLine(Struct, frozen=True):
    """A login code that was shown, masked."""

    qr_code: str
    qr_text: str
    generated_at: str
    expires_at: str | None
    source: str

    @classmethod
    def of(cls, change: StateChange) -> "QrLine":
        mask = change.login_mask or ""
        return cls(mask, mask, iso(change.at), maybe_iso(change.login_expires_at), change.code)


class QrHistory(Struct, frozen=True):
    """Newest first."""

    success: bool
    data: list[QrLine]
    count: int
    limit: int


class KeyLine(Struct, frozen=True):
    """A key an instance has had, masked."""

    api_key: str
    created_at: str
    usage_count: int
    last_used_at: str | None
    retired_at: str | None

    @classmethod
    def of(cls, key: KeyRecord) -> "KeyLine":
        return cls(key.mask, iso(key.created_at), key.uses, maybe_iso(key.last_used_at), maybe_iso(key.retired_at))


class KeyHistory(Struct, frozen=True):
    """Newest first."""

    success: bool
    data: list[KeyLine]
    count: int
    limit: int


class ErrorHistory(Struct, frozen=True):
    """Newest first, since they were last cleared."""

    success: bool
    data: list[ErrorLine]
    count: int
    limit: int


class ActivityStats(Struct, frozen=True):
    """How much an instance does, and how well it is: 100 is nothing wrong."""

    uptime_hours: float
    messages_sent_today: int
    messages_received_today: int
    last_activity: str | None
    health_score: int


class ActivityStatsReply(Struct, frozen=True):
    """How much an instance does."""

    success: bool
    data: ActivityStats

    @classmethod
    def of(cls, vitals: Vitals) -> "ActivityStatsReply":
        return cls(
            True,
            ActivityStats(
                uptime_hours=hours(vitals.uptime),
                messages_sent_today=vitals.today.messages_sent,
                messages_received_today=vitals.today.messages_received,
                last_activity=maybe_iso(vitals.instance.last_activity_at),
                health_score=vitals.health_score,
            ),
        )


class CurrentQr(Struct, frozen=True):
    """The login code that is good right now."""

    qr_code: str
    qr_text: str
    generated_at: str
    expires_at: str | None
    source: str

    @classmethod
    def of(cls, code: ShownCode) -> "CurrentQr":
        return cls(code.code, code.text, code.generated_at, code.expires_at, code.source)


class CurrentQrReply(Struct, frozen=True):
    """The login code that is good right now."""

    success: bool
    data: CurrentQr


class KeyReply(Struct, frozen=True):
    """The key of an instance."""

    success: bool
    data: KeyUse


class LogLine(Struct, frozen=True):
    """A line of an instance's log."""

    timestamp: str
    level: str
    message: str
    source: str

    @classmethod
    def of(cls, line: JournalLine, source: str) -> "LogLine":
        return cls(iso(line.at), line.level, line.text, source)

    @property
    def text(self) -> str:
        """On one line."""
        return f"{self.timestamp} {self.level.upper()} {self.message}"


class LogData(Struct, frozen=True):
    """Lines, oldest first."""

    logs: list[LogLine]
    total_lines: int
    tail: int


class InstanceLogs(Struct, frozen=True):
    """The log of an instance: as one text under the name of its task, and line by line."""

    success: bool
    logs: dict[str, str]
    data: LogData
    container_status: TaskStatus
