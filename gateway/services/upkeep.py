"""The periodic jobs: run by their schedules, one of a kind at a time, and shown to those who run the gateway."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from msgspec import Struct, structs
from prometheus_client import Counter, Gauge

from gateway.domain.errors import Conflict, Forbidden, GatewayError, NotFound
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.kit.cron import cron_trigger
from gateway.kit.log import get_logger

log = get_logger(__name__)


class Job(Struct, frozen=True, kw_only=True):
    """Something done from time to time. It does what is left to do, so running it once more harms nobody.

    `schedule` is a cron line in UTC, or a number of seconds. `setting` is the environment's name for it, if it has one.
    `work` returns how much there was to do. A `closing` job runs once more when the gateway stops.
    """

    name: str
    about: str
    schedule: str | float
    work: Callable[[], Awaitable[int]]
    setting: str | None = None
    closing: bool = False


class JobRun(Struct, frozen=True, kw_only=True):
    """How a job went. `result` is `done`, `failed` (it will do next time what it could not now) or `crashed`."""

    began_at: datetime
    seconds: float
    result: str
    count: int | None = None
    reason: str = ""


class JobStatus(Struct, frozen=True, kw_only=True):
    """A job and how it is doing."""

    job: Job
    running: bool
    last: JobRun | None
    next_at: datetime | None
    runs: int


class Upkeep:
    """Runs jobs, each alone, and remembers how they went since this process began."""

    def __init__(self, jobs: Sequence[Job], clock: Clock) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._running: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last: dict[str, JobRun] = {}
        self._counts: dict[str, int] = {}
        self._runs = Counter("gateway_jobs", "Jobs run, by name and result.", ["job", "result"], registry=None)
        self._seconds = Gauge("gateway_job_seconds", "How long a job took last.", ["job"], registry=None)
        self._done = Gauge("gateway_job_last_done", "When a job was last done, Unix time.", ["job"], registry=None)
        self.metrics = (self._runs, self._seconds, self._done)

    def open(self) -> None:
        """Begin."""
        for job in self._jobs.values():
            self._scheduler.add_job(
                self._run,
                _trigger(job.schedule),
                args=(job,),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=300,
            )
        contextvars.Context().run(self._scheduler.start)

    async def aclose(self) -> None:
        """End: what runs is cancelled and awaited, then what must not be left is done."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in self._jobs.values():
            if job.closing:
                await self._run(job)

    def list(self, who: Principal) -> Sequence[JobStatus]:
        """Every job. For administrators. Raises Forbidden."""
        _require_admin(who)
        return [self._status(job) for job in self._jobs.values()]

    async def run(self, who: Principal, name: str) -> JobStatus:
        """Run a job now and wait for its end. For administrators. Raises Forbidden, NotFound, Conflict when it runs."""
        _require_admin(who)
        job = self._jobs.get(name)
        if job is None:
            raise NotFound(f"Job {name} not found")
        if job.name in self._running:
            raise Conflict(f"Job {name} is running; look at it again in a moment.", code="job_running")
        await self._run(job)
        return self._status(job)

    async def _run(self, job: Job) -> None:
        if job.name in self._running:
            return
        self._running.add(job.name)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        began_at, began = self._clock.now(), self._clock.monotonic()
        run = JobRun(began_at=began_at, seconds=0, result="done")
        try:
            run = structs.replace(run, count=await job.work())
        except GatewayError as error:
            log.warning("job_failed", job=job.name, code=error.code)
            run = structs.replace(run, result="failed", reason=error.sentence)
        except Exception as error:
            log.exception("job_crashed", job=job.name)
            run = structs.replace(run, result="crashed", reason=type(error).__name__)
        finally:
            self._running.discard(job.name)
            self._tasks.discard(task)
        run = structs.replace(run, seconds=self._clock.monotonic() - began)
        self._last[job.name] = run
        self._counts[job.name] = self._counts.get(job.name, 0) + 1
        self._runs.labels(job.name, run.result).inc()
        self._seconds.labels(job.name).set(run.seconds)
        if run.result == "done":
            self._done.labels(job.name).set(began_at.timestamp())

    def _status(self, job: Job) -> JobStatus:
        scheduled = self._scheduler.get_job(job.name)
        return JobStatus(
            job=job,
            running=job.name in self._running,
            last=self._last.get(job.name),
            next_at=scheduled.next_run_time if scheduled is not None else None,
            runs=self._counts.get(job.name, 0),
        )


def _trigger(schedule: str | float) -> BaseTrigger:
    return cron_trigger(schedule) if isinstance(schedule, str) else IntervalTrigger(seconds=schedule)


def _require_admin(who: Principal) -> None:
    if not who.is_admin:
        raise Forbidden("Access denied")
