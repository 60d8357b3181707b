"""What a promise costs: `inbox.accept` returns when message, event, numbers, usage and delivery are on disk.

Bare inserts the very rows that ours left behind, through the same engine, as many events in a transaction as there are
producers: nothing is looked up, numbered, rendered, counted or added to.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from gateway.kit.clock import SystemClock
from gateway.runtime import opened_storage
from gateway.services.inbox import Inbox
from gateway.storage.rows import insert_rows
from gateway.storage.storage import Storage
from tests.benchmarks.figure import AtLeast, Figure
from tests.benchmarks.place import Place
from tests.benchmarks.shop import a_message, furnish, settings_for

MANY = 50
ONE_EACH = ("messages", "events", "deliveries")
SHARED = ("sequences", "contacts", "chats", "usage_days")
Rows = dict[str, list[dict[str, Any]]]


async def measure(place: Place) -> list[Figure]:
    """Events a second, with one producer and with fifty."""
    figures: list[Figure] = []
    for producers in (1, MANY):
        ours, rows = await _ours(place, producers, seconds=1 if place.quick else 4)
        figures.append(
            Figure(
                name=f"inbox.accept, {producers} producer{'s' * (producers > 1)}",
                database=place.kind,
                unit="events/s",
                ours=ours,
                bare=await _bare(place, rows, together=producers),
                expected=AtLeast(2000) if producers == MANY else None,
            )
        )
    return figures


async def _ours(place: Place, producers: int, *, seconds: float) -> tuple[float, Rows]:
    async with place.database() as database:
        settings = settings_for(place.folder(), database)
        await furnish(settings, url="http://127.0.0.1:9/hook")
        async with opened_storage(settings) as storage:
            inbox = Inbox(storage, SystemClock(), lambda _, __: None)
            inbox.open()
            numbers = iter(range(100_000_000))
            for _ in range(50):
                await inbox.accept(a_message(next(numbers)))
            accepted = 0
            began = perf_counter()

            async def produce() -> None:
                nonlocal accepted
                while perf_counter() - began < seconds:
                    assert await inbox.accept(a_message(next(numbers))) is not None
                    accepted += 1

            await asyncio.gather(*(produce() for _ in range(producers)))
            rate = accepted / (perf_counter() - began)
            await inbox.aclose()
            return rate, {table: await _rows_of(storage, table) for table in (*ONE_EACH, *SHARED)}


async def _rows_of(storage: Storage, table: str) -> list[dict[str, Any]]:
    rows = await storage.engine.execute(f"SELECT * FROM {table}", ())
    if table == "deliveries":  # the database numbers them
        return [{name: value for name, value in row.items() if name != "id"} for row in rows]
    return list(rows)


async def _bare(place: Place, rows: Rows, *, together: int) -> float:
    async with place.database() as database:
        settings = settings_for(place.folder(), database)
        await furnish(settings, url="http://127.0.0.1:9/hook")
        async with opened_storage(settings) as storage:
            await _insert(storage, rows, SHARED, slice(None))
            events = len(rows["events"])
            began = perf_counter()
            for start in range(0, events, together):
                await _insert(storage, rows, ONE_EACH, slice(start, start + together))
            return events / (perf_counter() - began)


async def _insert(storage: Storage, rows: Rows, tables: tuple[str, ...], part: slice) -> None:
    async with storage.transaction():
        for table in tables:
            chosen = rows[table][part]
            columns = tuple(chosen[0])
            await insert_rows(storage.engine, table, columns, [tuple(row.values()) for row in chosen])
