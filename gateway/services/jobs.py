"""Which jobs a gateway has, and when each runs by default."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from gateway.kit import process
from gateway.kit.log import get_logger
from gateway.kit.machine import Meter
from gateway.services.caretaker import Caretaker
from gateway.services.key_usage import KeyUsage
from gateway.services.retention import Retention
from gateway.services.upkeep import Job
from gateway.services.usage import Usage
from gateway.services.usage_limits import UsageLimiting
from gateway.settings import Settings

log = get_logger(__name__)

FLUSH_SECONDS = 10.0
"""API calls are counted in memory and written this often, so that a crash loses little; sums include what is not."""


def jobs_of(
    settings: Settings,
    *,
    retention: Retention,
    usage: Usage,
    key_usage: KeyUsage,
    limiting: UsageLimiting,
    caretaker: Caretaker,
    meter: Meter,
) -> Sequence[Job]:
    """Every job, in the order in which they are listed."""
    return (
        Job(
            name="socket_check",
            about="Ask every connection for a sign of life, and open those anew that give none.",
            schedule=settings.socket_check_cron,
            setting="SOCKET_CHECK_CRON",
            work=caretaker.check_sockets,
        ),
        Job(
            name="authorization_check",
            about="Ask every network whether it still accepts the instance; a refusal is told in its journal.",
            schedule=settings.auth_check_cron,
            setting="AUTH_CHECK_CRON",
            work=caretaker.check_authorizations,
        ),
        Job(
            name="usage_save",
            about="Write counted API calls.",
            schedule=settings.usage_save_cron,
            setting="USAGE_SAVE_CRON",
            work=usage.flush,
        ),
        Job(
            name="usage_flush",
            about="The same, often enough that a crash loses little.",
            schedule=FLUSH_SECONDS,
            work=usage.flush,
            closing=True,
        ),
        Job(
            name="key_usage_flush",
            about="Write how often instance keys were used.",
            schedule=FLUSH_SECONDS,
            work=key_usage.flush,
            closing=True,
        ),
        Job(
            name="usage_limits",
            about="Stop instances that did more than they may; start those again whose window has moved on.",
            schedule=settings.usage_limits_cron,
            setting="USAGE_LIMITS_CRON",
            work=limiting.look_over,
        ),
        Job(
            name="system_metrics",
            about="Log the process's memory, processor time, threads and descriptors.",
            schedule=settings.system_metrics_cron,
            setting="SYSTEM_METRICS_CRON",
            work=sampling(meter),
        ),
        Job(
            name="prune",
            about="Delete what is older than its retention.",
            schedule=settings.prune_cron,
            setting="PRUNE_CRON",
            work=retention.prune,
        ),
    )


def sampling(meter: Meter) -> Callable[[], Awaitable[int]]:
    """Log how the process is doing; gives its memory in bytes. `/metrics` tells the same when it is asked.

    The meter is looked at along the way: its means are then over minutes, also when nobody asks for days.
    """

    async def sample_process() -> int:
        meter.look()
        sample = process.sample()
        log.info(
            "system_metrics",
            memory_mb=round(sample.memory / 1024**2, 1),
            cpu_seconds=round(sample.cpu_seconds, 1),
            threads=sample.threads,
            descriptors=sample.descriptors,
        )
        return sample.memory

    return sample_process
