"""From a raw update to a committed event: in order within a conversation, side by side across conversations.

Telegram forgets an update once a later one is asked for, so "taken" means committed. Telegram hands out again
whatever was not taken, and what was committed twice stops at its dedupe key.

    emit raises                        what happens to the update
    Unavailable (database away, full)  waits at Telegram, for as long as it takes
    InvalidInput, TooLarge             told as a message of unknown content; if that is refused too, noted and skipped
    anything else                      tried again; after `MAX_TRIES` times told as a message of unknown content, and
                                       if that fails too, skipped as soon as something else could be committed

The last condition keeps apart one poisonous update, which must not hold up the bot for ever, and a fault of the
gateway itself, during which nothing may be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.errors import InvalidInput, TooLarge, Unavailable
from gateway.domain.events import Event, MessageEdited, MessageReceived, MessageSent
from gateway.domain.messages import Unknown
from gateway.kit.log import get_logger
from gateway.providers.contract import SessionContext

if TYPE_CHECKING:
    from gateway.providers.telegram.client import BotClient

MAX_TRIES = 10
_Lanes = dict[str, asyncio.Future[bool]]

log = get_logger(__name__)


class Taken(Struct, frozen=True):
    """How far a batch got: the offset that confirms what is committed, and what stopped it there."""

    offset: int | None
    problem: Exception | None = None


class _Failures(Struct):
    count: int
    commits_before: int


class UpdateTaker:
    """Commits the updates of one bot."""

    __slots__ = ("_client", "_commits", "_context", "_failures")

    def __init__(self, client: BotClient, context: SessionContext) -> None:
        self._client = client
        self._context = context
        self._commits = 0
        self._failures: dict[int, _Failures] = {}

    async def take_all(self, batch: Sequence[Mapping[str, Any]], offset: int | None) -> Taken:
        """Commit a batch of getUpdates, oldest first. Everything before the returned offset is committed.

        All updates start in their order, so that the store sees them in order and can commit many at once; within
        one conversation each waits for the one before it and is held back when that failed.
        """
        lanes: _Lanes = {}
        loop = asyncio.get_running_loop()
        # A context of its own for each: an open database transaction rides on it.
        tasks = [loop.create_task(self._take(raw, lanes), context=Context()) for raw in batch]
        try:
            results = await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        for raw, result in zip(batch, results, strict=True):
            if isinstance(result, asyncio.CancelledError):  # whoever commits is going away; we are not
                return Taken(offset, HeldBack("The commit was cancelled."))
            if isinstance(result, Exception):
                return Taken(offset, result)
            if isinstance(result, BaseException):
                raise result
            offset = raw["update_id"] + 1
        return Taken(offset)

    async def take(self, raw: Mapping[str, Any]) -> None:
        """Commit one update that came by itself. Raises what kept it from being committed."""
        await self._take(raw, {})

    async def _take(self, raw: Mapping[str, Any], lanes: _Lanes) -> None:
        number: int = raw["update_id"]

        async def deliver(events: tuple[Event, ...]) -> None:
            await self._in_turn(events, lanes, number)

        context = self._context
        try:
            odd = await self._client.feed(raw, context.instance.id, context.clock.now(), deliver)
        except (Unavailable, HeldBack):
            raise
        except Exception as error:
            failures = self._failures.setdefault(number, _Failures(0, self._commits))
            failures.count += 1
            if failures.count == 1:
                log.exception("telegram_update_not_stored", instance_id=context.instance.id, update_id=number)
            if not self._suspect(number) or self._commits == failures.commits_before:
                raise
            self._skipped(number, type(error).__name__)
            odd = None
        self._failures.pop(number, None)
        if odd is not None:
            log.warning("telegram_update_odd", instance_id=context.instance.id, update_id=number, problem=odd)
            context.report.note(f"Update {number} could not be read in full: {odd}", "warning")

    async def _in_turn(self, events: tuple[Event, ...], lanes: _Lanes, number: int) -> None:
        if not events:
            return
        lane = events[0].conversation
        before = lanes.get(lane)
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        lanes[lane] = mine
        committed = False
        try:
            if before is not None and not await before:
                raise HeldBack("An earlier update of this conversation is not committed yet.")
            for event in events:
                await self._commit(event, number)
            committed = True
        finally:
            if not mine.done():  # a cancelled successor cancels what it waits for
                mine.set_result(committed or self._suspect(number))

    async def _commit(self, event: Event, number: int) -> None:
        try:
            await self._context.emit(event)
        except Unavailable:
            raise
        except (InvalidInput, TooLarge) as refusal:
            problem: Exception = refusal
        except Exception as error:
            if not self._suspect(number):
                raise
            problem = error
        else:
            self._commits += 1
            return
        await self._commit_without_content(event, number, problem)

    async def _commit_without_content(self, event: Event, number: int, problem: Exception) -> None:
        named = type(problem).__name__
        bare = _without_content(event)
        try:
            if bare is None:
                raise problem
            await self._context.emit(bare)
        except (InvalidInput, TooLarge):
            self._skipped(number, named)
            return
        self._commits += 1
        log.error("telegram_update_refused", instance_id=self._context.instance.id, update_id=number, problem=named)
        self._context.report.note(f"Update {number} could not be stored as it is ({named}).", "error")

    def _suspect(self, number: int) -> bool:
        failures = self._failures.get(number)
        return failures is not None and failures.count >= MAX_TRIES

    def _skipped(self, number: int, problem: str) -> None:
        log.error("telegram_update_skipped", instance_id=self._context.instance.id, update_id=number, problem=problem)
        self._context.report.note(f"Update {number} was skipped ({problem}).", "error")


class HeldBack(Exception):
    """Not tried, because an earlier update of the same conversation has to be committed first."""


def _without_content(event: Event) -> Event | None:
    unknown = Unknown(network_kind="unstorable")
    match event:
        case MessageReceived() | MessageSent():
            return replace(event, message=replace(event.message, content=unknown))
        case MessageEdited():
            return replace(event, content=unknown)
        case _:
            return None
