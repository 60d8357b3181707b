"""What linked WhatsApp devices cost: the real gateway beside bare neonize, both against simulators of the same kind.

Both sides link the same number of phones in their own simulated network, one process each. Memory is what sessions add
to a process with one session, so that the library's own weight does not count.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from tests.benchmarks.figure import AtLeast, AtMost, Figure
from tests.benchmarks.memory import MEGABYTE, resident
from tests.benchmarks.place import Place
from tests.process import ROOT, GatewayProcess, gateway_process
from tests.simulators.receiver.remote import RemoteReceiver
from tests.simulators.whatsapp.remote import RemoteWhatsApp, environment, whatsapp_process

SETTLED = 3.0
"""Seconds after which what linking needed only once has been given back."""
TOGETHER = 2
"""Sends at a time on one session: more only wait for whatsmeow's own lock."""
PEOPLE = tuple(f"49151{number:08d}" for number in range(1, 11))


async def measure(place: Place) -> list[Figure]:
    """Measured once: which database holds the messages hardly matters to a session."""
    if place.kind != "sqlite":
        return []
    steps = (1, 10, 20) if place.quick else (1, 10, 50, 200)
    sends = 200 if place.quick else 600
    async with whatsapp_process(open_door=True) as network, _bare(place.folder(), network) as bare:
        bare_weights, bare_rates = await _bare_side(bare, network, steps, sends)
    async with (
        whatsapp_process(open_door=True) as network,
        RemoteReceiver() as receiver,
        place.database() as database,
        gateway_process(place.folder(), database, **environment(network)) as gateway,
        gateway.client() as client,
    ):
        house = House(gateway, client, network, receiver)
        figures: list[Figure] = []
        weights: dict[int, Mapping[str, int]] = {}
        for step in steps:
            await house.grow(step)
            await asyncio.sleep(SETTLED)
            weights[step] = _weigh(gateway)
            if step <= 50:
                figures.append(_rate(step, await house.sends_per_second(step, sends), bare_rates[step]))
        figures = [*_weights(weights, bare_weights, steps), *figures]
        figures.append(await house.idle(10.0 if not place.quick else 3.0))
        figures += [await house.flood(1, 2000), await house.flood(10, 300)]
        figures.append(await house.restored())
    return figures


class House:
    """A gateway with linked instances."""

    def __init__(
        self, gateway: GatewayProcess, client: httpx.AsyncClient, network: RemoteWhatsApp, receiver: RemoteReceiver
    ) -> None:
        self._gateway, self._client, self._network, self._receiver = gateway, client, network, receiver
        self._ids: list[str] = []

    async def grow(self, count: int) -> None:
        """Link instances, ten at a time, until there are so many."""
        for start in range(len(self._ids), count, 10):
            ids = [await self._create(number) for number in range(start, min(start + 10, count))]
            await asyncio.gather(*(self._link(number, start + place) for place, number in enumerate(ids)))
            self._ids += ids

    async def _create(self, number: int) -> str:
        body = {"name": f"line {number}", "provider": "whatsapp"}
        return str((await self._client.post("/api/instances", json=body)).raise_for_status().json()["id"])

    async def _link(self, instance: str, number: int) -> None:
        async with asyncio.timeout(120):
            while True:
                shown = await self._client.get(f"/api/instances/{instance}/qr", params={"format": "raw"})
                if shown.status_code == 200 and shown.text:
                    break
                await asyncio.sleep(0.05)
            await self._network.scan(shown.text, _phone(number))
            while True:
                if (await self._client.get(f"/api/instances/{instance}/status")).json()["ready"]:
                    return
                await asyncio.sleep(0.05)

    async def sends_per_second(self, sessions: int, total: int) -> float:
        """Texts a second through the API, the first of each pair of people not counted."""
        each = max(total // sessions, len(PEOPLE))
        await asyncio.gather(*(self._send(each_id, len(PEOPLE), 1, 0) for each_id in self._ids[:sessions]))
        began = perf_counter()
        await asyncio.gather(
            *(
                self._send(each_id, each, TOGETHER, first)
                for each_id in self._ids[:sessions]
                for first in range(TOGETHER)
            )
        )
        return each * sessions / (perf_counter() - began)

    async def _send(self, instance: str, each: int, together: int, first: int) -> None:
        for place in range(first, each, together):
            body = {"phone": PEOPLE[place % len(PEOPLE)], "message": f"text {place}"}
            (await self._client.post(f"/api/instances/{instance}/send", json=body)).raise_for_status()

    async def idle(self, seconds: float) -> Figure:
        """Percent of one core while nobody says anything."""
        await asyncio.sleep(SETTLED)
        before = _cpu(self._gateway)
        await asyncio.sleep(seconds)
        used = (_cpu(self._gateway) - before) / seconds * 100
        name = f"WhatsApp: idle CPU, {len(self._ids)} sessions"
        return Figure(name=name, database="sqlite", unit="% of a core", ours=used)

    async def flood(self, sessions: int, each: int) -> Figure:
        """Messages a second from the network's first to the receiver having the last, stored on the way."""
        for instance in self._ids[:sessions]:
            hook = {"webhookUrl": self._receiver.url("/hook")}
            (await self._client.put(f"/api/instances/{instance}", json=hook)).raise_for_status()
        await asyncio.sleep(SETTLED)  # what the change itself tells has been told
        before = (await self._receiver.stats()).unique
        began = perf_counter()
        await self._network.flood([_phone(number) for number in range(sessions)], each, contacts=5)
        async with asyncio.timeout(120):
            while True:
                if (await self._receiver.stats()).unique - before >= sessions * each:
                    break
                await asyncio.sleep(0.02)
        name = f"WhatsApp: received, stored and webhooked, {sessions} sessions"
        rate = sessions * each / (perf_counter() - began)
        return Figure(name=name, database="sqlite", unit="messages/s", ours=rate)

    async def restored(self) -> Figure:
        """Seconds from the process being ready to every session being connected again."""
        await self._gateway.stop()
        await self._gateway.start()
        began = perf_counter()
        while True:
            shown = (await self._client.get("/api/instances")).raise_for_status().json()["instances"]
            if all(each["status"] == "connected" for each in shown):
                break
            await asyncio.sleep(0.05)
        name = f"WhatsApp: all {len(self._ids)} sessions back after a restart"
        return Figure(name=name, database="sqlite", unit="s", ours=perf_counter() - began, expected=AtMost(3.0))


def _weights(
    ours: Mapping[int, Mapping[str, int]], bare: Mapping[int, Mapping[str, int]], steps: tuple[int, ...]
) -> list[Figure]:
    figures: list[Figure] = []
    for step in steps[1:]:

        def added(side: Mapping[int, Mapping[str, int]], what: str, step: int = step) -> float:
            return (side[step][what] - side[1][what]) / (step - 1)

        mine, theirs = added(ours, "resident") / MEGABYTE, added(bare, "resident") / MEGABYTE
        figures.append(
            Figure(
                name=f"WhatsApp: memory per idle session, {step}",
                database="sqlite",
                unit="MB",
                ours=mine,
                bare=theirs,
                expected=AtMost(1.5 * theirs),
            )
        )
    last = steps[-1]
    figures.append(
        Figure(
            name=f"WhatsApp: memory in all, {last} sessions",
            database="sqlite",
            unit="MB",
            ours=ours[last]["resident"] / MEGABYTE,
            bare=bare[last]["resident"] / MEGABYTE,
        )
    )
    for what in ("threads", "descriptors"):
        mine, theirs = ((side[last][what] - side[1][what]) / (last - 1) for side in (ours, bare))
        name = f"WhatsApp: {what} per session, {last}"
        figures.append(Figure(name=name, database="sqlite", unit="", ours=mine, bare=theirs))
    return figures


def _rate(sessions: int, ours: float, bare: float) -> Figure:
    return Figure(
        name=f"WhatsApp: sends through the API, {sessions} sessions",
        database="sqlite",
        unit="messages/s",
        ours=ours,
        bare=bare,
        expected=AtLeast(0.7, ratio=True),
    )


async def _bare_side(
    bare: BareNeonize, network: RemoteWhatsApp, steps: tuple[int, ...], sends: int
) -> tuple[dict[int, Mapping[str, int]], dict[int, float]]:
    weights: dict[int, Mapping[str, int]] = {}
    rates: dict[int, float] = {}
    for step in steps:
        await bare.ask(do="open", count=step)
        await asyncio.sleep(SETTLED)
        weights[step] = await bare.ask(do="weigh")
        if step <= 50:
            each = max(sends // step, len(PEOPLE))
            warm = {"sessions": step, "each": len(PEOPLE), "together": 1, "people": list(PEOPLE)}
            await bare.ask(do="send", **warm)
            told = await bare.ask(do="send", **{**warm, "each": each, "together": TOGETHER})
            rates[step] = each * step / told["seconds"]
    del network
    return weights, rates


class BareNeonize:
    """The other side; see bare_neonize.py."""

    def __init__(self, process: Process, network: RemoteWhatsApp) -> None:
        self._process = process
        self._network = network

    async def ask(self, **wish: Any) -> dict[str, Any]:
        """One order and its answer; codes to scan that come meanwhile are scanned."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        scanned: set[int] = set()
        async with asyncio.timeout(300):
            while line := await self._process.stdout.readline():
                told: dict[str, Any] = json.loads(line)
                if "scan" not in told:
                    return told
                if told["number"] not in scanned:
                    scanned.add(told["number"])
                    await self._network.scan(told["scan"], _phone(told["number"]))
        raise AssertionError("bare neonize ended")


@asynccontextmanager
async def _bare(folder: Path, network: RemoteWhatsApp) -> AsyncIterator[BareNeonize]:
    env = {**os.environ, **environment(network), "NEONIZE_BOT_TAG": "off"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.bare_neonize", str(folder), cwd=ROOT, env=env, stdin=PIPE, stdout=PIPE
    )
    try:
        yield BareNeonize(process, network)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _weigh(gateway: GatewayProcess) -> Mapping[str, int]:
    assert gateway.process is not None
    home = Path(f"/proc/{gateway.process.pid}")
    return {
        "resident": resident(gateway.process.pid),
        "threads": len(list((home / "task").iterdir())),
        "descriptors": len(list((home / "fd").iterdir())),
    }


def _cpu(gateway: GatewayProcess) -> float:
    """Seconds of processor time so far."""
    assert gateway.process is not None
    fields = Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _phone(number: int) -> str:
    return f"4917{number:09d}"
