"""How long an event is on its way: from `inbox.accept` being called to the receiver having read it, at 100 a second.

Events come at their times whether or not earlier ones have arrived (an open loop), so a pause shows in everything it
delayed. Bare posts the same bodies at the same times. Both read one machine's wall clock in two processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from gateway.runtime import Gateway, running
from gateway.webhooks.signing import signed_headers
from tests.benchmarks.figure import AtMost, Figure, percentile
from tests.benchmarks.place import Place
from tests.benchmarks.shop import SECRET, a_message, furnish, settings_for
from tests.simulators.receiver import RemoteReceiver

PER_SECOND = 100
WARM_UP = 50


async def measure(place: Place) -> list[Figure]:
    """Milliseconds, median and 99th percentile."""
    count = WARM_UP + PER_SECOND * (3 if place.quick else 10)
    async with place.database() as database, RemoteReceiver() as receiver:
        settings = settings_for(place.folder(), database)
        await furnish(settings, url=receiver.url("/ours"))
        async with running(settings) as gateway:
            ours = await _waits(receiver, count, lambda number: _accept(gateway, number))
        bodies = [each.body for each in await receiver.requests()]
        await receiver.reset()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            bare = await _waits(
                receiver, count, lambda number: _post(session, receiver.url("/bare"), f"bare-{number}", bodies[number])
            )
    return [
        Figure(
            name=f"event to receiver at {PER_SECOND}/s, p{percent}",
            database=place.kind,
            unit="ms",
            ours=percentile(ours, percent),
            bare=percentile(bare, percent),
            expected=AtMost(50) if percent == 99 else None,
        )
        for percent in (50, 99)
    ]


async def _waits(receiver: RemoteReceiver, count: int, send: Callable[[int], Awaitable[str]]) -> list[float]:
    """Send so many at their times; milliseconds until each arrived."""
    sent: dict[str, float] = {}

    async def one(number: int) -> None:
        at = time.time()
        sent[await send(number)] = at

    loop = asyncio.get_running_loop()
    began = loop.time()
    under_way: list[asyncio.Task[None]] = []
    for number in range(count):
        await asyncio.sleep(began + number / PER_SECOND - loop.time())
        under_way.append(asyncio.create_task(one(number)))
    await asyncio.gather(*under_way)
    await receiver.wait_for(unique=count)
    arrived = {each.webhook_id: each.at for each in reversed(await receiver.requests())}
    return [(arrived[webhook_id] - at) * 1000 for webhook_id, at in list(sent.items())[WARM_UP:]]


async def _accept(gateway: Gateway, number: int) -> str:
    accepted = await gateway.services.inbox.accept(a_message(number))
    assert accepted is not None
    return accepted.id


async def _post(session: aiohttp.ClientSession, url: str, event_id: str, body: bytes) -> str:
    headers = {"Content-Type": "application/json"} | signed_headers((SECRET,), event_id, int(time.time()), body)
    async with session.post(url, data=body, headers=headers) as response:
        await response.read()
    return event_id
