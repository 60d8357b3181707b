"""`make sim`: a Telegram and a webhook receiver to try a gateway with, without any account.

    make sim                                                                               # one terminal
    TELEGRAM_API_BASE=http://127.0.0.1:8081 EGRESS_ALLOW=127.0.0.0/8 make run              # another

Any bot token works. People speak through `POST http://127.0.0.1:8081/_ctl/people/sends_text`, what the bot said is at
`GET http://127.0.0.1:8081/_ctl/sent?bot=...`, and what the receiver got at `GET http://127.0.0.1:8098/requests`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

import uvloop

from tests.simulators.receiver import Receiver
from tests.simulators.receiver.control import Control
from tests.simulators.telegram import TelegramSimulator


async def serve(given: argparse.Namespace) -> None:
    """Run until interrupted."""
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with (
        TelegramSimulator(port=given.telegram_port, open_door=True, allow_http=True) as telegram,
        Receiver(port=given.receiver_port) as receiver,
        Control(receiver, port=given.control_port) as control,
    ):
        ann = telegram.add_person("Ann", user_id=5_000_001)
        print(f"Telegram          {telegram.base_url}  ({ann.first_name} is {ann.id}; any bot token works)")
        print(f"webhook receiver  {receiver.url('/webhook')}")
        print(f"what it received  http://127.0.0.1:{control.port}/requests")
        print(f"run the gateway   TELEGRAM_API_BASE={telegram.base_url} EGRESS_ALLOW=127.0.0.0/8 make run", flush=True)
        await end.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description="A Telegram and a receiver.")
    parser.add_argument("--telegram-port", type=int, default=8081)
    parser.add_argument("--receiver-port", type=int, default=8099)
    parser.add_argument("--control-port", type=int, default=8098)
    try:
        uvloop.run(serve(parser.parse_args()))
    except OSError as error:
        parser.exit(1, f"{error.strerror or error}\n")


if __name__ == "__main__":
    main()
