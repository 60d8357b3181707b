"""What a gateway weighs: resident memory at rest before any SDK is loaded, and what each Telegram bot adds."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.benchmarks.figure import AtMost, Figure
from tests.benchmarks.place import Place
from tests.process import ANEW, ROOT, GatewayProcess, gateway_process

MEGABYTE = 1_000_000
KIBIBYTE = 1024
SETTLED = 3.0
"""Seconds after which what a start needed only once has been given back."""


async def measure(place: Place) -> list[Figure]:
    """Megabytes at rest, on the first start and on a later one; KiB for each polling bot."""
    bots = 60 if place.quick else 300
    async with place.database() as database, _telegram() as api:
        folder = place.folder()
        async with (
            gateway_process(folder, database, ANEW, TELEGRAM_API_BASE=api) as gateway,
            gateway.client() as client,
        ):
            first = await _at_rest(gateway, client)
            await gateway.stop()
            await gateway.start()
            later = await _at_rest(gateway, client)
            await _add_bots(client, 1, 1)
            one = await _settled(gateway)
            await _add_bots(client, 2, bots)
            many = await _settled(gateway)
    return [
        Figure(name="memory at rest, first start", database=place.kind, unit="MB", ours=first, expected=AtMost(110)),
        Figure(name="memory at rest, later start", database=place.kind, unit="MB", ours=later, expected=AtMost(110)),
        Figure(name="memory with one Telegram bot", database=place.kind, unit="MB", ours=one / MEGABYTE),
        Figure(
            name=f"memory per bot, {bots} polling",
            database=place.kind,
            unit="KiB",
            ours=(many - one) / (bots - 1) / KIBIBYTE,
            expected=AtMost(100),
        ),
    ]


async def _at_rest(gateway: GatewayProcess, client: httpx.AsyncClient) -> float:
    (await client.get("/api/instances")).raise_for_status()
    return await _settled(gateway) / MEGABYTE


async def _settled(gateway: GatewayProcess) -> int:
    await asyncio.sleep(SETTLED)
    assert gateway.process is not None
    return resident(gateway.process.pid)


def resident(pid: int) -> int:
    """Bytes of memory a process has. Linux only."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def _add_bots(client: httpx.AsyncClient, first: int, last: int) -> None:
    for number in range(first, last + 1):
        answer = await client.post(
            "/api/instances",
            json={"name": f"bot {number}", "provider": "telegram", "config": {"token": f"{number}:{'x' * 35}"}},
        )
        answer.raise_for_status()
    async with asyncio.timeout(120):
        while True:
            shown = (await client.get("/api/instances")).raise_for_status().json()["instances"]
            if sum(each["status"] == "connected" for each in shown) == last:
                return
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _telegram() -> AsyncIterator[str]:
    """The simulated Telegram in a process of its own, open to any token; its base URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulators.telegram", "--open", "--allow-http", cwd=ROOT, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
