"""How the gateway is doing as a whole, in words for a person: what is wrong, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from gateway.domain.errors import GatewayError
from gateway.domain.instances import SessionStateKind
from gateway.domain.tenants import Principal
from gateway.domain.webhooks import DeliveryState
from gateway.services.checks import require_person
from gateway.services.health import Health
from gateway.services.instances import Instances
from gateway.services.performance import Measurements, Performance
from gateway.services.resources import Resources, Server
from gateway.storage.storage import Storage

DISK_WARNING, DISK_CRITICAL = 90.0, 97.0
"""Percent in use."""
MEMORY_WARNING, MEMORY_CRITICAL = 90.0, 97.0
OUTBOX_WARNING = 1_000
"""Deliveries that wait; a receiver is down, or too slow."""
INBOX_WARNING = 1_000
"""Events that wait for their commit; the database is too slow."""
FAILURES_WARNING = 0.1
"""Share of instances that could not be made or processed, once there were `LEAST_MEASURED`."""
LEAST_MEASURED = 10


class Severity(StrEnum):
    """How bad it is."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"


class Finding(Struct, frozen=True, kw_only=True):
    """Something that is wrong. Neither sentence names an instance, a person or a path."""

    severity: Severity
    issue: str
    advice: str


class Report(Struct, frozen=True, kw_only=True):
    """What was found, worst first."""

    findings: Sequence[Finding]
    database_answers: bool
    measurements: Measurements

    @property
    def severity(self) -> Severity:
        """The worst of all."""
        return self.findings[0].severity if self.findings else Severity.HEALTHY


class Checkup:
    """Looks at the database, the disk, what waits, and the caller's sessions."""

    def __init__(
        self,
        storage: Storage,
        health: Health,
        instances: Instances,
        resources: Resources,
        performance: Performance,
    ) -> None:
        self._storage = storage
        self._health = health
        self._instances = instances
        self._resources = resources
        self._performance = performance

    async def examine(self, who: Principal) -> Report:
        """For any person: figures of the whole gateway, and sessions within their reach. Raises Forbidden."""
        require_person(who)
        problems = (await self._health.readiness()).problems
        measurements = self._performance.measurements()
        findings = [_broken(part, problem) for part, problem in problems.items()]
        if "database" not in problems:
            try:
                findings += await self._of_the_database(who)
            except GatewayError as error:  # it went away while we asked
                problems["database"] = error.sentence
                findings.append(_broken("database", error.sentence))
        findings += _of_the_machine(await self._resources.server())
        findings += _of_the_work(measurements)
        findings.sort(key=lambda each: each.severity is not Severity.CRITICAL)
        return Report(findings=findings, database_answers="database" not in problems, measurements=measurements)

    async def _of_the_database(self, who: Principal) -> list[Finding]:
        found = []
        states = Counter(each.state.kind for each in await self._instances.list(who))
        for kind, what, advice in (
            (SessionStateKind.FAILED, "failed", "Look at their /errors, mend what these say and start them."),
            (SessionStateKind.LOGGED_OUT, "logged out", "Start them and log in anew."),
            (SessionStateKind.RESTRICTED, "restricted by the network", "Send less until the network lifts it."),
        ):
            if count := states[kind]:
                found.append(_warning(f"{_instances(count)} {what}.", advice))
        waiting = (await self._storage.outbox.counts()).get(DeliveryState.PENDING, 0)
        if waiting > OUTBOX_WARNING:
            found.append(
                _warning(
                    f"More than {OUTBOX_WARNING} webhook deliveries wait.",
                    "Look for a receiver that is down or slow under /api/webhooks/deliveries.",
                )
            )
        if (await self._health.load()).inbox_backlog > INBOX_WARNING:
            found.append(
                _warning(
                    f"More than {INBOX_WARNING} events wait to be stored.",
                    "The database is slow: look at its disk, or use PostgreSQL.",
                )
            )
        return found


def _of_the_machine(server: Server) -> list[Finding]:
    found = []
    for what, share, warning, critical, advice in (
        (
            "disk",
            server.disk,
            DISK_WARNING,
            DISK_CRITICAL,
            "Make room, or shorten what is kept (MESSAGE_RETENTION_DAYS and the others).",
        ),
        (
            "memory",
            server.figures.memory,
            MEMORY_WARNING,
            MEMORY_CRITICAL,
            "Give the machine more memory, or run fewer instances on it.",
        ),
    ):
        if share >= warning:
            severity = Severity.CRITICAL if share >= critical else Severity.WARNING
            found.append(Finding(severity=severity, issue=f"The {what} is {share:g}% full.", advice=advice))
    return found


def _of_the_work(measurements: Measurements) -> list[Finding]:
    if measurements.total < LEAST_MEASURED or measurements.failure_rate <= FAILURES_WARNING:
        return []
    share = 100 * measurements.failure_rate
    return [_warning(f"{share:.0f}% of instances could not be made or processed.", "Look at the log.")]


def _broken(part: str, sentence: str) -> Finding:
    advice = "Look at the database server and its disk." if part == "database" else "Stop one of the two gateways."
    return Finding(severity=Severity.CRITICAL, issue=sentence, advice=advice)


def _warning(issue: str, advice: str) -> Finding:
    return Finding(severity=Severity.WARNING, issue=issue, advice=advice)


def _instances(count: int) -> str:
    return "1 instance is" if count == 1 else f"{count} instances are"
