"""Faults on demand: answers Telegram gives on a bad day, dropped connections, and seeded chaos."""

from __future__ import annotations

import random

from msgspec import Struct

from tests.simulators.telegram.refusals import Refusal
from tests.simulators.telegram.wire import Wire

ANY = "*"


class Fault(Struct, frozen=True, kw_only=True):
    """What goes wrong with the next `times` matching calls.

    `code` with `description` answers instead of the method. `body` answers raw text under that code
    (a proxy's HTML page, half a JSON). `drop` closes the connection "before" the method ran or "after".
    `delay` (seconds) makes the answer late and combines with all of these.
    """

    method: str = ANY
    bot_id: int | None = None
    times: int = 1
    code: int | None = None
    description: str | None = None
    parameters: Wire | None = None
    body: str | None = None
    content_type: str = "text/html"
    drop: str | None = None
    delay: float = 0.0

    def matches(self, bot_id: int, method: str) -> bool:
        """Whether this fault is meant for the call."""
        return self.bot_id in (None, bot_id) and self.method.lower() in (ANY, method)

    def refusal(self) -> Refusal | None:
        """The Bot API error to answer, if this fault is one."""
        if self.code is None or self.body is not None:
            return None
        return Refusal(self.code, self.description or _SENTENCES.get(self.code, "Error"), self.parameters)


_SENTENCES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


def too_many_requests(retry_after: int, *, method: str = ANY, bot_id: int | None = None, times: int = 1) -> Fault:
    """Flood control: 429 with `retry_after` seconds."""
    return Fault(
        method=method,
        bot_id=bot_id,
        times=times,
        code=429,
        description=f"Too Many Requests: retry after {retry_after}",
        parameters={"retry_after": retry_after},
    )


def bad_gateway_page(*, method: str = ANY, bot_id: int | None = None, times: int = 1) -> Fault:
    """The HTML page Telegram's front proxy shows when the Bot API behind it is away."""
    page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
    return Fault(
        method=method, bot_id=bot_id, times=times, code=502, body=page + "</center>\r\n<hr><center>nginx</center>"
    )


class Chaos(Struct, frozen=True, kw_only=True):
    """Chances (0 to 1) per call; `slow_up_to` is seconds. The seed makes a run repeatable."""

    seed: int = 0
    drop_before: float = 0.0
    drop_after: float = 0.0
    server_error: float = 0.0
    flood: float = 0.0
    slow: float = 0.0
    slow_up_to: float = 0.1
    methods: tuple[str, ...] = (ANY,)


class FaultPlan:
    """The faults still owed, and the chaos that goes on until it is turned off."""

    def __init__(self) -> None:
        self._owed: list[tuple[Fault, int]] = []
        self._chaos: Chaos | None = None
        self._rng = random.Random(0)

    def add(self, fault: Fault) -> None:
        """Queue a fault behind those already owed."""
        self._owed.append((fault, fault.times))

    def clear(self) -> None:
        """No faults and no chaos from here on."""
        self._owed.clear()
        self._chaos = None

    def unleash(self, chaos: Chaos | None) -> None:
        """Start chaos with its own seed, or stop it with None."""
        self._chaos = chaos
        self._rng = random.Random(chaos.seed if chaos else 0)

    @property
    def owed(self) -> int:
        """How many faulty answers are still to come."""
        return sum(left for _, left in self._owed)

    def take(self, bot_id: int, method: str) -> Fault | None:
        """The fault of this call, if any; a taken fault is used up by one."""
        for index, (fault, left) in enumerate(self._owed):
            if fault.matches(bot_id, method):
                if left > 1:
                    self._owed[index] = (fault, left - 1)
                else:
                    del self._owed[index]
                return fault
        return self._chance(method) if self._chaos else None

    def _chance(self, method: str) -> Fault | None:
        chaos = self._chaos
        if chaos is None or not any(name.lower() in (ANY, method) for name in chaos.methods):
            return None
        # Always draw every number, so that one seed gives one history whatever the chances are.
        roll, slow_roll, length = self._rng.random(), self._rng.random(), self._rng.random()
        delay = length * chaos.slow_up_to if slow_roll < chaos.slow else 0.0
        for chance, fault in (
            (chaos.drop_before, Fault(drop="before", delay=delay)),
            (chaos.drop_after, Fault(drop="after", delay=delay)),
            (chaos.server_error, Fault(code=500, delay=delay)),
            (chaos.flood, too_many_requests(1)),
        ):
            if roll < chance:
                return fault
            roll -= chance
        return Fault(delay=delay) if delay else None
