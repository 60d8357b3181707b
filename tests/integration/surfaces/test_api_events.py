"""The event log over HTTP: pages in order, a cursor that skips and repeats nothing, and the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from gateway.services.event_log import MOST_FOLLOWERS
from tests.clock import ManualClock
from tests.conftest import Until
from tests.e2e.shop import Shop, add_bot, answer
from tests.running import running_gateway
from tests.served import SHARED
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

TOLD = {"types": "message_received"}


@dataclass
class Stream:
    """What came on one connection, and whether it has ended."""

    events: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    comments: int = 0
    ended: bool = False

    @property
    def bodies(self) -> list[str]:
        return [each["data"]["body"] for each in self.events]

    async def read(self, response: httpx.Response) -> None:
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments += 1
            elif name == "id":
                self.ids.append(value)
            elif name == "data":
                self.events.append(json.loads(value))
        self.ended = True


@asynccontextmanager
async def following(shop: Shop, headers: dict[str, str] | None = None, **query: str) -> AsyncIterator[Stream]:
    """The stream of the shop's received messages, being read."""
    path = f"/api/instances/{shop.id}/events/stream"
    async with shop.api.stream("GET", path, params=TOLD | query, headers=headers or {}, timeout=60) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream()
        reading = asyncio.create_task(stream.read(response))
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def page(shop: Shop, **query: str | int) -> Any:
    return await answer(shop.api.get(f"/api/instances/{shop.id}/events", params={**TOLD, **query}))


@SHARED
async def test_pages_by_cursor_tell_everything_once_and_in_order_while_more_comes(shop: Shop, until: Until) -> None:
    cursor = (await page(shop))["nextCursor"]
    texts = [f"text {number}" for number in range(25)]
    heard: list[str] = []

    async def poll() -> bool:
        nonlocal cursor
        shown = await page(shop, after=cursor, limit=4)
        assert shown["count"] == len(shown["events"]) <= 4
        heard.extend(each["data"]["body"] for each in shown["events"])
        cursor = shown["nextCursor"]
        return len(heard) >= len(texts)

    for text in texts:
        shop.writes(text)
        await poll()
    await until(poll)
    assert heard == texts
    assert (await page(shop, after=cursor))["events"] == []

    oldest = await page(shop, order="asc", limit=3)
    assert [each["data"]["body"] for each in oldest["events"]] == texts[:3]
    assert oldest["hasMore"] is True
    newest = await page(shop, limit=3)
    assert [each["data"]["body"] for each in newest["events"]] == texts[:-4:-1]
    for wrong in ("yesterday", "-1", "1.5", "9" * 30):
        refused = await shop.api.get(f"/api/instances/{shop.id}/events", params={"after": wrong})
        assert (refused.status_code, refused.json()["field"]) == (400, "after")


@SHARED
async def test_a_stream_tells_at_once_and_goes_on_where_it_was_cut(shop: Shop, until: Until) -> None:
    async with following(shop) as stream:
        shop.writes("one")
        await until(lambda: stream.bodies == ["one"])
        shop.writes("two")
        await until(lambda: stream.bodies == ["one", "two"])
        assert stream.events[0]["type"] == "message_received"
        assert [each["cursor"] for each in stream.events] == stream.ids
    for text in ("three", "four"):
        shop.writes(text)
    async with following(shop, {"Last-Event-ID": stream.ids[0]}) as again:
        await until(lambda: again.bodies == ["two", "three", "four"])
        shop.writes("five")
        await until(lambda: again.bodies[-1] == "five")
    async with following(shop, after=stream.ids[-1]) as third:
        await until(lambda: third.bodies == ["three", "four", "five"])


async def test_a_stream_ends_with_the_gateway(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as running,
        running.client() as api,
    ):
        shop = await add_bot(api, telegram, receiver)
        await until(lambda: shop.is_in("connected"))
        async with following(shop) as stream:
            shop.writes("the last word")
            await until(lambda: stream.bodies == ["the last word"])
            running.gateway.services.event_log.close()
            await until(lambda: stream.ended)


async def test_a_quiet_stream_says_that_it_is_there_and_lets_go_after_a_while(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with (
        running_gateway(tmp_path, sqlite_url, clock=clock, TELEGRAM_API_BASE=telegram.base_url) as running,
        running.client() as api,
    ):
        shop = await add_bot(api, telegram, receiver)
        async with following(shop) as stream:

            async def ended() -> bool:
                await clock.advance(seconds=15)
                return stream.ended

            await until(ended)
            assert stream.comments >= 2


@SHARED
async def test_too_many_followers_are_asked_to_come_later(shop: Shop, until: Until) -> None:
    path = f"/api/instances/{shop.id}/events/stream"
    async with httpx.AsyncClient(
        base_url=shop.api.base_url, headers=shop.api.headers, timeout=60, limits=httpx.Limits(max_connections=None)
    ) as many:
        opened = [await many.send(many.build_request("GET", path), stream=True) for _ in range(MOST_FOLLOWERS)]

        async def refused() -> bool:
            async with shop.api.stream("GET", path) as response:
                return response.status_code == 429 and "Retry-After" in response.headers

        await until(refused)
        for each in opened:
            await each.aclose()

    async def let_in() -> bool:
        async with shop.api.stream("GET", path) as response:
            return response.status_code == 200

    await until(let_in)
