"""A bot's queue of updates, with the confirm-by-offset rules of getUpdates."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import Any

from tests.simulators.telegram.refusals import Refusal, another_poller, webhook_was_set
from tests.simulators.telegram.wire import Wire

# core.telegram.org/bots/api#getupdates: these need to be asked for by name.
_ONLY_WHEN_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_MAX_TIMEOUT = 50
_MAX_LIMIT = 100


class UpdateQueue:
    """Updates of one bot: kept until confirmed, handed out in order, any number of times."""

    def __init__(self, first_id: int) -> None:
        self._next_id = first_id
        self._waiting: deque[Wire] = deque()
        self._poll: asyncio.Future[None] | None = None
        self._arrival = asyncio.Event()
        self.allowed: list[str] | None = None
        """Update kinds the bot asked for; None or empty means Telegram's default set."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def polling(self) -> bool:
        """Whether a long poll is waiting right now."""
        return self._poll is not None and not self._poll.done()

    def wants(self, kind: str) -> bool:
        """Whether an update of this kind would be queued at all."""
        if self.allowed:
            return kind in self.allowed
        return kind not in _ONLY_WHEN_ASKED

    def push(self, kind: str, body: Wire) -> Wire | None:
        """Queue an update and wake whoever waits; None when the bot did not ask for this kind."""
        if not self.wants(kind):
            return None
        update: Wire = {"update_id": self._next_id, kind: body}
        self._next_id += 1
        self._waiting.append(update)
        self._arrival.set()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return update

    def unconfirmed(self) -> list[Wire]:
        """Every update the bot has not confirmed yet, oldest first."""
        return list(self._waiting)

    def drop_all(self) -> None:
        """Forget everything (`drop_pending_updates`)."""
        self._waiting.clear()

    def first(self) -> Wire | None:
        """The oldest unconfirmed update."""
        return self._waiting[0] if self._waiting else None

    def confirm(self, update: Wire) -> None:
        """Forget `update` if it is still the oldest."""
        if self._waiting and self._waiting[0] is update:
            self._waiting.popleft()

    async def arrival(self) -> None:
        """Return once at least one update is waiting."""
        while not self._waiting:
            self._arrival.clear()
            await self._arrival.wait()

    def end_poll_for_webhook(self) -> None:
        """A webhook was set: the waiting poll, if any, ends with Telegram's 409."""
        self._end_poll(webhook_was_set())

    async def poll(self, offset: int, limit: int, seconds: float) -> list[Wire]:
        """One getUpdates call, waiting up to `seconds` when nothing is there.

        Raises the 409 `Refusal` when a newer call arrives while this one waits.
        """
        self._end_poll(another_poller())
        self._confirm_by_offset(offset)
        limit = max(1, min(limit, _MAX_LIMIT))
        if not self._waiting and seconds > 0:
            await self._wait(min(seconds, _MAX_TIMEOUT))
        return list(islice(self._waiting, limit))

    def _confirm_by_offset(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
            return
        while self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()

    async def _wait(self, seconds: float) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = mine
        alarm = asyncio.get_running_loop().call_later(seconds, _resolve, mine)
        try:
            await mine
        finally:
            alarm.cancel()
            if self._poll is mine:
                self._poll = None

    def _end_poll(self, refusal: Refusal) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(refusal)
        self._poll = None


def _resolve(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)
