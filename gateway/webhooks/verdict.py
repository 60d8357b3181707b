"""What follows from one try: delivered, tried again later, or given up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.webhooks import DeliveryState, Endpoint, Trigger
from gateway.storage.outbox import Completion, Leased, Tried
from gateway.storage.times import to_ms
from gateway.webhooks.schedule import Uniform, wait_before

GONE = 410
PROBLEM_WAIT_MS = 5 * 60_000
"""How long a delivery waits whose endpoint's secret cannot be opened; no try is consumed."""


class TryResult(Struct, frozen=True, kw_only=True):
    """How an HTTP try ended: with a status, or with the class of error that prevented one."""

    started_at: datetime
    duration: float
    """Seconds."""
    status: int | None = None
    error: str | None = None
    address: str | None = None
    response: str = ""
    retry_after: str | None = None
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        """Only 2xx is success: a redirect is not followed, so its target has not got the event."""
        return self.status is not None and 200 <= self.status < 300


class Verdict(Struct, frozen=True):
    """What to write: how the claim ended and, when a try was made, its line in the log."""

    completion: Completion
    tried: Tried | None


def judge(row: Leased, endpoint: Endpoint, result: TryResult, *, now: datetime, uniform: Uniform) -> Verdict:
    """What becomes of a delivery after this try, which ended `now`."""
    moment = to_ms(now)
    error = None if result.succeeded else result.error or f"The endpoint answered {result.status}."
    next_attempt: int | None = None
    if result.succeeded:
        completion = _ended(row, DeliveryState.DELIVERED, moment, failures=row.failures, result=result, error=None)
    elif row.trigger is Trigger.MANUAL:
        completion = _back(row, moment, result, error)
        next_attempt = completion.due if completion.state is DeliveryState.PENDING else None
    elif row.failures >= endpoint.max_retries:
        completion = _ended(row, DeliveryState.DEAD, moment, failures=row.failures + 1, result=result, error=error)
    else:
        wait = wait_before(
            row.failures + 1,
            endpoint.retry_interval_ms,
            status=result.status,
            timed_out=result.timed_out,
            retry_after=result.retry_after,
            now=now,
            uniform=uniform,
        )
        next_attempt = to_ms(now + timedelta(milliseconds=wait))
        completion = Completion(
            id=row.id,
            attempt=row.attempt,
            state=DeliveryState.PENDING,
            due=next_attempt,
            failures=row.failures + 1,
            last_status=result.status,
            last_error=error,
        )
    tried = Tried(
        delivery_id=row.id,
        number=row.attempt,
        trigger=row.trigger.value,
        started_at=to_ms(result.started_at),
        duration_ms=round(result.duration * 1000),
        address=result.address,
        status=result.status,
        response=result.response,
        error=error,
        next_attempt_at=next_attempt,
    )
    return Verdict(completion, tried)


def waits(row: Leased, problem: str, *, now: datetime) -> Verdict:
    """It cannot be tried at all right now; it comes back without having consumed a try."""
    completion = Completion(
        id=row.id,
        attempt=row.attempt,
        state=DeliveryState.PENDING,
        due=to_ms(now) + PROBLEM_WAIT_MS,
        failures=row.failures,
        last_error=problem,
    )
    return Verdict(completion, None)


def _ended(
    row: Leased, state: DeliveryState, moment: int, *, failures: int, result: TryResult, error: str | None
) -> Completion:
    return Completion(
        id=row.id,
        attempt=row.attempt,
        state=state,
        due=moment,
        failures=failures,
        finished_at=moment,
        last_status=result.status,
        last_error=error,
    )


def _back(row: Leased, moment: int, result: TryResult, error: str | None) -> Completion:
    """A failed try by hand schedules nothing: what was before is again."""
    state = row.resume_state or DeliveryState.DEAD
    return Completion(
        id=row.id,
        attempt=row.attempt,
        state=state,
        due=moment if row.resume_due is None else row.resume_due,
        failures=row.failures,
        finished_at=moment if state is DeliveryState.DEAD else None,
        last_status=result.status,
        last_error=error,
    )
