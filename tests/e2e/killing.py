"""The harness of the kill tests: people and programs that go on, a gateway that dies, a book of what arrived.

Acknowledged is what somebody outside may rely on: a message of a person's that Telegram considers confirmed, and an
API send that was answered with 200. Every request that reached the endpoint counts as a delivery, answered or not.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx

from tests.e2e.shop import Shop, Until, nothing_owed
from tests.process import GatewayProcess

_UNREAD = 200
"""People wait while so much of what they wrote is unread: a gateway that is down is not flooded when it comes back."""


@dataclass(frozen=True)
class Verdict:
    """What a run came to."""

    read: int
    """Messages of people that Telegram considers confirmed."""
    answered: int
    """API sends that were answered with 200."""
    lost: set[str]
    """Acknowledged and never delivered."""
    told_as_two: set[str]
    """Delivered under more than one webhook-id."""
    extras: Counter[int]
    """The needless deliveries each kill caused, by the kill's number."""
    without_a_kill: int
    """Repeats with no kill in between: nothing excuses one."""
    changed_bodies: int
    """Repeats with other bytes than the first time."""


@dataclass
class Street:
    """Everything outside the gateway, going on whether it lives or not."""

    gateway: GatewayProcess
    shop: Shop
    until: Until
    waiting_room: bool = False
    """While true the endpoint answers nobody."""
    endpoint_takes: float = 0.06
    """Seconds that the endpoint lets a delivery wait, so that some are in flight whenever a kill comes."""
    written: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    """Answers to sends that are neither 200 nor a word about an instance that is not connected yet."""
    lives: list[int] = field(default_factory=list)
    """How many requests had reached the endpoint when each life of the gateway ended."""
    crowd: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Messages of people that Telegram considers confirmed."""
        return len(self.written) - len(self.shop.telegram.unconfirmed(self.shop.bot))

    async def in_the_middle(self, rng: random.Random, *, having_read: int = 0) -> None:
        """Return at a random moment of the traffic, with deliveries in flight.

        `having_read` is how many more messages of people have to be read before: more than the endpoint can take at
        once, so that a next life has deliveries to make before its session is open, and can be ended early.
        """
        read, so_far = self.read, self.shop.receiver.stats.requests
        await self.until(lambda: self.read >= read + having_read)
        some = rng.randint(10, 60)
        await self.until(lambda: self.shop.receiver.stats.requests >= so_far + some and self.shop.receiver.stalled > 0)

    async def kill(self, while_dead: Callable[[], Awaitable[None]] | None = None) -> None:
        """Kill the gateway, take down all it had sent, start it again."""
        await self.gateway.kill()
        await self.until(lambda: self.shop.receiver.open_connections == 0)
        self.lives.append(self.shop.receiver.stats.requests)
        if while_dead is not None:
            await while_dead()
        await self.gateway.start()

    async def evening(self) -> Verdict:
        """Let the crowd go home, wait until everything is read and nothing is owed, and read the book."""
        await _ended(self.crowd)
        self.endpoint_takes = 0.005
        await self.until(lambda: not self.shop.telegram.unconfirmed(self.shop.bot))
        await self.until(lambda: nothing_owed(self.shop.api))
        events_of: dict[str, set[str]] = {}
        first_bodies: dict[str, bytes] = {}
        last_life: dict[str, int] = {}
        extras: Counter[int] = Counter()
        without_a_kill = changed = life = 0
        for place, request in enumerate(self.shop.receiver.received(self.shop.hook)):
            while life < len(self.lives) and place >= self.lives[life]:
                life += 1
            event_id = request.webhook_id
            assert event_id is not None
            if event_id in last_life:
                # The kill that ended the life of the last delivery is what kept it from being recorded.
                extras[last_life[event_id]] += 1
                without_a_kill += last_life[event_id] == life
                changed += first_bodies[event_id] != request.body
            last_life[event_id] = life
            first_bodies.setdefault(event_id, request.body)
            told = request.json()
            if told["event"] in {"message_received", "message_sent"}:
                events_of.setdefault(told["data"]["body"], set()).add(event_id)
        return Verdict(
            read=len(self.written),
            answered=len(self.answered),
            lost={text for text in (*self.written, *self.answered) if text not in events_of},
            told_as_two={text for text, ids in events_of.items() if len(ids) > 1},
            extras=extras,
            without_a_kill=without_a_kill,
            changed_bodies=changed,
        )

    async def people_write(self) -> None:
        while True:
            if len(self.shop.telegram.unconfirmed(self.shop.bot)) < _UNREAD:
                self.written.append(f"in {len(self.written)}")
                self.shop.writes(self.written[-1])
            await asyncio.sleep(0.003)

    async def programs_send(self, name: str) -> None:
        number = 0
        async with self.gateway.client() as api:
            shop = replace(self.shop, api=api)
            while True:
                number += 1
                try:
                    response = await shop.send(f"out {name} {number}")
                except httpx.TransportError:
                    await asyncio.sleep(0.1)  # it is down
                    continue
                if response.status_code == 200:
                    self.answered.append(f"out {name} {number}")
                elif "not ready" in response.text:
                    await asyncio.sleep(0.1)  # it is back and not connected yet
                else:
                    self.unexpected.append(response.text)

    async def endpoint_answers(self) -> None:
        while True:
            if not self.waiting_room:
                self.shop.receiver.release()
            await asyncio.sleep(self.endpoint_takes)


@asynccontextmanager
async def busy_street(gateway: GatewayProcess, shop: Shop, until: Until) -> AsyncIterator[Street]:
    """Traffic in both directions through a gateway that runs already."""
    street = Street(gateway, shop, until)
    shop.receiver.stall(shop.hook)
    street.crowd = [
        asyncio.create_task(work)
        for work in (street.people_write(), street.programs_send("a"), street.programs_send("b"))
    ]
    answering = asyncio.create_task(street.endpoint_answers())
    try:
        yield street
    finally:
        await _ended([*street.crowd, answering])


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
