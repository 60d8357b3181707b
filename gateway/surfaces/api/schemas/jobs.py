"""Wire format of the periodic jobs."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.services.upkeep import JobRun, JobStatus
from gateway.surfaces.http import iso, maybe_iso


class RunItem(Struct, frozen=True, rename="camel", kw_only=True):
    """How a job went. `count` is how much there was to do; `reason` says why it was not done."""

    began_at: str
    duration_ms: int
    result: Annotated[str, Meta(examples=["done", "failed", "crashed"])]
    count: int | None
    reason: str

    @classmethod
    def of(cls, run: JobRun) -> "RunItem":
        return cls(
            began_at=iso(run.began_at),
            duration_ms=round(run.seconds * 1000),
            result=run.result,
            count=run.count,
            reason=run.reason,
        )


class JobItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A job, when it runs, and how it went since this process began. `setting` is the variable of its schedule."""

    name: str
    about: str
    schedule: Annotated[str, Meta(description="A cron line in UTC, or seconds.", examples=["*/5 * * * *", "10 s"])]
    setting: str | None
    running: bool
    runs: int
    last_run: RunItem | None
    next_run_at: str | None

    @classmethod
    def of(cls, status: JobStatus) -> "JobItem":
        job = status.job
        return cls(
            name=job.name,
            about=job.about,
            schedule=job.schedule if isinstance(job.schedule, str) else f"{job.schedule:g} s",
            setting=job.setting,
            running=status.running,
            runs=status.runs,
            last_run=RunItem.of(status.last) if status.last else None,
            next_run_at=maybe_iso(status.next_at),
        )


class JobList(Struct, frozen=True):
    """Every periodic job."""

    jobs: list[JobItem]
