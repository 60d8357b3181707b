"""Run the simulator by itself: `python -m tests.simulators.telegram --port 8081 --open`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

import uvloop

from tests.simulators.telegram.server import TelegramSimulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free one and prints it")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--open", action="store_true", help="accept any well-formed token and any chat id")
    parser.add_argument("--allow-http", action="store_true", help="take http webhooks, as a self-hosted server does")
    parser.add_argument("--bot", action="append", default=[], metavar="TOKEN", help="register a bot; may be repeated")
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    simulator = TelegramSimulator(port=given.port, host=given.host, open_door=given.open, allow_http=given.allow_http)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with simulator as telegram:
        for token in given.bot:
            telegram.add_bot(token)
        sys.stdout.write(f"{telegram.base_url}\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    uvloop.run(_serve(_arguments()))
