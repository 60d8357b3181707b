"""A phone on the simulated WhatsApp of `make sim`, operated from a shell: `python -m tests.simulators.phone`.

    scan PHONE CODE          PHONE scans the QR code with this text, and the instance that shows it is linked
    type PHONE CODE          PHONE types a pairing code
    writes FROM TO TEXT      FROM writes to TO; prints the message's id
    sees PHONE               what PHONE has decrypted so far, one message a line

It asks the port in SIMULATED_WHATSAPP_CONTROL, which is in sim.env.
"""

from __future__ import annotations

import argparse
import asyncio
import os

from tests.simulators.__main__ import CONTROL
from tests.simulators.whatsapp.remote import OrderFailed, Ready, RemoteWhatsApp, connect


async def run(whatsapp: RemoteWhatsApp, given: argparse.Namespace) -> None:
    match given.deed:
        case "scan":
            await whatsapp.scan(given.code, given.phone)
        case "type":
            await whatsapp.enter_code(given.phone, given.code)
        case "writes":
            print(await whatsapp.write_text(given.sender, given.to, given.text))
        case "sees":
            for each in await whatsapp.seen(given.phone):
                print(f"{each.sender}: {each.text}")


async def operate(given: argparse.Namespace) -> None:
    whatsapp = await connect(Ready(control=int(os.environ[CONTROL]), proxy="", environment={}))
    try:
        await run(whatsapp, given)
    finally:
        await whatsapp.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.phone", description="A simulated phone.")
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="DEED")
    for deed in ("scan", "type"):
        one = deeds.add_parser(deed)
        one.add_argument("phone")
        one.add_argument("code")
    writes = deeds.add_parser("writes")
    writes.add_argument("sender", metavar="FROM")
    writes.add_argument("to", metavar="TO")
    writes.add_argument("text")
    deeds.add_parser("sees").add_argument("phone")
    if CONTROL not in os.environ:
        parser.error(f"{CONTROL} is not set; read sim.env first: set -a; . ./sim.env; set +a")
    try:
        asyncio.run(operate(parser.parse_args()))
    except OrderFailed as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
