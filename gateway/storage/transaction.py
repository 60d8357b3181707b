"""One transaction for both engines: cancel-safe, nestable, and impossible to use by accident after its end.

How it differs from Piccolo's own classes, each difference measured on the stock engines:

- A task cancelled inside BEGIN or COMMIT gives its connection back (stock: leaked for ever).
- A nested `transaction()` is a savepoint: its failure undoes the inner part and nothing else (stock: a no-op, so
  a failed and caught inner part was committed).
- A statement that failed, or was cancelled, dooms its transaction on both engines, as PostgreSQL has it:
  what may fail goes into a nested transaction. So a mistake shows on SQLite already, not first in production.
- The transaction rides on a context variable, hence a child task JOINS its parent's transaction. That is
  allowed while it lasts (`gather` works; statements take turns); a child that outlives it gets a `RuntimeError`
  instead of writing into somebody else's. Start background work with `context=contextvars.Context()`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Literal, Protocol

from piccolo.engine.base import BaseTransaction
from piccolo.engine.exceptions import TransactionError

from gateway.storage.errors import mapped
from gateway.storage.finish import finish

Row = dict[str, Any]
FetchMany = Callable[[int], Awaitable[Sequence[Any]]]


class Lease(Protocol):
    """A connection lent to one transaction. Driver errors come out raw; the transaction maps them."""

    async def begin(self, *, durable: bool = True) -> None: ...
    async def fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Any]: ...

    async def write(self, sql: str, args: Sequence[Any]) -> None:
        """Run a statement whose answer nobody needs, at the latest before the commit; a failure may show later."""

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None: ...
    def cursor(self, sql: str, args: Sequence[Any]) -> AbstractAsyncContextManager[FetchMany]: ...
    async def commit(self) -> None: ...

    async def rollback(self) -> None:
        """Undo everything; when even that fails, throw the connection away. Never raises."""

    async def release(self) -> None:
        """Give the connection back. Never raises."""


Current = ContextVar["Transaction | None"]


class Transaction(BaseTransaction):
    """All or nothing: `async with engine.transaction(): ...`; commits at the end, rolls back on any exception.

    Raises `StorageUnavailable` when no connection is free in time or the database is away, with code
    `outcome_unknown` when it went away during the commit itself.

    With `durable=False` the commit does not wait for the disk: it outlives this process whatever ends it, but a power
    cut may take the last ones back, all of each or nothing. Nested, the outermost one decides.
    """

    def __init__(
        self,
        current: Current,
        borrow: Callable[[], Awaitable[Lease]],
        *,
        allow_nested: bool = True,
        durable: bool = True,
    ) -> None:
        self._current = current
        self._borrow = borrow
        self._allow_nested = allow_nested
        self._durable = durable
        self._parent: Transaction | None = None
        self._lease: Lease | None = None
        self._turn = asyncio.Lock()
        self._savepoint = "outermost"
        self._has_inner = False
        self._doomed = False
        self._ended = False

    async def __aenter__(self) -> Transaction:
        parent = self._current.get()
        if parent is not None:
            await self._join(parent)
        else:
            self._lease = await self._begin()
        self._current.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        try:
            if self._parent is None:
                await finish(self._end(keep=error is None))
            else:
                await finish(self._leave(self._parent, keep=error is None))
        finally:
            # set, not reset(token): a fixture may enter and leave in different contexts
            self._current.set(self._parent)
        return False

    @property
    def connection(self) -> Lease:
        """The lent connection; Piccolo looks for it under this name."""
        if self._lease is None or self._ended:
            raise RuntimeError(
                "This task inherited a transaction that has ended. "
                "Start background tasks with context=contextvars.Context()."
            )
        if self._doomed:
            raise RuntimeError(
                "A statement of this transaction failed before; nothing of it can be kept. "
                "Put what may fail into a nested transaction()."
            )
        return self._lease

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Any]:
        """Run one statement inside this transaction and return its rows."""
        async with self._statement() as lease:
            return await lease.fetch(sql, args)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> None:
        """The same for a statement without an answer; its failure may show at a later statement or at the commit."""
        async with self._statement() as lease:
            await lease.write(sql, args)

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        async with self._statement() as lease:
            await lease.run_many(sql, rows)

    @asynccontextmanager
    async def cursor(self, sql: str, args: Sequence[Any]) -> AsyncIterator[FetchMany]:
        """An open result inside this transaction; other statements may run between two reads of it."""
        async with self._statement() as lease:
            opened = lease.cursor(sql, args)
            fetch_many = await opened.__aenter__()

        async def fetch_in_turn(count: int) -> Sequence[Any]:
            async with self._statement():
                return await fetch_many(count)

        try:
            yield fetch_in_turn
        finally:
            await opened.__aexit__(None, None, None)

    @asynccontextmanager
    async def _statement(self) -> AsyncIterator[Lease]:
        """One statement's turn on the connection. Failing, or being cancelled under way, dooms the transaction."""
        async with self._turn:
            lease = self.connection
            try:
                with mapped:
                    yield lease
            except BaseException:
                self._doomed = True
                raise

    # -- outermost -----------------------------------------------------------------------------------------------

    async def _begin(self) -> Lease:
        with mapped:
            lease = await self._borrow()
            try:
                await lease.begin(durable=self._durable)
            except BaseException:
                await finish(_undo(lease))
                raise
        return lease

    async def _end(self, *, keep: bool) -> None:
        """Commit or roll back, and always give the connection back; runs shielded."""
        lease = self._lease
        assert lease is not None  # entered: __aexit__ never runs otherwise
        async with self._turn:  # a child's statement that is under way belongs to us still
            self._ended = True
            if not keep or self._doomed:
                await _undo(lease)
            else:
                try:
                    with mapped:
                        await lease.commit()
                except BaseException:
                    await _undo(lease)
                    raise
                await lease.release()
        self._complain_if_doomed(keep)

    # -- nested --------------------------------------------------------------------------------------------------

    async def _join(self, parent: Transaction) -> None:
        if not self._allow_nested:
            raise TransactionError("A transaction is already active.")
        if parent._has_inner:
            raise RuntimeError(
                "Two nested transactions of one transaction at the same time: their savepoints would undo each other. "
                "Run them one after the other."
            )
        self._parent = parent
        self._turn = parent._turn
        self._savepoint = f"{parent._savepoint}_inner"
        self._lease = parent.connection
        parent._has_inner = True
        try:
            await parent.fetch(f"SAVEPOINT {self._savepoint}")
        except BaseException:
            parent._has_inner = False
            raise

    async def _leave(self, parent: Transaction, *, keep: bool) -> None:
        lease = self._lease
        assert lease is not None  # entered: __aexit__ never runs otherwise
        async with self._turn:
            self._ended = True
            parent._has_inner = False
            try:
                with mapped:
                    if not keep or self._doomed:
                        await lease.fetch(f"ROLLBACK TO SAVEPOINT {self._savepoint}", ())
                    await lease.fetch(f"RELEASE SAVEPOINT {self._savepoint}", ())
            except BaseException:
                parent._doomed = True  # what the savepoint guarded is in doubt, so nothing may be committed
                if keep:
                    raise
        self._complain_if_doomed(keep)

    def _complain_if_doomed(self, keep: bool) -> None:
        if keep and self._doomed:
            raise RuntimeError(
                "A statement of this transaction failed and the failure was swallowed; everything was rolled back. "
                "Put what may fail into a nested transaction()."
            )


async def _undo(lease: Lease) -> None:
    try:
        await lease.rollback()
    finally:
        await lease.release()
