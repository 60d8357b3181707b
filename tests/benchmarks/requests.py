"""What authentication, limits, scope, ids, metrics and headers cost a request: `GET /api/instances/{id}`.

Ours is the real process. Bare is a Litestar handler that returns the same body, in a process of its own with the same
server. Rounds alternate, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import httpx

from tests.benchmarks.figure import AtLeast, Figure
from tests.benchmarks.load import answers_per_second
from tests.benchmarks.place import Place
from tests.process import ADMIN_KEY, ANEW, ROOT, free_port, gateway_process

CONNECTIONS = 16


async def measure(place: Place) -> list[Figure]:
    """Answers a second."""
    rounds, seconds = (3, 0.7) if place.quick else (5, 2.0)
    async with (
        place.database() as database,
        # The limit is counted all the same; it is only never reached.
        gateway_process(place.folder(), database, ANEW, API_RATE_LIMIT="1000000") as gateway,
        gateway.client() as client,
    ):
        made = await client.post(
            "/api/instances",
            json={"name": "bench", "provider": "telegram", "config": {"token": "1:" + "x" * 35}}
            | {"webhookUrl": "http://127.0.0.1:9/hook", "webhookSecret": "a secret"},
        )
        made.raise_for_status()
        path = f"/api/instances/{made.json()['id']}"
        await client.post(path + "/stop")  # nothing may change its body while it is measured
        body = (await client.get(path)).raise_for_status().content
        async with _bare_server(body) as port:
            ours: list[float] = []
            bare: list[float] = []
            for _ in range(rounds):
                bare.append(await answers_per_second(port, "/", {}, connections=CONNECTIONS, seconds=seconds))
                ours.append(
                    await answers_per_second(
                        gateway.port, path, {"x-api-key": ADMIN_KEY}, connections=CONNECTIONS, seconds=seconds
                    )
                )
    return [
        Figure(
            name="authenticated GET /api/instances/{id}",
            database=place.kind,
            unit="requests/s",
            ours=median(ours),
            bare=median(bare),
            expected=AtLeast(0.35, ratio=True),
        )
    ]


@asynccontextmanager
async def _bare_server(body: bytes) -> AsyncIterator[int]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.bare_server", str(port), cwd=ROOT, stdin=PIPE
    )
    try:
        assert process.stdin is not None
        process.stdin.write(body)
        process.stdin.close()
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
            while (answer := await _answer(client, port)) is None:
                assert process.returncode is None, "the bare server ended"
                await asyncio.sleep(0.02)
        assert answer == body, f"not the same body:\n{answer!r}\n{body!r}"
        yield port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answer(client: httpx.AsyncClient, port: int) -> bytes | None:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/")).content
    except httpx.TransportError:
        return None  # not listening yet
