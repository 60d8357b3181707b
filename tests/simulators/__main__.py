"""`make sim`: a Telegram, a WhatsApp and a webhook receiver to try a gateway with, without any account.

    make sim                                    # one terminal; it writes what a gateway has to know into sim.env
    set -a; . ./sim.env; set +a; make run       # another

Any bot token works. People speak through `POST http://127.0.0.1:8081/_ctl/people/sends_text`, what the bot said is at
`GET http://127.0.0.1:8081/_ctl/sent?bot=...`, and what the receiver got at `GET http://127.0.0.1:8098/requests`.
Phones on the simulated WhatsApp are operated by `python -m tests.simulators.phone`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path

import uvloop

from tests.simulators.receiver import Receiver
from tests.simulators.receiver.control import Control
from tests.simulators.telegram import TelegramSimulator
from tests.simulators.whatsapp.control import Control as WhatsAppControl
from tests.simulators.whatsapp.server import WhatsAppSimulator

CONTROL = "SIMULATED_WHATSAPP_CONTROL"
"""The variable that tells `tests.simulators.phone` where the simulated WhatsApp takes orders."""


async def serve(given: argparse.Namespace) -> None:
    """Run until interrupted."""
    logging.getLogger().setLevel(logging.WARNING)  # neonize, whose protobufs the simulator speaks, turned it up
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with (
        TelegramSimulator(port=given.telegram_port, open_door=True, allow_http=True) as telegram,
        Receiver(port=given.receiver_port) as receiver,
        Control(receiver, port=given.control_port) as control,
        WhatsAppSimulator(port=given.whatsapp_port, open_door=True) as whatsapp,
    ):
        orders = WhatsAppControl(whatsapp)
        await orders.start(0)
        ann = telegram.add_person("Ann", user_id=5_000_001)
        environment = {
            "TELEGRAM_API_BASE": telegram.base_url,
            "EGRESS_ALLOW": "127.0.0.0/8",
            CONTROL: str(orders.port),
            **whatsapp.environment(),
        }
        _write(given.env_file, environment)
        print(f"Telegram          {telegram.base_url}  ({ann.first_name} is {ann.id}; any bot token works)")
        print(f"WhatsApp          behind {whatsapp.proxy_url}  (every number is on it)")
        print(f"webhook receiver  {receiver.url('/webhook')}")
        print(f"what it received  http://127.0.0.1:{control.port}/requests")
        print(f"run the gateway   set -a; . ./{given.env_file}; set +a; make run", flush=True)
        try:
            await end.wait()
        finally:
            await orders.stop()
            given.env_file.unlink(missing_ok=True)


def _write(path: Path, environment: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description="Networks and a receiver to try.")
    parser.add_argument("--telegram-port", type=int, default=8081)
    parser.add_argument("--whatsapp-port", type=int, default=8082)
    parser.add_argument("--receiver-port", type=int, default=8099)
    parser.add_argument("--control-port", type=int, default=8098)
    parser.add_argument("--env-file", type=Path, default=Path("sim.env"), help="what a gateway has to know")
    try:
        uvloop.run(serve(parser.parse_args()))
    except OSError as error:
        parser.exit(1, f"{error.strerror or error}\n")


if __name__ == "__main__":
    main()
