"""Wire format of how long instances take to be made and processed, and of how the gateway is doing as a whole.

The names speak of ports: giving an instance its port was what took time once. The figures are of the whole of making
and processing an instance; times are in milliseconds.
"""

from msgspec import Struct, structs

from gateway.services.checkup import Report, Severity
from gateway.services.performance import Measurements
from gateway.services.resources import Server
from gateway.surfaces.api_v1.schemas.ports import PortCounts
from gateway.surfaces.api_v1.schemas.resources import percent
from gateway.surfaces.http import iso


class Timings(Struct, frozen=True, kw_only=True, rename="camel"):
    """The last thousand, oldest first, and what is under way. `failureRate` is from 0 to 1."""

    port_assignment_time: list[float]
    concurrent_requests: int
    failure_rate: float
    average_response_time: float
    peak_concurrency: int
    last_reset_time: str

    @classmethod
    def of(cls, found: Measurements) -> "Timings":
        return cls(
            port_assignment_time=[milliseconds(each) for each in found.durations],
            concurrent_requests=found.current,
            failure_rate=round(found.failure_rate, 4),
            average_response_time=milliseconds(found.mean),
            peak_concurrency=found.peak,
            last_reset_time=iso(found.since),
        )


class Assignments(Struct, frozen=True, kw_only=True, rename="camel"):
    """The same, counted."""

    total_requests: int
    successful_requests: int
    failed_requests: int
    average_time: float
    min_time: float
    max_time: float
    concurrent_peak: int
    current_concurrent: int

    @classmethod
    def of(cls, found: Measurements) -> "Assignments":
        return cls(
            total_requests=found.total,
            successful_requests=found.done,
            failed_requests=found.failed,
            average_time=milliseconds(found.mean),
            min_time=milliseconds(min(found.durations, default=0.0)),
            max_time=milliseconds(max(found.durations, default=0.0)),
            concurrent_peak=found.peak,
            current_concurrent=found.current,
        )


class PortHealth(PortCounts, frozen=True, kw_only=True, rename="camel"):
    """Ports, which are never what is missing."""

    utilization_percent: float
    assignment_metrics: Assignments


class SystemHealth(Struct, frozen=True, kw_only=True, rename={"port_statistics": "portStatistics"}):
    """The worst of what was found, all of it, and what to do about each."""

    status: Severity
    issues: list[str]
    recommendations: list[str]
    port_statistics: PortHealth

    @classmethod
    def of(cls, report: Report, own_port: int) -> "SystemHealth":
        counts = PortCounts.of(own_port)
        return SystemHealth(
            status=report.severity,
            issues=[each.issue for each in report.findings],
            recommendations=[each.advice for each in report.findings],
            port_statistics=PortHealth(
                **structs.asdict(counts),
                utilization_percent=round(100 * counts.used_ports / counts.total_ports, 2),
                assignment_metrics=Assignments.of(report.measurements),
            ),
        )


class PerformanceReply(
    Struct, frozen=True, kw_only=True, rename={"assignments": "portAssignment", "system_health": "systemHealth"}
):
    """Since the gateway was started. `cpu_usage` and `memory_usage` are the machine's."""

    success: bool
    performance: Timings
    assignments: Assignments
    system_health: SystemHealth
    cpu_usage: str
    memory_usage: str

    @classmethod
    def of(cls, report: Report, server: Server, own_port: int) -> "PerformanceReply":
        return cls(
            success=True,
            performance=Timings.of(report.measurements),
            assignments=Assignments.of(report.measurements),
            system_health=SystemHealth.of(report, own_port),
            cpu_usage=percent(server.figures.cpu),
            memory_usage=percent(server.figures.memory),
        )


class PartsHealth(Struct, frozen=True):
    """`healthy` or `unhealthy`. There is no Docker and no memory service: both are this process, which answers."""

    database: str
    docker: str
    memory_service: str


class SystemHealthReply(SystemHealth, frozen=True, kw_only=True):
    """How the gateway is doing."""

    success: bool
    services: PartsHealth
    timestamp: str

    @classmethod
    def told(cls, report: Report, own_port: int, at: str) -> "SystemHealthReply":
        database = "healthy" if report.database_answers else "unhealthy"
        return cls(
            **structs.asdict(SystemHealth.of(report, own_port)),
            success=True,
            services=PartsHealth(database=database, docker="healthy", memory_service="healthy"),
            timestamp=at,
        )


def milliseconds(seconds: float) -> float:
    """With two digits."""
    return round(1000 * seconds, 2)
