"""Takes what the spool holds, in order, and commits it; only then is it forgotten there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway.domain.errors import NetworkUnreachable, NotConnected, NotFound, Unavailable
from gateway.domain.events import Event
from gateway.kit.backoff import Backoff
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.providers.contract import Emit, Report
from gateway.providers.whatsapp.spool import Arrival, Spool

log = get_logger(__name__)

BATCH: Final = 200
"""Arrivals that are committed together; the inbox takes what waits in one transaction."""

NOT_LIVE_PAUSE: Final = 0.5
"""Seconds between two tries to read what only a live device can."""

TOLD_EVERY: Final = 120
"""Tries after which the journal says that something waits."""

Read = Callable[[Arrival], Awaitable[Sequence[Event]]]


class Intake:
    """One consumer for one spool.

    `read` makes events of an arrival. It never raises for what it cannot read, only NetworkUnreachable when it has to
    ask the device and there is none right now.
    """

    def __init__(self, spool: Spool, read: Read, emit: Emit, report: Report, clock: Clock) -> None:
        self._spool = spool
        self._read = read
        self._emit = emit
        self._report = report
        self._clock = clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Something arrived. On the event loop."""
        self._news.set()

    async def run(self) -> None:
        """Take until cancelled."""
        while True:
            self._news.clear()
            while batch := self._spool.head(BATCH):
                await self.take(batch)
            await self._news.wait()

    async def take(self, batch: Sequence[Arrival]) -> None:
        """Commit these arrivals, which are the head of the spool, and let them go."""
        events: list[Event] = []
        for arrival in batch:
            events += await self._read_patiently(arrival)
        await self._commit(events)
        self._spool.done(len(batch))

    async def _read_patiently(self, arrival: Arrival) -> Sequence[Event]:
        tries = 0
        while True:
            try:
                return await self._read(arrival)
            except (NetworkUnreachable, NotConnected) as error:
                # It needs the device's own store, which is out of reach between two connections.
                tries += 1
                if tries % TOLD_EVERY == 0:
                    self._report.note(f"What arrives waits for the device ({error.sentence}).", "warning")
                await self._clock.sleep(NOT_LIVE_PAUSE)

    async def _commit(self, events: Sequence[Event]) -> None:
        backoff = Backoff(base=0.2, cap=10.0)
        waiting = list(events)
        while waiting:
            # Started in order, and the inbox queues each before it lets go: the order holds.
            outcomes = await asyncio.gather(*(self._emit(event) for event in waiting), return_exceptions=True)
            unstored: list[Event] = []
            for event, outcome in zip(waiting, outcomes, strict=True):
                match outcome:
                    case None:
                        continue
                    case Unavailable():
                        unstored.append(event)
                    case NotFound():
                        continue  # the instance was deleted while this came in
                    case asyncio.CancelledError():
                        raise outcome
                    case Exception():
                        # Refused on its own merits: it would be refused for ever, and everything behind it held up.
                        log.error("whatsapp_event_refused", kind=type(event).__name__, exc_info=outcome)
                        self._report.note(f"An event could not be stored: {type(outcome).__name__}.", "error")
                    case _:
                        raise outcome
            if unstored:
                self._report.note("What arrives cannot be stored right now; it is kept and tried again.", "warning")
                await self._clock.sleep(backoff.next())
            waiting = unstored
