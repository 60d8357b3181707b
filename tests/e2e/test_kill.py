"""kill -9 in the middle of deliveries: nothing acknowledged is lost, and little is said twice."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import pytest

from tests.e2e.killing import busy_street
from tests.e2e.shop import Until, open_shop
from tests.process import gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

KILLS = int(os.environ.get("KILLS", "6"))
"""Each costs some three seconds; KILLS=20 and more is for the night before a release."""
AT_ONCE = 8
"""Deliveries in flight at once: what a kill may make the gateway say twice."""
SETTINGS = {"WEBHOOK_CONCURRENCY": str(AT_ONCE), "WEBHOOK_ENDPOINT_CONCURRENCY": str(AT_ONCE)}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Of the module, so that tests are ordered by it: two workers then get a database each, not two long tests each."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str) -> str:
    """A fresh database of this kind."""
    url: str = request.getfixturevalue(f"{database}_url")
    return url


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An endpoint that remembers every request of the whole run."""
    async with Receiver(keep=1_000_000) as simulator:
        yield simulator


async def test_no_acknowledged_event_is_lost_and_a_kill_repeats_no_more_than_was_in_flight(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    rng = random.Random(database_url.partition(":")[0])
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url, **SETTINGS) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
        busy_street(gateway, shop, until) as street,
    ):
        for kill in range(KILLS):
            await street.in_the_middle(rng, having_read=0 if kill % 2 else 120)
            await street.kill()
        await street.in_the_middle(rng)
        verdict = await street.evening()

    # A run that says little proves little: enough was acknowledged, and kills did hit deliveries in flight.
    assert len(street.lives) == KILLS
    assert verdict.read >= 60 * KILLS
    assert verdict.answered >= 10 * KILLS
    assert verdict.extras.total() >= KILLS

    assert verdict.lost == set()
    assert verdict.told_as_two == set()
    assert max(verdict.extras.values()) <= AT_ONCE
    assert verdict.without_a_kill == 0
    assert verdict.changed_bodies == 0
    assert street.unexpected == []
    assert receiver.stats.bad_signatures == 0


async def test_a_gateway_that_forgets_what_it_owes_is_found_out(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    """The negative control: the same street and the same book, with a loss made by hand."""
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url, **SETTINGS) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
        busy_street(gateway, shop, until) as street,
    ):
        await street.in_the_middle(random.Random(1))
        street.waiting_room = True
        enough = len(street.answered) + 3 * AT_ONCE
        await until(lambda: len(street.answered) >= enough)
        forgotten = 0

        async def forget() -> None:
            nonlocal forgotten
            forgotten = await forget_pending(database_url)
            street.waiting_room = False

        await street.kill(while_dead=forget)
        await street.in_the_middle(random.Random(2))
        verdict = await street.evening()
    assert forgotten > AT_ONCE
    assert len(verdict.lost) >= AT_ONCE


async def forget_pending(database_url: str) -> int:
    """What a gateway with its queue in memory does by dying: drop what it had not begun to deliver."""
    statement = "DELETE FROM deliveries WHERE state = 'pending'"
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file, file:
            return file.execute(statement).rowcount
    connection = await asyncpg.connect(database_url)
    try:
        return int((await connection.execute(statement)).split()[1])
    finally:
        await connection.close()
