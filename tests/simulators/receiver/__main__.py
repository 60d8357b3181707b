"""`python -m tests.simulators.receiver --port 8099`: the receiver as a process with a JSON control port."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import threading

import uvloop

from tests.simulators.receiver.control import Control
from tests.simulators.receiver.server import Receiver


async def serve(host: str, port: int, control_port: int, keep: int, while_stdin: bool) -> None:
    """Run until interrupted; print the ports as one JSON line when both listen."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, end.set)
    if while_stdin:
        threading.Thread(target=watch_stdin, args=(loop, end), daemon=True).start()
    async with Receiver(host=host, port=port, keep=keep) as receiver, Control(receiver, port=control_port) as control:
        print(json.dumps({"port": receiver.port, "control": control.port}), flush=True)
        await end.wait()


def watch_stdin(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """A thread, because a standard input may be a file, which no event loop can wait for."""
    sys.stdin.read()
    loop.call_soon_threadsafe(end.set)


def main() -> None:
    parser = argparse.ArgumentParser(description="A webhook receiver for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--keep", type=int, default=10_000, help="how many requests to remember whole")
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    uvloop.run(serve(given.host, given.port, given.control_port, given.keep, given.while_stdin))


if __name__ == "__main__":
    main()
