"""Wire format of what the gateway takes of its machine. Shares are texts such as `12.3%`, memory such as `47MB`."""

from msgspec import Struct

from gateway.domain.instances import Instance
from gateway.services.resources import Counts, Server, Share
from gateway.surfaces.api_v1.words import TaskStatus, is_healthy, task_status_of

_MEBIBYTE = 1024 * 1024


class Machine(Struct, frozen=True):
    """The machine; `cpu_usage` is a mean since somebody last looked, `uptime` since it was started."""

    cpu_usage: str
    memory_usage: str
    disk_usage: str
    uptime: str

    @classmethod
    def of(cls, server: Server) -> "Machine":
        figures = server.figures
        return cls(
            cpu_usage=percent(figures.cpu),
            memory_usage=percent(figures.memory),
            disk_usage=percent(server.disk),
            uptime=span(figures.uptime),
        )


class OwnProcess(Struct, frozen=True):
    """The gateway itself; `cpu_usage` is of the whole machine."""

    cpu_usage: str
    memory_usage: str
    uptime: str

    @classmethod
    def of(cls, server: Server) -> "OwnProcess":
        figures = server.figures
        return cls(percent(figures.process_cpu), megabytes(figures.process_memory), span(figures.process_uptime))


class Tasks(Struct, frozen=True):
    """There are no containers: these are the instances' tasks."""

    total_containers: int
    running_containers: int
    stopped_containers: int


class InstanceCounts(Struct, frozen=True):
    """Instances within the caller's reach."""

    total: int
    running: int
    stopped: int


class ResourcesReply(Struct, frozen=True):
    """The machine, the gateway on it, and the caller's instances. `system` is another name of `server`."""

    success: bool
    server: Machine
    system: Machine
    process: OwnProcess
    docker: Tasks
    instances: InstanceCounts

    @classmethod
    def of(cls, server: Server, counts: Counts) -> "ResourcesReply":
        machine = Machine.of(server)
        return cls(
            success=True,
            server=machine,
            system=machine,
            process=OwnProcess.of(server),
            docker=Tasks(counts.total, counts.running, counts.stopped),
            instances=InstanceCounts(counts.total, counts.running, counts.stopped),
        )


class InstanceShare(Struct, frozen=True):
    """What one instance takes: an equal part of the process for each that runs."""

    instance_id: str
    display_name: str
    cpu_usage: str
    memory_usage: str
    status: str
    """`running`, `partial` (its task is alive and something stands in its way) or `stopped`."""

    @classmethod
    def of(cls, share: Share) -> "InstanceShare":
        return cls(
            instance_id=share.instance.id,
            display_name=share.instance.name,
            cpu_usage=percent(share.cpu),
            memory_usage=megabytes(share.memory),
            status=_status(share.instance),
        )


class InstanceSharesReply(Struct, frozen=True):
    """The caller's instances, oldest first."""

    success: bool
    instances: list[InstanceShare]
    total: int


def percent(share: float) -> str:
    """`12.3%`."""
    return f"{share:.1f}%"


def megabytes(size: int) -> str:
    """`47MB`."""
    return f"{round(size / _MEBIBYTE)}MB"


def span(seconds: float) -> str:
    """`8 days, 13 hours`, `5 hours, 12 minutes` or `3 minutes`."""
    minutes = int(seconds // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} days, {hours} hours"
    if hours:
        return f"{hours} hours, {minutes % 60} minutes"
    return f"{minutes} minutes"


def _status(instance: Instance) -> str:
    alive = task_status_of(instance)
    return "partial" if alive is TaskStatus.RUNNING and not is_healthy(instance) else alive.value
