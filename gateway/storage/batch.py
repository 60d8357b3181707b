"""Reading a large result piece by piece, the safe stand-in for Piccolo's two `AsyncBatch` classes.

Stock, a batch opens a connection outside the pool, does not see its own transaction, passes its arguments wrongly
to SQLite, and its `__aexit__` swallows every exception of the caller's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

from piccolo.engine.base import BaseBatch
from piccolo.query.base import Query

from gateway.storage.transaction import FetchMany, Row

OpenCursor = Callable[[str, Sequence[Any]], AbstractAsyncContextManager[FetchMany]]


class Batch(BaseBatch):
    """`async with await query.batch(batch_size=500) as batch: async for rows in batch: ...`"""

    def __init__(self, query: Query[Any, Any], engine_type: str, size: int, open_cursor: OpenCursor) -> None:
        self._query = query
        self._size = size
        sql, args = query.querystrings[0].compile_string(engine_type=engine_type)
        self._cursor = open_cursor(sql, args)
        self._fetch: FetchMany | None = None

    async def __aenter__(self) -> Batch:
        self._fetch = await self._cursor.__aenter__()
        return self

    async def next(self) -> list[Row]:
        """The next rows, at most the batch size; empty at the end."""
        if self._fetch is None:
            raise RuntimeError("Enter the batch with `async with` before reading from it.")
        rows: list[Row] = await self._query._process_results(  # noqa: SLF001  # as Piccolo's own batches do
            await self._fetch(self._size)
        )
        return rows

    def __aiter__(self) -> Batch:
        return self

    async def __anext__(self) -> list[Row]:
        rows = await self.next()
        if not rows:
            raise StopAsyncIteration
        return rows

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._cursor.__aexit__(kind, error, trace)
