"""A request for a QR code waits while one may come, and no longer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tests.clock import ManualClock
from tests.running import running_gateway
from tests.simulators.telegram import Fault, TelegramSimulator


async def test_while_a_session_opens_the_wait_ends_after_ten_seconds_and_blocks_nobody(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator
) -> None:
    telegram.fault(Fault(delay=60.0, times=100))
    clock = ManualClock(datetime.now(UTC))
    bot = telegram.add_bot()
    async with (
        running_gateway(tmp_path, sqlite_url, clock=clock, TELEGRAM_API_BASE=telegram.base_url) as running,
        running.client() as client,
    ):
        made = await client.post("/api/instances", json={"name": "a", "provider": "telegram", "token": bot.token})
        path = f"/api/instances/{made.json()['id']}"
        began = clock.monotonic()
        asked = asyncio.create_task(client.get(f"{path}/qr"))
        while not asked.done():
            assert (await client.get(f"{path}/status")).json()["status"] == "connecting"
            await clock.advance(seconds=0.2)
        answer = await asked
        assert answer.status_code == 202
        assert answer.json() == {
            "message": "QR code generation in progress. Please try again in a few seconds.",
            "status": "generating",
        }
        assert clock.monotonic() - began >= 10
        await client.delete(path)
