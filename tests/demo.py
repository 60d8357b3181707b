"""`make demo`: what the gateway does, told in about a minute, without any account.

A simulated Telegram and WhatsApp, a simulated customer's server and a real gateway process in a temporary folder. Every
promise is checked while it is told; the exit status is 0 when all were kept. `--fast`, or an output that is no
terminal, leaves the pauses for reading out.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.narrator import Caller, Narrator, PromiseBroken
from tests.process import NO_TLS, GatewayProcess
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator
from tests.simulators.whatsapp.remote import environment, whatsapp_process
from tests.story import HOOK, PATIENCE, PEOPLE, SECRET, STORY, Scene


async def play(tell: Narrator, folder: Path, *, secret_at_receiver: str = SECRET) -> None:
    """Start everybody, tell the story, send everybody home. Raises PromiseBroken at the first broken promise."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramSimulator())
        receiver = await stack.enter_async_context(Receiver())
        receiver.trust(HOOK, secret_at_receiver)
        whatsapp = await stack.enter_async_context(whatsapp_process())
        gateway = GatewayProcess(
            folder,
            f"sqlite:///{folder / 'gateway.db'}",
            TELEGRAM_API_BASE=telegram.base_url,
            **environment(whatsapp),
        )
        stack.push_async_callback(_stop, gateway)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=gateway.base_url, timeout=PATIENCE, trust_env=False, verify=NO_TLS)
        )
        await tell.say(
            f"A simulated Telegram listens on {telegram.base_url}, a simulated WhatsApp behind {whatsapp.proxy_url}, "
            f"your imaginary server on {receiver.url(HOOK)}, "
            f"and `python -m gateway serve`, the real thing, is being started on {gateway.base_url}."
        )
        try:
            await gateway.start()
            scene = Scene(
                tell=tell,
                api=Caller(tell, http),
                gateway=gateway,
                telegram=telegram,
                whatsapp=whatsapp,
                receiver=receiver,
                bot=telegram.add_bot(name="Support"),
                people=tuple(telegram.add_person(name) for name in PEOPLE),
            )
            for chapter in STORY:
                await chapter(scene)
        except (AssertionError, httpx.HTTPError, OSError, LookupError, TypeError) as problem:
            last = "\n".join(gateway.log().splitlines()[-15:])
            sentence = f"{type(problem).__name__}: {problem}\n\nThe last lines of the gateway's log:\n{last}"
            raise PromiseBroken(sentence) from problem


async def _stop(gateway: GatewayProcess) -> None:
    if gateway.process is not None:
        await gateway.stop()


async def run(pace: float, secret_at_receiver: str) -> int:
    """Play it in a folder that is gone afterwards; returns the exit status."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    tell = Narrator(pace)
    broken = None
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        try:
            await play(tell, Path(folder), secret_at_receiver=secret_at_receiver)
        except PromiseBroken as problem:
            broken = problem
    await tell.chapter("That was it")
    if broken is not None:
        print(f"{len(tell.kept)} promises kept, then one was broken.\n{broken}", file=sys.stderr)
        return 1
    await tell.say(
        f"{len(tell.kept)} promises, all kept. Nothing of this is left on your disk. `make run` starts a gateway of "
        "your own; the README shows its first steps with curl."
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="See the gateway work, in a minute.")
    parser.add_argument("--fast", action="store_true", help="no pauses for reading")
    parser.add_argument("--wrong-secret", action="store_true", help="see what a broken promise looks like")
    given = parser.parse_args()
    pace = 0.0 if given.fast or not sys.stdout.isatty() else 1.0
    try:
        return asyncio.run(run(pace, "another secret" if given.wrong_secret else SECRET))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
