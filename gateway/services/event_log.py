"""The event log as callers read it: a page at a time, or followed as it grows.

There is one log. Webhooks are paid from it, pages and streams read it, and a position in it is a cursor: positions are
given in commit order by one writer, so nothing ever appears before a cursor that somebody holds already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from gateway.domain.errors import TooManyRequests
from gateway.domain.events import AcceptedEvent
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.kit.bell import Bell
from gateway.kit.clock import Clock
from gateway.storage.storage import Storage

HEARTBEAT: Final = 15.0
"""Seconds after which somebody who follows a quiet log hears that it is still there."""
LIFETIME: Final = 600.0
"""Seconds after which a follower is let go, to come back with its cursor: so that a credential that was taken away
is asked for again."""
PAGE: Final = 100
MOST_FOLLOWERS: Final = 20
"""Of one instance."""


class EventLog:
    """Reads the log within a caller's reach."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._followers: dict[InstanceId, set[Bell]] = {}
        self._closed = False

    async def page(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        types: Sequence[str],
        since: datetime | None = None,
        after: int | None = None,
        limit: int,
        ascending: bool = False,
    ) -> tuple[Sequence[AcceptedEvent], bool]:
        """A part of an instance's log, and whether there is more. Raises NotFound, NotYours."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.events.page(
            who, instance_id, types=types, since=since, after=after, limit=limit, ascending=ascending
        )

    async def follow(
        self, who: Principal, instance_id: InstanceId, *, types: Sequence[str], after: int | None
    ) -> AsyncIterator[AcceptedEvent | None]:
        """Everything after a cursor, in order, as long as it lasts; None says that nothing happened for a while.

        Without a cursor it begins with what comes from now on. It ends by itself after ten minutes, when the instance
        is gone, and when the gateway stops. Raises NotFound, NotYours, and TooManyRequests before the first event.
        """
        await self._storage.instances.get(who, instance_id)
        if len(self._followers.get(instance_id, ())) >= MOST_FOLLOWERS:
            raise TooManyRequests(
                f"Instance {instance_id} is followed by {MOST_FOLLOWERS} already.", retry_after=HEARTBEAT
            )
        cursor = after if after is not None else await self.end()
        return self._follow(who, instance_id, types, cursor)

    async def end(self) -> int:
        """The cursor after which everything is still to come."""
        return await self._storage.events.end()

    async def _follow(
        self, who: Principal, instance_id: InstanceId, types: Sequence[str], cursor: int
    ) -> AsyncIterator[AcceptedEvent | None]:
        bell = Bell(self._clock)
        self._followers.setdefault(instance_id, set()).add(bell)
        now = self._clock.monotonic()
        ends, beat = now + LIFETIME, now + HEARTBEAT
        try:
            while not self._closed and now < ends:
                bell.hush()
                events, _ = await self._storage.events.page(
                    who, instance_id, types=types, after=cursor, limit=PAGE, ascending=True
                )
                for event in events:
                    cursor = event.position
                    yield event
                now = self._clock.monotonic()
                if events:
                    beat = now + HEARTBEAT
                elif now >= beat:
                    if await self._storage.instances.find(instance_id) is None:
                        return
                    beat = now + HEARTBEAT
                    yield None
                elif not self._closed:
                    await bell.wait(min(beat, ends))
                    now = self._clock.monotonic()
        finally:
            bell.close()
            self._leave(instance_id, bell)

    def publish(self, accepted: Sequence[AcceptedEvent]) -> None:
        """Wake those who follow; called after each commit."""
        if self._followers:
            for instance_id in {each.event.instance_id for each in accepted}:
                for bell in self._followers.get(instance_id, ()):
                    bell.ring()

    def close(self) -> None:
        """Let every follower go, because the gateway stops."""
        self._closed = True
        for bells in self._followers.values():
            for bell in bells:
                bell.ring()

    def _leave(self, instance_id: InstanceId, bell: Bell) -> None:
        bells = self._followers.get(instance_id, set())
        bells.discard(bell)
        if not bells:
            self._followers.pop(instance_id, None)
