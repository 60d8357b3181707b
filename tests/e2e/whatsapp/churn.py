"""Sessions talk while others come and go, in one process: `python -m tests.e2e.whatsapp.churn`.

Runs with the environment of a simulator, which has to be there when the process starts. `CHURN_DEVICES` names a JSON
file with two lists of device stores: `stay` and `move`. Prints one JSON line; see `Report`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gateway.domain.errors import NetworkUnreachable
from gateway.providers.whatsapp import library
from gateway.providers.whatsapp.link import Link, NotLive, Turns

SECONDS = float(os.environ.get("CHURN_SECONDS", "60"))
RATE = float(os.environ.get("CHURN_RATE", "600"))
"""Sends per second, of all that stay."""


class Devices(msgspec.Struct, frozen=True):
    """Stores of linked devices (names as neonize takes them), and to whom they write."""

    stay: list[str]
    move: list[str]
    friend: str


class Usage(msgspec.Struct, frozen=True):
    """What the process holds: threads of Python and of Go, open descriptors, resident bytes."""

    threads: int
    descriptors: int
    rss: int


class Report(msgspec.Struct, frozen=True):
    """What happened in so many seconds."""

    seconds: float
    sent: int
    failed: int
    opened: int
    closed: int
    refused: int
    """Openings that the network did not answer."""
    before: Usage
    after: Usage


class Churn:
    """Counts."""

    def __init__(self, devices: Devices) -> None:
        self.devices = devices
        self.turns = Turns()
        self.sent = self.failed = self.opened = self.closed = self.refused = 0

    def link(self, store: str) -> tuple[Link, asyncio.Event]:
        """A connection, and whether it is logged in."""
        loop, logged_in = asyncio.get_running_loop(), asyncio.Event()

        def on_event(code: int, _: bytes) -> None:
            if code == _CONNECTED:
                loop.call_soon_threadsafe(logged_in.set)

        props = library.device_props("Churn")
        return Link(store, turns=self.turns, events=(_CONNECTED,), on_event=on_event, device_props=props), logged_in

    async def talk(self, link: Link, number: int, until: float) -> None:
        """Send at this one's share of the rate."""
        from neonize.utils.jid import build_jid

        friend = build_jid(self.devices.friend)
        pause = len(self.devices.stay) / RATE
        due = time.monotonic()
        for count in itertools.count():
            if time.monotonic() > until:
                return
            try:
                await link.client.send_message(friend, f"{number}.{count}")
                self.sent += 1
            except Exception as error:  # noqa: BLE001 - what it is does not matter here; a run with many fails its test
                if not self.failed:
                    print(f"first failure: {type(error).__name__}: {error}", file=sys.stderr)
                self.failed += 1
            due = max(due + pause, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def come_and_go(self, store: str, until: float) -> None:
        """Open and close, again and again."""
        while time.monotonic() < until:
            link, _ = self.link(store)
            try:
                await link.open()
                self.opened += 1
            except (NetworkUnreachable, NotLive):
                self.refused += 1
            await link.close()
            self.closed += 1


_CONNECTED = 3


def usage() -> Usage:
    """Now."""
    rss = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(
        threads=len(list(Path("/proc/self/task").iterdir())),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        rss=rss,
    )


async def churn(devices: Devices) -> Report:
    """Run for `CHURN_SECONDS`."""
    run = Churn(devices)
    stay: Sequence[tuple[Link, asyncio.Event]] = [run.link(store) for store in devices.stay]
    for link, logged_in in stay:
        await link.open()
        async with asyncio.timeout(60):
            await logged_in.wait()
    before, started = usage(), time.monotonic()
    until = started + SECONDS
    await asyncio.gather(
        *(run.talk(link, number, until) for number, (link, _) in enumerate(stay)),
        *(run.come_and_go(store, until) for store in devices.move),
    )
    seconds, after = time.monotonic() - started, usage()
    for link, _ in stay:
        await link.close()
    return Report(seconds, run.sent, run.failed, run.opened, run.closed, run.refused, before, after)


def main() -> None:
    """Report as one line of JSON, and leave as the interpreter does."""
    devices = msgspec.json.decode(Path(os.environ["CHURN_DEVICES"]).read_bytes(), type=Devices)
    library.load()
    print(msgspec.json.encode(asyncio.run(churn(devices))).decode(), flush=True)
    assert threading.main_thread() is threading.current_thread()


if __name__ == "__main__":
    main()
