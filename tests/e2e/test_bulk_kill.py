"""kill -9 in the middle of a bulk: once it was taken up again and is over, nobody got two messages or none."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import httpx
import pytest

from tests.e2e.shop import Until, answer
from tests.process import GatewayProcess, gateway_process
from tests.simulators.telegram import Bot, Fault, TelegramSimulator, User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PEOPLE = 40
KILLS = 3
AT_A_TIME = 8
"""How many more are to be told before the next kill."""


@dataclass
class Mailing:
    """A bulk to people who write down what they are told, and the gateway that sends it, dead or alive."""

    gateway: GatewayProcess
    api: httpx.AsyncClient
    telegram: TelegramSimulator
    bot: Bot
    people: list[User]
    until: Until
    instance_id: str = ""
    path: str = ""

    def told(self) -> list[int]:
        """How many messages each of the people has got."""
        return [len(self.telegram.texts(self.bot, each)) for each in self.people]

    async def kill(self, while_dead: Callable[[], Awaitable[object]] | None = None) -> None:
        """Kill the gateway when some more were told; with a message on its way. Start it again."""
        so_far = sum(self.told())
        self.telegram.fault(Fault(method="sendMessage", delay=0.05, times=PEOPLE))
        await self.until(lambda: sum(self.told()) >= so_far + AT_A_TIME)
        await self.gateway.kill()
        self.telegram.world.faults.clear()
        if while_dead is not None:
            await while_dead()
        await self.gateway.start()
        await self.until(self.connected)

    async def connected(self) -> bool:
        """Whether the bot is."""
        shown = await answer(self.api.get(f"/api/instances/{self.instance_id}"))
        return bool(shown["status"] == "connected")

    async def over(self) -> dict[str, Any]:
        """The bulk, when it is."""
        shown: dict[str, Any] = {}

        async def is_over() -> bool:
            shown.update(await answer(self.api.get(self.path)))
            return bool(shown["status"] == "completed")

        await self.until(is_over)
        return shown


@asynccontextmanager
async def mailing(folder: Path, database_url: str, telegram: TelegramSimulator, until: Until) -> AsyncIterator[Mailing]:
    bot = telegram.add_bot(name="mailing")
    people = [telegram.add_person(f"Person {number}") for number in range(PEOPLE)]
    for each in people:
        telegram.people.opens(each, bot)
    async with (
        gateway_process(folder, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        gateway.client() as api,
    ):
        body: dict[str, Any] = {"name": "mailing", "provider": "telegram", "token": bot.token}
        made = await answer(api.post("/api/instances", json=body), 201)
        api.headers["x-instance-id"] = made["id"]
        post = Mailing(gateway, api, telegram, bot, people, until, instance_id=made["id"])
        await until(post.connected)
        body = {
            "recipients": [{"to": str(each.id), "name": each.first_name} for each in people],
            "message": "Dear {name}",
            "delayBetweenMessages": 20,
        }
        post.path = (await answer(api.post("/api/v1/telegram/send-bulk?async=1", json=body), 202))["status_url"]
        yield post


async def test_a_bulk_that_was_killed_again_and_again_reaches_everybody_once(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    async with mailing(tmp_path, database_url, telegram, until) as post:
        for _ in range(KILLS):
            await post.kill()
        done = await post.over()
    told, results = post.told(), done["results"]
    assert [each["recipient"] for each in results] == [str(each.id) for each in post.people]
    assert max(told) == 1
    for times, result in zip(told, results, strict=True):
        # Of one that was on its way at a kill it is said that nobody knows; of all others it is known and true.
        assert result["status"] in {"sent", "unknown"}, result
        assert times == 1 or result["status"] == "unknown", result
    unknown = [each for each in results if each["status"] == "unknown"]
    assert len(unknown) <= KILLS
    assert done["successCount"] + done["failureCount"] == PEOPLE
    assert done["failureCount"] == len(unknown)


async def test_a_gateway_that_forgets_whom_it_told_is_found_out(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    """The negative control: the same bulk and the same people, with a progress that does not outlive the process."""

    async def forget() -> None:
        await _run(database_url, "UPDATE bulk_sends SET state = 'waiting'")

    async with mailing(tmp_path, database_url, telegram, until) as post:
        await post.kill(while_dead=forget)
        await post.over()
    assert sum(times > 1 for times in post.told()) >= AT_A_TIME


async def test_a_gateway_that_takes_what_was_on_its_way_for_sent_is_found_out(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    """The other one: whoever had not got it yet is left out, and a wrong "sent" shows."""

    async def believe() -> None:
        await _run(database_url, "UPDATE bulk_sends SET state = 'sent' WHERE place >= 30")

    async with mailing(tmp_path, database_url, telegram, until) as post:
        await post.kill(while_dead=believe)
        done = await post.over()
    assert done["successCount"] >= PEOPLE - 1
    assert post.told()[30:] == [0] * (PEOPLE - 30)


async def _run(database_url: str, statement: str) -> None:
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)
        return
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
