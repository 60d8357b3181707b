"""Run it by itself: `python -m tests.simulators.whatsapp --proxy-port 8480 --control-port 8481 --open`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys

import uvloop

from tests.simulators.whatsapp.light import import_messages_only


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.whatsapp", description=__doc__)
    parser.add_argument("--proxy-port", type=int, default=0, help="port of the HTTP proxy; 0 picks a free one")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control lines; 0 picks a free one")
    parser.add_argument("--open", action="store_true", help="every number is on WhatsApp")
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    from tests.simulators.whatsapp.control import Control
    from tests.simulators.whatsapp.server import WhatsAppSimulator

    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    if given.while_stdin:
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 4096) else end.set())
    async with WhatsAppSimulator(port=given.proxy_port, open_door=given.open) as simulator:
        control = Control(simulator)
        await control.start(given.control_port)
        ready = {"control": control.port, "proxy": simulator.proxy_url, "environment": simulator.environment()}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await end.wait()
        await control.stop()


if __name__ == "__main__":
    given = _arguments()
    import_messages_only()  # before anything that imports them
    uvloop.run(_serve(given))
