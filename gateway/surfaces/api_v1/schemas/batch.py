"""Wire format of asking and changing many instances at once."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.histories import Overview
from gateway.surfaces.api_v1.schemas.instances import Container, InstanceHealth
from gateway.surfaces.api_v1.schemas.memory import Memory, hours, megabytes
from gateway.surfaces.api_v1.words import AuthStatus, TaskStatus, is_healthy, task_status_of

MOST_ASKED = 50
MOST_CHANGED = 20


class BatchOptions(Struct, frozen=True, rename="camel"):
    """What to tell of each."""

    include_memory: bool = False
    include_auth: bool = False
    include_health: bool = True
    include_containers: bool = False


class BatchStatusBody(Struct, frozen=True):
    """Which instances."""

    instance_ids: Annotated[Any, Meta(description="1 to 50 ids.", extra_json_schema={"type": "array"})] = None
    options: BatchOptions | None = None


class BatchItem(Struct, frozen=True, rename={"memory": "memoryData", "auth": "authStatus"}):
    """One of them; `not_found` when it is not there for the caller."""

    id: str
    status: str
    health: InstanceHealth | None = None
    memory: Memory | None = None
    auth: AuthStatus | None = None
    containers: list[Container] | None = None


class BatchStatusReply(Struct, frozen=True):
    """By id, in the order asked."""

    success: bool
    batch_size: int
    instances: dict[str, BatchItem]
    timestamp: str


class BatchUpdateBody(Struct, frozen=True):
    """Which instances, and what to change of each: `{"id": ..., "data": {...}}`."""

    updates: Annotated[Any, Meta(description="1 to 20 changes.", extra_json_schema={"type": "array"})] = None


class BatchError(Struct, frozen=True):
    """What was not changed, and why."""

    id: str
    error: str


class BatchUpdateReply(Struct, frozen=True):
    """How many were changed: here `success` is a number."""

    success: int
    failed: int
    errors: list[BatchError]
    batch_size: int
    timestamp: str


class Sums(Struct, frozen=True, rename={"memory_usage": "memoryUsage", "avg_uptime": "avgUptime"}):
    """Instances at a glance. Memory in megabytes, of the whole process; uptime in hours."""

    total: int
    running: int
    stopped: int
    healthy: int
    authenticated: int
    errors: int
    memory_usage: float
    avg_uptime: float

    @classmethod
    def of(cls, seen: Overview) -> "Sums":
        running = sum(task_status_of(each) is TaskStatus.RUNNING for each in seen.instances)
        return cls(
            total=len(seen.instances),
            running=running,
            stopped=len(seen.instances) - running,
            healthy=sum(is_healthy(each) for each in seen.instances),
            authenticated=sum(each.flows for each in seen.instances),
            errors=sum(seen.errors.get(each.id, 0) for each in seen.instances),
            memory_usage=megabytes(),
            avg_uptime=hours(seen.mean_uptime),
        )


class SumsReply(Struct, frozen=True):
    """Instances at a glance."""

    success: bool
    stats: Sums
    scope: str
    filtered_count: int
    timestamp: str
