"""Bulks: asked for, looked at, waited for, cancelled. `bulk_runner` sends them."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.bulks import (
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    Bulk,
    BulkOrder,
    BulkProgress,
    BulkState,
    Lengths,
)
from gateway.domain.errors import Conflict, InvalidInput, TooManyRequests, Unavailable
from gateway.domain.ids import BulkId, InstanceId, new_id
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.services.bulk_runner import BulkRunner
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

MOST_OPEN = 20
"""Bulks of one instance that are not over: one is being sent, the others wait for it."""


class Bulks:
    """What can be done with a bulk."""

    def __init__(self, storage: Storage, sessions: Registry, runner: BulkRunner, clock: Clock) -> None:
        self._storage = storage
        self._sessions = sessions
        self._runner = runner
        self._clock = clock

    async def create(self, instance: Instance, order: BulkOrder) -> Bulk:
        """Keep a bulk and begin to send it; returns before anything left. `instance` is within the caller's reach.

        Raises InvalidInput, NotConnected, and TooManyRequests (code `too_many_bulks`); nothing is kept then.
        """
        _check(order)
        self._sessions.get(instance.id)
        if await self._storage.bulks.count_unfinished(instance.id) >= MOST_OPEN:
            raise TooManyRequests(
                f"Instance {instance.id} has {MOST_OPEN} bulks that are not over; wait for one, or cancel one.",
                retry_after=60.0,
                code="too_many_bulks",
            )
        bulk = Bulk(
            id=BulkId(new_id()),
            tenant_id=instance.tenant_id,
            instance_id=instance.id,
            state=BulkState.PROCESSING,
            message=order.message,
            variables=order.variables,
            delay_ms=order.delay_ms,
            strategy=order.strategy,
            attempts=order.attempts,
            total=len(order.recipients),
            created_at=self._clock.now(),
        )
        await self._storage.bulks.create(bulk, order.recipients)
        self._runner.add(instance.id, bulk.id)
        return bulk

    async def progress(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId) -> BulkProgress:
        """A bulk with each recipient. Raises NotFound."""
        return await self._storage.bulks.progress(who, instance_id, bulk_id)

    async def until_over(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId) -> BulkProgress:
        """The same when it is over. Raises NotFound, and Unavailable (code `bulk_goes_on`) when the gateway stops."""
        await self._runner.until_over(bulk_id)
        progress = await self._storage.bulks.progress(who, instance_id, bulk_id)
        if not progress.bulk.state.is_over:
            raise Unavailable(
                f"Bulk {bulk_id} is not over and the gateway stops. It goes on when it runs again: ask for it,"
                " do not send it anew.",
                code="bulk_goes_on",
            )
        return progress

    async def page(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[Sequence[BulkProgress], int]:
        """The bulks of an instance, newest first and without their recipients, and how many there are in all."""
        return await self._storage.bulks.page(who, instance_id, limit=limit, skip=skip)

    async def cancel(self, who: Principal, instance_id: InstanceId, bulk_id: BulkId) -> BulkProgress:
        """Send to nobody else; what is on its way ends by itself. Cancelling twice does no harm.

        Raises NotFound, and Conflict (code `bulk_over`) when everybody had their turn.
        """
        ended = await self._storage.bulks.cancel(who, instance_id, bulk_id, self._clock.now())
        self._runner.wake(bulk_id)
        progress = await self._storage.bulks.progress(who, instance_id, bulk_id)
        if not ended and progress.bulk.state is not BulkState.CANCELLED:
            raise Conflict(f"Bulk {bulk_id} is over already.", code="bulk_over")
        return progress

    def let_go(self) -> None:
        """Nobody waits for a bulk any longer, because the gateway stops."""
        self._runner.let_go()


def _check(order: BulkOrder) -> None:
    if not 0 < len(order.recipients) <= MOST_RECIPIENTS:
        raise InvalidInput(f"A bulk has 1 to {MOST_RECIPIENTS} recipients", field="recipients")
    lengths = Lengths(order.message)
    for place, recipient in enumerate(order.recipients):
        if lengths.of(recipient, order.variables) > LONGEST_TEXT:
            field = f"recipients[{place}].customMessage" if recipient.custom_message else "message"
            raise InvalidInput(f"What {recipient.to} would get is longer than {LONGEST_TEXT} characters", field=field)
