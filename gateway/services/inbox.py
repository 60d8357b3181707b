"""The one door for events: what comes through here is stored, counted, logged and owed to its endpoints, or not at all.

Many callers, one writer: `accept` queues, one task commits whatever has queued up meanwhile in a single
transaction (group commit), and every caller returns after the commit that holds its event. So durable
throughput grows with load instead of collapsing to one fsync an event, arrival order is commit order, and
positions in the log never appear out of order.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Sequence

from prometheus_client import Counter, Histogram

from gateway.domain.errors import GatewayError, InstanceNotFound, Unavailable
from gateway.domain.events import AcceptedEvent, Event, MessageStatusChanged
from gateway.domain.ids import EndpointId
from gateway.domain.usage import UTC_DAYS, Calendar
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.batch import Batch, Outcome
from gateway.services.underway import Underway
from gateway.storage.storage import Storage

log = get_logger(__name__)

MAX_BATCH = 256
"""Events in one transaction at most: keeps a commit short enough for the one that waits."""

OnAccepted = Callable[[Sequence[AcceptedEvent], frozenset[EndpointId]], None]


class _Waiting:
    __slots__ = ("done", "event")

    def __init__(self, event: Event, done: asyncio.Future[AcceptedEvent | None]) -> None:
        self.event = event
        self.done = done


class Inbox:
    """Commits events. `on_accepted` is called after each commit with the events and the endpoints owed something."""

    def __init__(self, storage: Storage, clock: Clock, on_accepted: OnAccepted, calendar: Calendar = UTC_DAYS) -> None:
        self._calendar = calendar
        self._storage = storage
        self._clock = clock
        self._on_accepted = on_accepted
        self.underway = Underway()
        self._queue: deque[_Waiting] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._accepted = Counter("gateway_events_accepted", "Events committed.", registry=None)
        self._redelivered = Counter("gateway_events_redelivered", "Events stopped as already known.", registry=None)
        self._batch_size = Histogram(
            "gateway_inbox_batch_events",
            "Events in one commit.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=None,
        )
        self.metrics = (self._accepted, self._redelivered, self._batch_size)

    def open(self) -> None:
        """Begin committing."""
        self._task = asyncio.create_task(self._run(), name="inbox", context=contextvars.Context())

    async def aclose(self) -> None:
        """Commit what has been queued, then end."""
        if self._task is None:
            return
        while self._queue:
            await asyncio.wait({self._queue[-1].done}, timeout=5)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def accept(self, event: Event) -> AcceptedEvent | None:
        """Commit an event; returns it with its id and number, or None when it was a redelivery.

        Raises NotFound when its instance is gone, StorageUnavailable or StorageFull when nothing could be written:
        the caller must then not acknowledge. Must not be called inside a transaction, which would wait for itself.
        """
        if isinstance(event, MessageStatusChanged) and event.from_me:
            await self.underway.settled(event.instance_id)
        waiting = _Waiting(event, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._news.set()
        # Shielded: a caller that gives up does not take the event back; it may be committed all the same.
        return await asyncio.shield(waiting.done)

    async def emit(self, event: Event) -> None:
        """The same for sessions, which do not care for the answer."""
        await self.accept(event)

    @property
    def backlog(self) -> int:
        """Events that wait for their commit."""
        return len(self._queue)

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._news.clear()
                await self._news.wait()
            batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
            try:
                await self._commit(batch)
            except asyncio.CancelledError:
                for waiting in batch:
                    waiting.done.cancel()
                raise

    async def _commit(self, waiting: list[_Waiting]) -> None:
        try:
            outcome = await Batch(self._storage, self._clock, self._calendar).commit([each.event for each in waiting])
        except Unavailable as error:
            for each in waiting:
                _fail(each, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, its callers are told and the door stays open
            if len(waiting) == 1:
                self._refuse(waiting[0], error)
                return
            # One of them is poison. Alone, each meets its own fate and the others theirs.
            for each in waiting:
                await self._commit([each])
        else:
            self._publish(waiting, outcome)

    def _publish(self, waiting: list[_Waiting], outcome: Outcome) -> None:
        accepted = [event for event in outcome.accepted if event is not None]
        self._batch_size.observe(len(waiting))
        self._accepted.inc(len(accepted))
        self._redelivered.inc(outcome.redelivered)
        for each, event in zip(waiting, outcome.accepted, strict=True):
            if each.event.instance_id in outcome.gone:
                _fail(each, InstanceNotFound(each.event.instance_id))
            elif not each.done.done():
                each.done.set_result(event)
        if accepted:
            self._on_accepted(accepted, outcome.endpoints)

    def _refuse(self, waiting: _Waiting, error: Exception) -> None:
        if not isinstance(error, GatewayError):
            log.error("event_refused", kind=type(waiting.event).__name__, exc_info=error)
        _fail(waiting, error)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
        # Nobody may be waiting any more; an unread exception is not worth a warning of its own.
        waiting.done.exception()
