"""Throw-away tables of the engine tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from piccolo.columns import Integer, Serial, Varchar
from piccolo.table import Table

from gateway.storage.engine import Engine, bind


class Counter(Table, tablename="test_counter"):
    name = Varchar(length=40, primary_key=True)
    value = Integer(default=0)


class Note(Table, tablename="test_note"):
    id: Serial
    text = Varchar(length=200, unique=True)
    author = Varchar(length=40, null=True, default=None)


async def create(engine: Engine) -> None:
    bind(engine, [Counter, Note])
    await Counter.create_table()
    await Note.create_table()
    await Counter(name="hits").save()


async def texts() -> list[str]:
    rows = await Note.select(Note.text).order_by(Note.text)
    return [row["text"] for row in rows]


async def hits() -> int:
    row = await Counter.select(Counter.value).where(Counter.name == "hits").first()
    assert row is not None
    value: int = row["value"]
    return value


async def hit(engine: Engine) -> None:
    """Read, then write: what loses updates, or locks, when transactions are wrong."""
    async with engine.transaction():
        query = Counter.select(Counter.value).where(Counter.name == "hits")
        if engine.kind == "postgres":
            query = query.lock_rows("UPDATE")
        value = (await query)[0]["value"]
        await Counter.update({Counter.value: value + 1}).where(Counter.name == "hits")


async def eventually(done: Callable[[], Awaitable[bool]], *, within: float = 30.0) -> None:
    """Return when `done()` says so; fail the test when it never does."""
    async with asyncio.timeout(within):
        while not await done():  # noqa: ASYNC110  # the database sends no event for it
            await asyncio.sleep(0.01)
