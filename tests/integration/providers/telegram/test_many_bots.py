"""Hundreds of bots in one process: nobody waits for anybody, and nobody gets another's messages."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from gateway.domain.ids import Address
from gateway.domain.messages import OutgoingMessage, Text
from gateway.providers.telegram import TelegramProvider
from gateway.settings import Settings
from tests.seam import Seam, living
from tests.simulators.telegram import TelegramSimulator

BOTS = 300


async def test_three_hundred_bots_poll_at_once_and_each_hears_its_own(telegram: TelegramSimulator) -> None:
    provider = TelegramProvider(Settings(telegram_api_base=telegram.base_url), poll_seconds=30)
    ann = telegram.add_person("Ann")
    bots = [telegram.add_bot() for _ in range(BOTS)]
    seams = [Seam(instance_id=f"i{number}") for number in range(BOTS)]
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        lives = [
            await stack.enter_async_context(living(provider, seam.context(provider.check({"token": bot.token}))))
            for bot, seam in zip(bots, seams, strict=True)
        ]
        for seam in seams:
            await seam.until_connected()
        await seams[0].until(lambda: all(bot.updates.polling for bot in bots))
        for number, bot in enumerate(bots):
            telegram.people.sends_text(ann, bot, f"for {number}")
        await seams[0].until(lambda: all(seam.bodies for seam in seams))
        await seams[0].until(lambda: all(bot.updates.polling for bot in bots))
        # Sending does not wait for a free connection, though every bot holds one.
        await asyncio.gather(
            *(
                life.session.send(OutgoingMessage(to=Address(str(ann.id)), content=Text(text=f"from {number}")))
                for number, life in enumerate(lives)
            )
        )
        await asyncio.gather(*(life.stop() for life in lives))
    assert [seam.bodies for seam in seams] == [[f"for {number}"] for number in range(BOTS)]
    assert [telegram.texts(bot, ann) for bot in bots] == [[f"from {number}"] for number in range(BOTS)]
    await provider.aclose()
    await seams[0].until(lambda: not {task for task in asyncio.all_tasks() - before if "simulators" not in repr(task)})
