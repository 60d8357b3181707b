"""The door that is closed while the database is being switched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.domain.errors import Unavailable

HOLD_SECONDS = 20.0
"""How long who would change something is held at a closed door before being asked to come again."""


class Door:
    """For whoever is about to change something: better held, or sent away, here than in the middle of it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @property
    def closed(self) -> bool:
        """Whether a switch is under way."""
        return self._lock.locked()

    @asynccontextmanager
    async def closing(self) -> AsyncIterator[None]:
        """Closed for the time inside; one at a time."""
        async with self._lock:
            yield

    async def passed(self) -> None:
        """Return when it is open. Raises Unavailable (code `database_switching`) when that takes long."""
        if not self._lock.locked():
            return
        try:
            async with asyncio.timeout(HOLD_SECONDS), self._lock:
                return
        except TimeoutError:
            raise Unavailable(
                "The gateway is moving to another database; nothing was changed. Try again shortly.",
                code="database_switching",
                retry_after=5.0,
            ) from None
