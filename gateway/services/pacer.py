"""A sending pace for an instance, below what its network would punish; off unless somebody sets it.

Each lane is one moment: the earliest at which the next message may leave. Jitter only ever lengthens a pause, so that
a figure is a true upper bound: in any 60 seconds at most n messages leave, and one more at the very edge.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.kit.clock import Clock
from gateway.storage.storage import Storage


class Pace(Struct, frozen=True, kw_only=True):
    """Figures of one instance; 0 a minute means no limit."""

    messages_per_minute: float = 0.0
    first_contacts_per_minute: float = 0.0
    """Messages into chats in which nobody has said anything yet."""
    jitter: float = 0.2
    """A pause is longer by a random share of up to this."""

    @property
    def is_off(self) -> bool:
        """Whether nothing is paced."""
        return not (self.messages_per_minute or self.first_contacts_per_minute)


class _Lane(StrEnum):
    EVERY = "every"
    FIRST = "first"


class Pacer:
    """Decides when the next message may leave. `uniform` gives numbers from 0 up to 1."""

    def __init__(self, clock: Clock, *, uniform: Callable[[], float] = random.random, capacity: int = 20_000) -> None:
        self._clock = clock
        self._uniform = uniform
        self._capacity = capacity
        self._next: dict[tuple[InstanceId, _Lane], float] = {}

    def take(self, instance_id: InstanceId, pace: Pace, *, known_chat: bool) -> float | None:
        """None: say it now, and it counts. Otherwise the seconds until it may be said, and nothing counts."""
        lanes = [(_Lane.EVERY, pace.messages_per_minute)]
        if not known_chat:
            lanes.append((_Lane.FIRST, pace.first_contacts_per_minute))
        wanted = [((instance_id, lane), figure) for lane, figure in lanes if figure > 0]
        now = self._clock.monotonic()
        wait = max((self._next.get(key, now) - now for key, _ in wanted), default=0.0)
        if wait > 1e-9:  # below a nanosecond it is rounding, not waiting
            return wait
        for key, figure in wanted:
            if key not in self._next and len(self._next) >= self._capacity:
                self._forget_some(now)
            self._next[key] = now + 60.0 / figure * (1.0 + pace.jitter * self._uniform())
        return None

    def __len__(self) -> int:
        """How many moments are remembered."""
        return len(self._next)

    def _forget_some(self, now: float) -> None:
        """Those that have passed say nothing any more; if that frees too few, those that pass next go as well."""
        soonest = sorted(self._next, key=self._next.__getitem__)[: max(1, self._capacity // 8)]
        for key in {*soonest, *(key for key, moment in self._next.items() if moment <= now)}:
            del self._next[key]


class Paces:
    """Each instance's figures: its own configuration, else the deployment's. Read once for each change of it."""

    def __init__(self, storage: Storage, default: Pace, *, capacity: int = 20_000) -> None:
        self._storage = storage
        self._default = default
        self._capacity = capacity
        self._known: dict[InstanceId, tuple[datetime, Pace]] = {}

    async def of(self, instance: Instance) -> Pace:
        """The figures that hold now."""
        known = self._known.get(instance.id)
        if known is not None and known[0] == instance.updated_at:
            return known[1]
        credentials = await self._storage.instances.credentials(instance.id)
        pace = read_pace(credentials.values, self._default)
        if len(self._known) >= self._capacity:
            self._known.clear()  # rare, and costs one query for each instance in use
        self._known[instance.id] = (instance.updated_at, pace)
        return pace


def read_pace(values: Mapping[str, str | int | bool | None], default: Pace) -> Pace:
    """What a checked configuration says of the pace; what it leaves out or sets to 0 is the deployment's."""
    jitter = values.get("paceJitter")
    return Pace(
        messages_per_minute=_figure(values.get("paceMessagesPerMinute")) or default.messages_per_minute,
        first_contacts_per_minute=_figure(values.get("paceFirstContactsPerMinute"))
        or default.first_contacts_per_minute,
        jitter=default.jitter if jitter in (None, "") else _figure(jitter),
    )


def _figure(given: str | int | bool | None) -> float:
    figure = float(given or 0)
    return figure if math.isfinite(figure) and figure > 0 else 0.0
