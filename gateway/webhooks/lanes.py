"""Which endpoint may send next: one lane an endpoint, taken in turns. Nothing here waits or does I/O.

A lane is `ready` when something may be due in it, `later` when the next thing is due at a known time, or asleep
until somebody wakes it. No payload is kept in memory: a lane only knows that the database has something for it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

from gateway.domain.ids import EndpointId
from gateway.domain.webhooks import Ordering
from gateway.storage.outbox import Claim
from gateway.storage.webhooks import Health, Target
from gateway.webhooks.breaker import Breaker
from gateway.webhooks.pace import Pace


class Lane:
    """What the dispatcher knows about one endpoint."""

    __slots__ = (
        "breaker",
        "due",
        "health",
        "id",
        "in_flight",
        "may_have_later",
        "pace",
        "queued",
        "target",
        "wants_slot",
    )

    def __init__(self, endpoint_id: EndpointId) -> None:
        self.id = endpoint_id
        self.target: Target | None = None
        self.health = Health()
        self.breaker = Breaker()
        self.pace: Pace | None = None
        self.in_flight = 0
        self.queued = False
        self.due: int | None = None
        self.may_have_later = False
        """Whether the database may hold something due in the future, to be asked for when nothing is due now."""
        self.wants_slot = False
        """Whether to look again when one of its deliveries ends."""

    def aim(self, target: Target, now: float) -> None:
        """Take over what the endpoint is now; a new URL or a new start deserves a fresh breaker."""
        before = self.target
        if target is before:
            return
        if before is not None and (
            before.endpoint.url != target.endpoint.url
            or before.problem != target.problem
            or before.endpoint.enabled != target.endpoint.enabled
        ):
            self.breaker.reset()
        self.target = target
        self.health = target.health
        rate = target.endpoint.rate_limit
        if rate is None:
            self.pace = None
        elif self.pace is None or self.pace.rate != rate:
            self.pace = Pace(rate, now)

    @property
    def is_strict(self) -> bool:
        return self.target is not None and self.target.endpoint.ordering is Ordering.STRICT

    def room(self, now: float, freed: int = 0) -> int:
        """How many more may be in flight at this moment of the monotonic clock, `freed` of them being over by then."""
        if self.target is None:
            return 0
        free = max(0, self.target.endpoint.concurrency - self.in_flight + freed)
        if self.target.problem is not None:
            free = min(free, 1)
        if self.pace is not None:
            free = min(free, self.pace.room(now))
        probes = self.breaker.room(now)
        return free if probes is None else min(free, probes)

    def started(self, now: float) -> None:
        """One more is in flight."""
        self.in_flight += 1
        self.breaker.started()
        if self.pace is not None:
            self.pace.started(now)

    def wait(self, now: float) -> float | None:
        """Seconds until `room` may change by itself; None when only the end of a try changes it."""
        if self.breaker.room(now) is None and self.pace is not None and self.pace.room(now) == 0:
            return self.pace.wait(now)
        return self.breaker.wait(now)


class Lanes:
    """All lanes, with whose turn it is."""

    def __init__(self) -> None:
        self._lanes: dict[EndpointId, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._later: list[tuple[int, EndpointId]] = []

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def has_ready(self) -> bool:
        """Whether any lane waits for its turn."""
        return bool(self._ready)

    def get(self, endpoint_id: EndpointId) -> Lane:
        """The lane of an endpoint, made when it is new."""
        lane = self._lanes.get(endpoint_id)
        if lane is None:
            lane = self._lanes[endpoint_id] = Lane(endpoint_id)
        return lane

    def forget(self, lane: Lane) -> None:
        """Its endpoint is gone."""
        if lane.in_flight == 0:
            self._lanes.pop(lane.id, None)

    def ready(self, lane: Lane) -> None:
        """Let it take a turn after those that wait already."""
        if not lane.queued:
            lane.queued = True
            self._ready.append(lane)

    def slot_freed(self, lane: Lane) -> None:
        """One of its deliveries is over: it gets a turn if it waited for that."""
        if lane.wants_slot:
            lane.wants_slot = False
            self.ready(lane)

    def later(self, lane: Lane, due: int) -> None:
        """Let it take a turn at this time (milliseconds since 1970), or earlier if it is expected earlier already."""
        if lane.due is None or due < lane.due:
            lane.due = due
            heapq.heappush(self._later, (due, lane.id))

    def ripen(self, now: int) -> None:
        """Make ready whatever has become due."""
        while self._later and self._later[0][0] <= now:
            due, endpoint_id = heapq.heappop(self._later)
            lane = self._lanes.get(endpoint_id)
            if lane is not None and lane.due == due:  # else it was expected earlier and has had that turn
                lane.due = None
                self.ready(lane)

    def next_due(self) -> int | None:
        """When the next lane becomes due (milliseconds since 1970)."""
        return self._later[0][0] if self._later else None

    def take_turns(self, most: int) -> Iterable[Lane]:
        """Up to `most` waiting lanes, those that waited longest first; each has had its turn then."""
        for _ in range(min(most, len(self._ready))):
            lane = self._ready.popleft()
            lane.queued = False
            yield lane


def share_out(rooms: list[tuple[Lane, int]], free: int) -> list[Claim]:
    """Divide free slots over lanes evenly; what one cannot use goes to the others."""
    shares = dict.fromkeys((lane.id for lane, _ in rooms), 0)
    open_rooms = [(lane.id, room) for lane, room in rooms if room > 0]
    while free > 0 and open_rooms:
        each = max(1, free // len(open_rooms))
        left: list[tuple[EndpointId, int]] = []
        for endpoint_id, room in open_rooms:
            take = min(each, room, free)
            shares[endpoint_id] += take
            free -= take
            if room > take:
                left.append((endpoint_id, room - take))
        open_rooms = left
    return [Claim(lane.id, shares[lane.id], strict=lane.is_strict) for lane, _ in rooms if shares[lane.id]]
