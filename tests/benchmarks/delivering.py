"""How fast what is owed gets out: deliveries a second to a receiver that answers at once, in a process of its own.

Bare posts the same bodies, signed anew each time, in a plain aiohttp loop with as many requests in flight. Ours also
claims each delivery in the database, checks its URL and address, and commits how it ended with a line of the attempt
log. The endpoint is given all slots, for the sake of the comparison.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from time import perf_counter

import aiohttp

from gateway.kit.clock import SystemClock
from gateway.runtime import Gateway, opened_storage, running
from gateway.services.inbox import Inbox
from gateway.settings import Settings
from gateway.webhooks.signing import signed_headers
from tests.benchmarks.figure import AtLeast, Figure
from tests.benchmarks.place import Place
from tests.benchmarks.shop import SECRET, a_message, delivered, furnish, settings_for
from tests.simulators.receiver import RemoteReceiver

IN_FLIGHT = (16, 64)
PRODUCERS = 50
Bodies = list[tuple[str, bytes]]


async def measure(place: Place) -> list[Figure]:
    """Deliveries a second: of a backlog, and of events accepted meanwhile."""
    count = 1500 if place.quick else 8000
    figures: list[Figure] = []
    for in_flight in IN_FLIGHT:
        async with place.database() as database, RemoteReceiver() as receiver:
            folder = place.folder()
            settings = settings_for(folder, database, WEBHOOK_CONCURRENCY=str(in_flight))
            await furnish(settings, url=receiver.url("/ours"), concurrency=in_flight)
            bodies = await _owe(settings, count)
            backlog, together = await _ours(settings, count)
            stats = await receiver.stats()
            assert stats.unique == 2 * count, stats  # or the rates would not mean anything
            bare = await _bare(receiver.url("/bare"), bodies, in_flight)
        kinds = {f"a backlog, {in_flight} in flight": backlog, f"accepted to delivered, {in_flight}": together}
        for name, ours in kinds.items():
            figures.append(
                Figure(
                    name=f"webhooks: {name}",
                    database=place.kind,
                    unit="deliveries/s",
                    ours=ours,
                    bare=bare,
                    expected=AtLeast(0.2, ratio=True),
                )
            )
    return figures


async def _owe(settings: Settings, count: int) -> Bodies:
    """Events accepted while no dispatcher runs; what has to be sent for them."""
    async with opened_storage(settings) as storage:
        inbox = Inbox(storage, SystemClock(), lambda _, __: None)
        inbox.open()
        await _accept(inbox, range(count))
        await inbox.aclose()
        rows = await storage.engine.execute("SELECT event_id, payload FROM deliveries ORDER BY id", ())
        return [(row["event_id"], row["payload"].encode()) for row in rows]


async def _accept(inbox: Inbox, numbers: Sequence[int]) -> None:
    left = iter(numbers)

    async def produce() -> None:
        for number in left:
            await inbox.accept(a_message(number))

    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))


async def _ours(settings: Settings, count: int) -> tuple[float, float]:
    async with running(settings) as gateway:
        # The first tenth warms up: connections, statements, caches.
        first = await _until(gateway, count // 10)
        began = perf_counter()
        last = await _until(gateway, count)
        backlog = (last - first) / (perf_counter() - began)
        began = perf_counter()
        await _accept(gateway.services.inbox, range(count, 2 * count))
        await _until(gateway, 2 * count)
        return backlog, count / (perf_counter() - began)


async def _until(gateway: Gateway, count: int) -> int:
    async with asyncio.timeout(120):
        while (done := delivered(gateway)) < count:  # noqa: ASYNC110 - a metric has no event to wait for
            await asyncio.sleep(0.005)
    return done


async def _bare(url: str, bodies: Bodies, in_flight: int) -> float:
    left = iter(bodies)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post() -> None:
            for event_id, body in left:
                headers = {"Content-Type": "application/json"}
                headers |= signed_headers((SECRET,), event_id, int(time.time()), body)
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()
                    assert response.status == 200

        began = perf_counter()
        await asyncio.gather(*(post() for _ in range(in_flight)))
        return len(bodies) / (perf_counter() - began)
