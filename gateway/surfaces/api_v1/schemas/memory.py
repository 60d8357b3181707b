"""Wire format of what is known about a running instance: its memory record, and the sums over all of them."""

from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.histories import KeyRecord, Overview, StateChange, Vitals
from gateway.domain.instances import Instance, LoginCode, ProviderName, SessionStateKind
from gateway.domain.usage import Counters
from gateway.kit import process
from gateway.surfaces.api_v1.shared import Here
from gateway.surfaces.api_v1.words import (
    AuthStatus,
    LifeCycle,
    TaskStatus,
    WhatsAppState,
    auth_status_of,
    life_cycle_of,
    task_status_of,
    whatsapp_state_of,
)
from gateway.surfaces.http import iso, maybe_iso

_MEBIBYTE = 1024 * 1024


def megabytes() -> float:
    """What the process takes now."""
    return to_megabytes(process.sample().memory)


def to_megabytes(size: int) -> float:
    """Bytes, with one digit."""
    return round(size / _MEBIBYTE, 1)


def hours(span: timedelta) -> float:
    """With two digits."""
    return round(span.total_seconds() / 3600, 2)


class ShownCode(Struct, frozen=True):
    """A login code that is good right now."""

    code: str
    text: str
    generated_at: str
    expires_at: str | None
    source: str = "session"

    @classmethod
    def of(cls, login: LoginCode, at: datetime) -> "ShownCode":
        return cls(code=login.text, text=login.text, generated_at=iso(at), expires_at=maybe_iso(login.expires_at))


class MemoryPorts(Struct, frozen=True):
    """The gateway's own port."""

    api: int
    mcp: int | None
    assigned_at: str


class WhatsAppUser(Struct, frozen=True):
    """Who the instance is on WhatsApp."""

    phone_number: str
    account: str

    @classmethod
    def of(cls, instance: Instance) -> "WhatsAppUser | None":
        known = instance.provider is ProviderName.WHATSAPP and instance.account
        return cls(instance.account, instance.account) if known else None


class MessageStats(Struct, frozen=True):
    """What was counted; `daily` is the UTC day."""

    sent_count: int
    received_count: int
    daily_sent: int
    daily_received: int
    last_sent_at: str | None = None
    last_received_at: str | None = None
    daily_reset_at: str | None = None

    @classmethod
    def of(cls, instance: Instance, today: Counters, vitals: Vitals | None = None) -> "MessageStats":
        midnight = vitals.now.replace(hour=0, minute=0, second=0, microsecond=0) if vitals else None
        return cls(
            sent_count=instance.sent_messages,
            received_count=instance.received_messages,
            daily_sent=today.messages_sent,
            daily_received=today.messages_received,
            last_sent_at=maybe_iso(vitals.last_sent_at) if vitals else None,
            last_received_at=maybe_iso(vitals.last_received_at) if vitals else None,
            daily_reset_at=maybe_iso(midnight),
        )


class Resources(Struct, frozen=True):
    """What the session takes: it is a task of the gateway's process, and shares it with the others."""

    memory_usage: str
    container_status: TaskStatus
    last_updated: str


class SystemInfo(Struct, frozen=True):
    """Starts and checks."""

    uptime_start: str | None
    restart_count: int
    last_restart_at: str | None
    restart_reason: str | None
    health_check_count: int
    last_health_check: str | None
    consecutive_failures: int


class ErrorLine(Struct, frozen=True):
    """Something that went wrong with a session."""

    error: str
    timestamp: str
    source: str

    @classmethod
    def of(cls, change: StateChange) -> "ErrorLine":
        return cls(error=change.sentence, timestamp=iso(change.at), source=change.code)


class ErrorInfo(Struct, frozen=True):
    """Errors since they were last cleared; the history is newest first and holds twenty."""

    last_error: str | None
    last_error_at: str | None
    error_count: int
    error_history: list[ErrorLine]


class Memory(Struct, frozen=True, kw_only=True):
    """Everything that is known about an instance at a moment."""

    instance_id: str
    user_id: str
    company_id: str
    provider: ProviderName
    type_instance: list[str]
    status: LifeCycle
    auth_status: AuthStatus
    whatsapp_state: WhatsAppState | None
    qr_code: ShownCode | None
    api_key: str | None
    api_key_usage_count: int
    api_key_first_use: str | None
    api_key_last_use: str | None
    ports: MemoryPorts
    whatsapp_user: WhatsAppUser | None
    last_seen: str | None
    last_activity: str | None
    last_message_sent: str | None
    last_message_received: str | None
    is_ready_for_messages: bool
    resources: Resources
    message_stats: MessageStats
    system_info: SystemInfo
    error_info: ErrorInfo
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, vitals: Vitals, here: Here) -> "Memory":
        instance, states = vitals.instance, vitals.states
        last_sent, last_received = maybe_iso(vitals.last_sent_at), maybe_iso(vitals.last_received_at)
        errors = [ErrorLine.of(each) for each in vitals.errors]
        return cls(
            instance_id=instance.id,
            user_id=instance.label,
            company_id=instance.label,
            provider=instance.provider,
            type_instance=list(instance.options.serves),
            status=life_cycle_of(instance.state.kind, flows=instance.flows),
            auth_status=auth_status_of(instance),
            whatsapp_state=whatsapp_state_of(instance),
            qr_code=ShownCode.of(vitals.login, instance.state.at) if vitals.login else None,
            api_key=here.key_of(instance.id) or vitals.key.mask,
            api_key_usage_count=vitals.key.uses,
            api_key_first_use=maybe_iso(vitals.key.first_used_at),
            api_key_last_use=maybe_iso(vitals.key.last_used_at),
            ports=MemoryPorts(
                api=here.port,
                mcp=here.port if "mcp" in instance.options.serves else None,
                assigned_at=iso(instance.created_at),
            ),
            whatsapp_user=WhatsAppUser.of(instance),
            last_seen=last_seen(instance, vitals.now),
            last_activity=maybe_iso(instance.last_activity_at),
            last_message_sent=last_sent,
            last_message_received=last_received,
            is_ready_for_messages=instance.flows,
            resources=Resources(
                memory_usage=f"{megabytes():.0f}MB",
                container_status=task_status_of(instance),
                last_updated=iso(vitals.now),
            ),
            message_stats=MessageStats.of(instance, vitals.today, vitals),
            system_info=SystemInfo(
                uptime_start=maybe_iso(states.connected_at) if instance.flows else None,
                restart_count=max(0, states.starts - 1),
                last_restart_at=maybe_iso(states.last_start_at) if states.starts > 1 else None,
                restart_reason=vitals.restart_reason,
                health_check_count=vitals.checks,
                last_health_check=maybe_iso(vitals.last_check_at),
                consecutive_failures=states.errors_in_a_row,
            ),
            error_info=ErrorInfo(
                last_error=errors[0].error if errors else None,
                last_error_at=errors[0].timestamp if errors else None,
                error_count=states.errors,
                error_history=errors,
            ),
            created_at=iso(instance.created_at),
            updated_at=iso(instance.updated_at),
        )


def last_seen(instance: Instance, now: datetime) -> str:
    """When it was last known to be there: now, while messages flow; else since its state is what it is."""
    return iso(now if instance.flows else instance.state.at)


class MemoryReply(Struct, frozen=True):
    """The memory record of one instance."""

    success: bool
    data: Memory
    timestamp: str


class MemorySums(Struct, frozen=True):
    """All instances within reach, summed up."""

    total_instances: int
    active_instances: int
    authenticated_instances: int
    error_instances: int
    qr_pending_instances: int
    memory_usage_mb: float
    avg_uptime_hours: float
    total_messages_today: int

    @classmethod
    def of(cls, seen: Overview) -> "MemorySums":
        kinds = [each.state.kind for each in seen.instances]
        return cls(
            total_instances=len(kinds),
            active_instances=sum(not kind.is_final for kind in kinds),
            authenticated_instances=sum(each.flows for each in seen.instances),
            error_instances=sum(
                life_cycle_of(each.state.kind, flows=each.flows) is LifeCycle.ERROR for each in seen.instances
            ),
            qr_pending_instances=kinds.count(SessionStateKind.LOGIN_REQUIRED),
            memory_usage_mb=megabytes(),
            avg_uptime_hours=hours(seen.mean_uptime),
            total_messages_today=sum(
                day.messages_sent + day.messages_received
                for each in seen.instances
                if (day := seen.today.get(each.id)) is not None
            ),
        )


class MemorySumsReply(Struct, frozen=True):
    """All instances within reach, summed up."""

    success: bool
    stats: MemorySums


class KeyUse(Struct, frozen=True):
    """The key of an instance and how it is used. A secret key was shown once; here it is masked."""

    api_key: str
    generated_at: str
    usage_count: int
    masked: bool
    last_use: str | None = None

    @classmethod
    def of(cls, instance_id: str, key: KeyRecord, here: Here) -> "KeyUse":
        return cls(
            api_key=here.key_of(instance_id) or key.mask,
            generated_at=iso(key.created_at),
            usage_count=key.uses,
            masked=here.secret_keys,
            last_use=maybe_iso(key.last_used_at),
        )
