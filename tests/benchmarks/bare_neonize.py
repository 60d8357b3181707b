"""Bare neonize, as its documentation has it, with what it takes to hold many sessions at all: a large executor and WAL.

A process of its own, spoken to by JSON lines: `{"do": "open", "count": 10}`, `{"do": "weigh"}`, `{"do": "send", ...}`,
`{"do": "arrivals"}`. It answers each with one line; QR codes to scan come as lines of their own meanwhile.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

OPTIONS = "?_foreign_keys=on&_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_x="


class Bare:
    """N clients of neonize."""

    def __init__(self, folder: Path, out: int) -> None:
        self.folder = folder
        self.out = out
        self.clients: list[Any] = []
        self.connected: list[asyncio.Event] = []
        self.arrived = 0

    def say(self, **line: Any) -> None:
        os.write(self.out, json.dumps(line).encode() + b"\n")

    async def open(self, count: int) -> None:
        """Bring the number of clients to `count`, one after the other; return when all are connected."""
        from neonize.aioze.client import NewAClient
        from neonize.aioze.events import ConnectedEv, MessageEv

        for number in range(len(self.clients), count):
            client = NewAClient(str(self.folder / f"{number}.db") + OPTIONS, uuid=f"bare-{number}")
            connected = asyncio.Event()

            async def on_connected(_: Any, __: Any, connected: asyncio.Event = connected) -> None:
                connected.set()

            async def on_message(_: Any, __: Any) -> None:
                self.arrived += 1

            async def on_qr(_: Any, code: bytes, number: int = number) -> None:
                self.say(scan=code.decode(), number=number)

            client.event(ConnectedEv)(on_connected)
            client.event(MessageEv)(on_message)
            client.qr(on_qr)
            await client.connect()
            self.clients.append(client)
            self.connected.append(connected)
            # Back to back, starts crash the library; a caller who knows that leaves a pause.
            await asyncio.sleep(0.01)
        await asyncio.gather(*(each.wait() for each in self.connected))

    async def send(self, sessions: int, each: int, together: int, people: list[str]) -> float:
        """Seconds for `each` texts on each of `sessions` clients, `together` at a time on one."""
        began = time.perf_counter()

        async def work(number: int, first: int) -> None:
            for place in range(first, each, together):
                await self.clients[number].send_message(people[place % len(people)], f"text {place}")

        await asyncio.gather(*(work(number, first) for number in range(sessions) for first in range(together)))
        return time.perf_counter() - began


def weigh() -> dict[str, int]:
    """Bytes resident, threads and descriptors of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        "resident": int(status["VmRSS"].split()[0]) * 1024,
        "threads": int(status["Threads"]),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


async def serve(folder: Path, out: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(400))
    bare = Bare(folder, out)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asked = json.loads(line)
        match asked.pop("do"):
            case "open":
                began = time.perf_counter()
                await bare.open(asked["count"])
                bare.say(seconds=time.perf_counter() - began)
            case "weigh":
                bare.say(**weigh())
            case "send":
                bare.say(seconds=await bare.send(**asked))
            case "arrivals":
                bare.say(arrived=bare.arrived)
            case other:
                raise ValueError(other)


def main() -> None:
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.getLogger("whatsmeow").setLevel(logging.CRITICAL)
    asyncio.run(serve(Path(sys.argv[1]), out))
    os._exit(0)  # threads that stay in Go would keep the interpreter


if __name__ == "__main__":
    main()
