"""Wire format of an instance: the row its table once had, and what is known about its session."""

from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from gateway.domain.histories import KeyRecord, Overview, Vitals
from gateway.domain.instances import Instance, ProviderName
from gateway.domain.usage import Counters
from gateway.domain.webhooks import Endpoint
from gateway.kit.redact import redact
from gateway.services.processing import Action
from gateway.surfaces.api_v1.schemas.memory import Memory, MessageStats, WhatsAppUser
from gateway.surfaces.api_v1.shared import Here
from gateway.surfaces.api_v1.webhook_schema import MASK, shown
from gateway.surfaces.api_v1.words import (
    AuthStatus,
    LifeCycle,
    TaskStatus,
    WhatsAppState,
    auth_status_of,
    is_healthy,
    life_cycle_of,
    task_status_of,
    whatsapp_state_of,
)
from gateway.surfaces.http import iso, maybe_iso


class Ports(Struct, frozen=True):
    """The gateway's own port: there are no others."""

    api: int
    mcp: int | None = None

    @classmethod
    def of(cls, instance: Instance, here: Here) -> "Ports":
        return cls(api=here.port, mcp=here.port if "mcp" in instance.options.serves else None)


class Row(Struct, frozen=True, kw_only=True):
    """An instance. Secrets are masked, or left out where nothing of them is kept."""

    id: str
    instance_id: str
    company_id: str
    user_id: str
    name: str
    provider: ProviderName
    type_instance: list[str]
    port_api: int
    port_mcp: int | None
    ports: Ports
    api_key: str | None
    api_key_generated_at: str | None
    last_qr_generated_at: str | None
    token: str | None
    api_webhook_schema: dict[str, Any]
    mcp_schema: dict[str, Any]
    agno_config: dict[str, Any]
    created_at: str
    updated_at: str
    auth_status: AuthStatus
    account: str | None
    whatsapp_state: WhatsAppState | None
    status: str
    """The task's status in `instance` and `instances`, the life cycle's in `data`."""
    memory_status: LifeCycle
    is_ready_for_messages: bool
    last_activity: str | None
    whatsapp_user: WhatsAppUser | None
    message_stats: MessageStats

    def as_data(self) -> "Row":
        """The same as `data` shows it."""
        return structs.replace(self, status=self.memory_status.value)

    @classmethod
    def of(
        cls,
        instance: Instance,
        here: Here,
        *,
        endpoint: Endpoint | None,
        today: Counters,
        login_at: datetime | None,
        key: KeyRecord | None = None,
    ) -> "Row":
        ports = Ports.of(instance, here)
        generated = key.created_at if key else None if here.secret_keys else instance.created_at
        return cls(
            id=instance.id,
            instance_id=instance.id,
            company_id=instance.label,
            user_id=instance.label,
            name=instance.name,
            provider=instance.provider,
            type_instance=list(instance.options.serves),
            port_api=ports.api,
            port_mcp=ports.mcp,
            ports=ports,
            api_key=here.key_of(instance.id) or (key.mask if key else None),
            api_key_generated_at=maybe_iso(generated),
            last_qr_generated_at=maybe_iso(login_at),
            token=MASK if instance.provider is ProviderName.TELEGRAM else None,
            api_webhook_schema=shown(endpoint),
            mcp_schema=redact(instance.options.mcp),
            agno_config=redact(instance.options.agent),
            created_at=iso(instance.created_at),
            updated_at=iso(instance.updated_at),
            auth_status=auth_status_of(instance),
            account=instance.account or None,
            whatsapp_state=whatsapp_state_of(instance),
            status=task_status_of(instance).value,
            memory_status=life_cycle_of(instance.state.kind, flows=instance.flows),
            is_ready_for_messages=instance.flows,
            last_activity=maybe_iso(instance.last_activity_at),
            whatsapp_user=WhatsAppUser.of(instance),
            message_stats=MessageStats.of(instance, today),
        )


class InstanceList(Struct, frozen=True):
    """Instances, oldest first, under both names that clients look for."""

    success: bool
    instances: list[Row]
    data: list[Row]
    total: int
    count: int

    @classmethod
    def of(cls, seen: Overview, chosen: list[Instance], endpoints: dict[str, Endpoint], here: Here) -> "InstanceList":
        rows = [
            Row.of(
                each,
                here,
                endpoint=endpoints.get(each.id),
                today=seen.today.get(each.id, Counters()),
                login_at=seen.login_at.get(each.id),
            )
            for each in chosen
        ]
        return cls(True, rows, [row.as_data() for row in rows], len(rows), len(rows))


class Parts(Struct, frozen=True):
    """What an instance consists of, and whether each part runs. `docker` is its task."""

    api: bool
    mcp: bool | None
    docker: bool


class InstanceHealth(Struct, frozen=True):
    """Whether it is well."""

    healthy: bool
    services: Parts

    @classmethod
    def of(cls, instance: Instance) -> "InstanceHealth":
        runs = task_status_of(instance) is TaskStatus.RUNNING
        mcp = runs if "mcp" in instance.options.serves else None
        return cls(healthy=is_healthy(instance), services=Parts(api=runs, mcp=mcp, docker=runs))


class Container(Struct, frozen=True):
    """The task of a session, in the words of what it was once: a container."""

    id: str
    name: str
    state: str
    status: str
    labels: dict[str, str]

    @classmethod
    def of(cls, instance: Instance, now: datetime) -> "Container":
        runs = task_status_of(instance) is TaskStatus.RUNNING
        minutes = int((now - instance.state.at).total_seconds() // 60)
        name = container_name(instance.id)
        return cls(
            id=name,
            name=name,
            state="running" if runs else "exited",
            status=f"Up {minutes} minutes" if runs else f"Exited {minutes} minutes ago",
            labels={
                "wweb.instance.id": instance.id,
                "wweb.instance.type": ",".join(instance.options.serves),
                "wweb.instance.provider": instance.provider.value,
                "wweb.instance.user_id": instance.label,
            },
        )


def container_name(instance_id: str) -> str:
    """What the task of an instance is called in logs and lists."""
    return f"wweb-{instance_id}-api"


class ShownRow(Row, frozen=True, kw_only=True):
    """One instance in detail."""

    health: InstanceHealth
    containers: list[Container]
    memory_data: Memory

    def as_data(self) -> "ShownRow":
        """The same as `data` shows it."""
        return structs.replace(self, status=self.memory_status.value)


class ShownInstance(Struct, frozen=True):
    """One instance, under both names that clients look for. `status` is the task's."""

    success: bool
    instance: ShownRow
    data: ShownRow
    status: TaskStatus

    @classmethod
    def of(cls, vitals: Vitals, endpoint: Endpoint | None, here: Here) -> "ShownInstance":
        instance = vitals.instance
        row = Row.of(
            instance,
            here,
            endpoint=endpoint,
            today=vitals.today,
            login_at=vitals.states.login_at,
            key=vitals.key,
        )
        shown_row = ShownRow(
            **structs.asdict(row),
            health=InstanceHealth.of(instance),
            containers=[Container.of(instance, vitals.now)],
            memory_data=Memory.of(vitals, here),
        )
        return cls(True, shown_row, shown_row.as_data(), task_status_of(instance))


class ProcessDetails(Struct, frozen=True):
    """What clients of a processed instance go on with."""

    display_name: str
    ports: Ports
    api_key: str | None
    auth_status: AuthStatus
    status_check_url: str


class ProcessResult(Struct, frozen=True):
    """What was done to bring the session to where it is wanted."""

    success: bool
    instance_id: str
    action: Action
    details: ProcessDetails
    message: str

    @classmethod
    def of(cls, instance: Instance, action: Action, here: Here, *, key: str | None = None) -> "ProcessResult":
        return cls(
            True,
            instance.id,
            action,
            ProcessDetails(
                display_name=instance.name,
                ports=Ports.of(instance, here),
                api_key=key or here.key_of(instance.id),
                auth_status=auth_status_of(instance),
                status_check_url=f"/api/v1/instances/{instance.id}/auth-status",
            ),
            _MESSAGES[action],
        )


_MESSAGES = {
    Action.CREATE: "Instance created. Waiting for QR code generation or for its network to accept it.",
    Action.UPDATE: "Instance configuration updated successfully",
    Action.RECREATE: "Instance recreated. Waiting for QR code generation or for its network to accept it.",
    Action.START: "Instance started successfully",
    Action.NO_CHANGE: "Instance is already up to date",
}


class CreatedInstance(Struct, frozen=True):
    """A new instance, on its way."""

    success: bool
    instance_id: str
    message: str
    status_check_url: str
    api_endpoint: str
    process_result: ProcessResult

    @classmethod
    def of(cls, instance: Instance, here: Here, *, key: str | None) -> "CreatedInstance":
        result = ProcessResult.of(instance, Action.CREATE, here, key=key)
        return cls(True, instance.id, result.message, result.details.status_check_url, f"{here.url}/api/v1", result)


class Done(Struct, frozen=True):
    """It was done."""

    success: bool
    message: str
