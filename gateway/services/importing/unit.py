"""An import is one transaction over everything: kept, or for a rehearsal undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.domain.errors import Conflict
from gateway.storage.storage import Storage


class _OnlyRehearsed(Exception):  # not a refusal: it undoes the transaction and is caught below
    pass


async def require_an_administrator(storage: Storage) -> None:
    """Raises Conflict while nobody administers this gateway: whoever is imported first must not become the one."""
    if not await storage.users.any():
        raise Conflict("Start the gateway once before: its first start makes the administrator.", code="no_users")


def _undo_if(rehearse: bool) -> None:
    if rehearse:
        raise _OnlyRehearsed


@asynccontextmanager
async def all_or_nothing(storage: Storage, *, rehearse: bool) -> AsyncIterator[None]:
    """The transaction of one import. With `rehearse` everything in it is done and undone."""
    try:
        async with storage.transaction():
            yield
            _undo_if(rehearse)
    except _OnlyRehearsed:
        pass  # it was meant to be undone
