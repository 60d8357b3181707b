"""Sessions talk while others come and go, in one process: `python -m tests.e2e.whatsapp.churn`.

Runs with the environment of a simulator, which has to be there when the process starts; `CHURN_CONTROL` is the port of
its control and `CHURN_FOLDER` is for device stores. Prints one JSON line; see `Report`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.domain.errors import NetworkUnreachable
from gateway.domain.ids import InstanceId
from gateway.providers.whatsapp import library
from gateway.providers.whatsapp.codes import SIGNS, Code
from gateway.providers.whatsapp.devices import DeviceFiles
from gateway.providers.whatsapp.link import Link, NotLive, Turns
from tests.e2e.whatsapp.churn_report import SECONDS, Report, Usage
from tests.simulators.whatsapp.remote import Ready, RemoteWhatsApp, connect

RATE = float(os.environ.get("CHURN_RATE", "600"))
"""Sends per second, of all that stay."""
STAYING = 20
MOVING = 20
FRIEND = "4915900000001"


class Churn:
    """Counts."""

    def __init__(self, whatsapp: RemoteWhatsApp, folder: Path) -> None:
        self.whatsapp = whatsapp
        self.folder = folder
        self.turns = Turns()
        self.sent = self.failed = self.opened = self.closed = self.refused = 0

    def store(self, number: int) -> str:
        """The name of a device's store, as neonize takes it."""
        files = DeviceFiles(self.folder, InstanceId(f"device-{number}"))
        files.make_folder()
        return files.store_name

    def link(self, store: str, on_qr: Callable[[str], None] | None = None) -> tuple[Link, asyncio.Event]:
        """A connection, and whether it is logged in."""
        loop, logged_in = asyncio.get_running_loop(), asyncio.Event()

        def on_event(code: int, _: bytes) -> None:
            if code == Code.CONNECTED:
                loop.call_soon_threadsafe(logged_in.set)

        link = Link(
            store,
            turns=self.turns,
            events=tuple(SIGNS),
            on_event=on_event,
            device_props=library.device_props("Churn"),
            on_qr=on_qr,
            on_login=lambda _: None,
        )
        return link, logged_in

    async def stay(self, number: int) -> Link:
        """A device that is linked and logged in, as its phone scanned it."""
        loop, code = asyncio.get_running_loop(), asyncio.Queue[str]()
        link, logged_in = self.link(self.store(number), lambda text: _put(loop, code, text))
        async with asyncio.timeout(60):
            opening = asyncio.create_task(link.open())
            await self.whatsapp.scan(await code.get(), f"49151{number:08}")
            await opening
            await logged_in.wait()
        return link

    async def talk(self, link: Link, number: int, until: float) -> None:
        """Send at this one's share of the rate."""
        from neonize.utils.jid import build_jid

        friend = build_jid(FRIEND)
        pause = STAYING / RATE
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


def _put(loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[str], text: str) -> None:
    loop.call_soon_threadsafe(queue.put_nowait, text)


def usage() -> Usage:
    """Now."""
    rss = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(
        threads=len(list(Path("/proc/self/task").iterdir())),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        rss=rss,
    )


async def churn() -> Report:
    """Run for `CHURN_SECONDS`."""
    ready = Ready(control=int(os.environ["CHURN_CONTROL"]), proxy="", environment={})
    whatsapp = await connect(ready)
    run = Churn(whatsapp, Path(os.environ["CHURN_FOLDER"]))
    await whatsapp.add_person(FRIEND, "Friend")
    staying = [await run.stay(number) for number in range(STAYING)]
    moving = [run.store(number) for number in range(STAYING, STAYING + MOVING)]
    for number in range(STAYING, STAYING + MOVING):
        await (await run.stay(number)).close()
    before, started = usage(), time.monotonic()
    until = started + SECONDS
    await asyncio.gather(
        *(run.talk(link, number, until) for number, link in enumerate(staying)),
        *(run.come_and_go(store, until) for store in moving),
    )
    seconds, after = time.monotonic() - started, usage()
    for link in staying:
        await link.close()
    await whatsapp.close()
    return Report(seconds, run.sent, run.failed, run.opened, run.closed, run.refused, before, after)


def main() -> None:
    """Report as one line of JSON."""
    library.load()
    print(msgspec.json.encode(asyncio.run(churn())).decode(), flush=True)


if __name__ == "__main__":
    main()
