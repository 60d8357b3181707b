"""Whether a bot polls: switched while it lives, without losing what is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from gateway.kit.clock import Clock

T = TypeVar("T")


class Receiving:
    """The switch, and the one poll that is open."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self._changed = asyncio.Event()
        self._taking = asyncio.Lock()
        self._asking: asyncio.Task[Any] | None = None

    async def switch(self, *, on: bool) -> None:
        """Turn it. Off returns when no poll is open and what the last one brought is committed."""
        self.on = on
        self._changed.set()
        if on:
            return
        if self._asking is not None:
            self._asking.cancel()
        async with self._taking:
            pass

    def taking(self) -> AbstractAsyncContextManager[None]:
        """Around one poll and the commit of what it brought."""
        return self._taking

    async def ask(self, poll: Coroutine[Any, Any, T]) -> T | None:
        """The poll's answer; None when it was switched off meanwhile. What Telegram may have answered by then was
        confirmed by nobody, so it gives that again.
        """
        if not self.on:
            poll.close()
            return None
        self._asking = asyncio.create_task(poll)
        try:
            answer: T = await self._asking
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return None
        finally:
            self._asking = None
        return answer

    async def until_changed(self, clock: Clock, *, at_most: float) -> None:
        """Return when the switch was turned on, or after so many seconds."""
        self._changed.clear()
        if self.on:
            return
        change = asyncio.create_task(self._changed.wait())
        pause = asyncio.create_task(clock.sleep(at_most))
        try:
            await asyncio.wait((change, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
            pause.cancel()
            await asyncio.gather(change, pause, return_exceptions=True)
