"""One HTTP try: the frozen bytes, signed now, sent once, and how it ended."""

from __future__ import annotations

from datetime import datetime

import structlog
from msgspec import Struct

from gateway.kit.clock import Clock
from gateway.kit.egress import Egress, EgressFailed, EgressRefused, Reply
from gateway.storage.outbox import Leased
from gateway.storage.times import to_ms
from gateway.storage.webhooks import Target
from gateway.webhooks.signing import signed_headers
from gateway.webhooks.verdict import TryResult

log = structlog.get_logger(__name__)


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of one try: seconds, and bytes of the answer that are kept."""

    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    total_timeout: float = 20.0
    max_response: int = 16_384


class Sender:
    """Makes tries. Never raises but `CancelledError`."""

    def __init__(self, egress: Egress, clock: Clock, limits: Limits) -> None:
        self._egress = egress
        self._clock = clock
        self._limits = limits

    async def send(self, row: Leased, target: Target) -> TryResult:
        """POST a delivery once."""
        started_at, began = self._clock.now(), self._clock.monotonic()
        limits = self._limits
        try:
            body = row.payload.encode()
            headers = {"Content-Type": "application/json", **target.endpoint.headers}
            headers |= signed_headers(
                target.signing_secrets(to_ms(started_at)), row.event_id, int(started_at.timestamp()), body
            )
            reply = await self._egress.post(
                target.endpoint.url,
                body,
                headers,
                connect_timeout=limits.connect_timeout,
                read_timeout=limits.read_timeout,
                total_timeout=limits.total_timeout,
                max_response=limits.max_response,
            )
        except EgressFailed as error:
            duration = self._clock.monotonic() - began
            return TryResult(
                started_at=started_at,
                duration=duration,
                error=f"{error.reason}: {error.sentence}",
                timed_out=error.reason == "timeout",
            )
        except EgressRefused as error:
            duration = self._clock.monotonic() - began
            return TryResult(started_at=started_at, duration=duration, error=f"{error.code}: {error.sentence}")
        except Exception as error:
            log.exception("delivery_not_tried", delivery=row.id, endpoint=row.endpoint_id)
            duration = self._clock.monotonic() - began
            return TryResult(
                started_at=started_at,
                duration=duration,
                error=f"unsendable: The gateway could not send it ({type(error).__name__}).",
            )
        return _answered(reply, started_at)


def _answered(reply: Reply, started_at: datetime) -> TryResult:
    return TryResult(
        started_at=started_at,
        duration=reply.elapsed,
        status=reply.status,
        address=reply.address or None,
        # PostgreSQL keeps no NUL in a text; whatever else is no UTF-8 is shown as such.
        response=reply.body.decode(errors="replace").replace("\0", "\ufffd"),
        retry_after=reply.retry_after,
    )
