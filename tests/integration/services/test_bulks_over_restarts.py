"""What a bulk was in the middle of when its process ended: taken up again, told from the record, or said to be unknown.

The end of a process between two steps is played by its rows; `tests/e2e/test_bulk_kill.py` kills real ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.services.bulk_runner import INTERRUPTED
from gateway.storage.tables import Bulks, BulkSends
from tests.conftest import Until
from tests.running import RunningGateway, running_gateway
from tests.simulators.telegram import Bot, TelegramSimulator, User

BULKS = "/api/v1/telegram/send-bulk"
FOREVER = 3_600_000


class Desk:
    """A bot on a database, whichever gateway runs on it."""

    def __init__(self, folder: Path, database_url: str, telegram: TelegramSimulator, until: Until) -> None:
        self.folder, self.database_url, self.telegram, self.until = folder, database_url, telegram, until
        self.bot: Bot = telegram.add_bot(name="desk")
        self.people: list[User] = [telegram.add_person(name) for name in ("Ann", "Bea", "Cleo")]
        for each in self.people:
            telegram.people.opens(each, self.bot)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RunningGateway]:
        """A gateway whose bot is connected."""
        async with running_gateway(self.folder, self.database_url, TELEGRAM_API_BASE=self.telegram.base_url) as running:
            await self._connected(running)
            yield running

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        """The same, and a client that comes with the bot's token."""
        async with self.running() as running, running.client(None, token=self.bot.token) as client:
            yield client

    async def _connected(self, running: RunningGateway) -> None:
        async with running.client() as admin:
            if not (await admin.get("/api/instances")).json()["instances"]:
                body = {"name": "desk", "provider": "telegram", "token": self.bot.token}
                assert (await admin.post("/api/instances", json=body)).status_code == 201

            async def connected() -> bool:
                (shown,) = (await admin.get("/api/instances")).json()["instances"]
                return bool(shown["status"] == "connected")

            await self.until(connected)

    async def begin(self, client: httpx.AsyncClient, **more: Any) -> str:
        recipients = [{"to": str(each.id)} for each in self.people]
        body = {"recipients": recipients, "message": "hello", "delayBetweenMessages": FOREVER, **more}
        begun = await client.post(f"{BULKS}?async=1", json=body)
        assert begun.status_code == 202, begun.text
        return str(begun.json()["bulk_id"])

    async def had_their_turn(self, client: httpx.AsyncClient, bulk_id: str, count: int) -> list[dict[str, Any]]:
        """The results, when there are so many."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = (await client.get(f"{BULKS}/{bulk_id}")).json()["results"]
            return len(found) >= count

        await self.until(there)
        return found

    async def until_it_is(self, client: httpx.AsyncClient, bulk_id: str, status: str) -> None:
        """Return when the bulk stands there."""

        async def is_there() -> bool:
            return bool((await client.get(f"{BULKS}/{bulk_id}")).json()["status"] == status)

        await self.until(is_there)

    def said(self) -> list[int]:
        """How often each was told something."""
        return [len(self.telegram.texts(self.bot, each)) for each in self.people]


@pytest.fixture
def desk(tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until) -> Desk:
    return Desk(tmp_path, database_url, telegram, until)


async def test_a_stopped_gateway_goes_on_with_the_next_recipient(desk: Desk) -> None:
    async with desk.open() as client:
        bulk_id = await desk.begin(client)
        await desk.had_their_turn(client, bulk_id, 1)
    assert desk.said() == [1, 0, 0]
    async with desk.open() as client:
        results = await desk.had_their_turn(client, bulk_id, 2)
    assert desk.said() == [1, 1, 0]
    async with desk.open() as client:
        results = await desk.had_their_turn(client, bulk_id, 3)
        assert [each["status"] for each in results] == ["sent"] * 3
        await desk.until_it_is(client, bulk_id, "completed")
    assert desk.said() == [1, 1, 1]


async def test_whoever_waits_as_it_stops_is_told_that_it_goes_on(desk: Desk) -> None:
    body = {"recipients": [{"to": str(each.id)} for each in desk.people], "message": "hello"}
    async with desk.running() as running:
        client = running.client(None, token=desk.bot.token)
        asked = client.post(BULKS, json=body | {"delayBetweenMessages": FOREVER})
        waiting = asyncio.create_task(asked)
        await desk.until(lambda: desk.said()[0])
    answer = await waiting
    await client.aclose()
    assert (answer.status_code, answer.json()["code"]) == (503, "BULK_GOES_ON")
    async with desk.open() as client:
        (kept,) = (await client.get(BULKS)).json()["data"]
        assert kept["bulk_id"] in answer.json()["error"]
        await desk.had_their_turn(client, kept["bulk_id"], 2)
    assert desk.said() == [1, 1, 0]


async def test_a_caller_who_hangs_up_stops_nothing(desk: Desk) -> None:
    body = {"recipients": [{"to": str(each.id)} for each in desk.people], "message": "hello"}
    async with desk.open() as client:
        asked = asyncio.create_task(client.post(BULKS, json=body | {"delayBetweenMessages": 500}))
        await desk.until(lambda: desk.said()[0])
        asked.cancel()
        await desk.until(lambda: desk.said() == [1, 1, 1])


async def test_one_that_left_and_is_on_record_counts_as_sent(desk: Desk) -> None:
    async with desk.open() as client:
        bulk_id = await desk.begin(client)
        (first,) = await desk.had_their_turn(client, bulk_id, 1)
        await _as_if_it_ended_while_sending(0)
    async with desk.open() as client:
        results = await desk.had_their_turn(client, bulk_id, 2)
    assert results[0]["status"] == "sent"
    assert results[0]["messageId"] == first["messageId"]
    assert desk.said() == [1, 1, 0]


async def test_one_that_is_not_on_record_is_unknown_and_not_repeated(desk: Desk) -> None:
    async with desk.open() as client:
        bulk_id = await desk.begin(client)
        await desk.had_their_turn(client, bulk_id, 1)
        await _as_if_it_ended_while_sending(1)
    async with desk.open() as client:
        results = await desk.had_their_turn(client, bulk_id, 3)
        whole = (await client.get(f"{BULKS}/{bulk_id}")).json()
    assert [(each["status"], each["success"]) for each in results] == [
        ("sent", True),
        ("unknown", False),
        ("sent", True),
    ]
    assert results[1]["error"] == INTERRUPTED
    assert (whole["success"], whole["successCount"], whole["failureCount"]) == (False, 2, 1)
    assert desk.said() == [1, 0, 1]


async def test_and_aborts_a_bulk_that_is_to_abort(desk: Desk) -> None:
    async with desk.open() as client:
        bulk_id = await desk.begin(client, failureStrategy="abort")
        await desk.had_their_turn(client, bulk_id, 1)
        await _as_if_it_ended_while_sending(1)
    async with desk.open() as client:
        await desk.had_their_turn(client, bulk_id, 2)
        whole = (await client.get(f"{BULKS}/{bulk_id}")).json()
    assert (whole["status"], whole["skippedCount"]) == ("aborted", 1)
    assert desk.said() == [1, 0, 0]


async def test_one_that_was_cancelled_while_sending_is_over_after_the_restart(desk: Desk) -> None:
    async with desk.open() as client:
        bulk_id = await desk.begin(client)
        await desk.had_their_turn(client, bulk_id, 1)
        assert (await client.delete(f"{BULKS}/{bulk_id}")).json()["status"] == "cancelled"
        await _as_if_it_ended_while_sending(1)
        await Bulks.update({Bulks.state: "cancelling", Bulks.finished_at: None}, force=True)
    async with desk.open() as client:
        await desk.until_it_is(client, bulk_id, "cancelled")
    assert desk.said() == [1, 0, 0]


async def test_without_the_record_of_who_had_their_turn_everybody_is_told_twice(desk: Desk) -> None:
    """The negative control: progress that is forgotten shows."""
    async with desk.open() as client:
        bulk_id = await desk.begin(client)
        await desk.had_their_turn(client, bulk_id, 1)
        await BulkSends.update({BulkSends.state: "waiting"}, force=True)
    async with desk.open() as client:
        await desk.had_their_turn(client, bulk_id, 1)
    assert desk.said()[0] == 2


async def test_the_same_key_is_the_same_bulk_over_a_restart(desk: Desk) -> None:
    key = {"Idempotency-Key": "spring"}
    body = {"recipients": [{"to": str(desk.people[0].id)}], "message": "hello"}
    async with desk.open() as client:
        first = (await client.post(BULKS, json=body, headers=key)).json()
    async with desk.open() as client:
        again = (await client.post(BULKS, json=body, headers=key)).json()
        other = await client.post(BULKS, json=body | {"message": "bye"}, headers=key)
    assert again == first
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_MISMATCH")
    assert desk.said() == [1, 0, 0]


async def _as_if_it_ended_while_sending(place: int) -> None:
    begun = await Bulks.select(Bulks.started_at).first()
    assert begun is not None
    await BulkSends.update(
        {
            BulkSends.state: "sending",
            BulkSends.message_id: None,
            BulkSends.attempts: 1,
            BulkSends.changed_at: begun["started_at"],
        }
    ).where(BulkSends.place == place)
