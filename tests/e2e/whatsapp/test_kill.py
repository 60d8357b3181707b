"""kill -9 while messages flow in: how many of those that WhatsApp believes delivered are not there afterwards.

WhatsApp is told of an arrival before the gateway has it, so a few may be lost with the process: those between whatsmeow
and the spool, where the library keeps a channel of 100. Everything else has to be there, once, and be told.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.whatsapp.town import ANN, OWN, Line, Town, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHANNEL = 100
"""Events between whatsmeow and the spool: neonize's channel (see docs/guides/whatsapp.md)."""
IN_HAND = 10
"""Beside the channel: what the threads on both of its ends hold."""
KILLS = 3


@dataclass
class Night:
    """What was killed, and what was missing the next morning."""

    place: Town
    line: Line
    stored_at: list[int] = field(default_factory=list)
    """Of each wave: how many of its messages were stored when the kill came."""
    owed_at: list[int] = field(default_factory=list)
    """Of each wave: delivered in the network's eyes and not stored when the kill came."""
    lost: list[int] = field(default_factory=list)
    """Of each wave: delivered and not stored after all was taken in."""

    @property
    def database(self) -> Path:
        return self.place.gateway.folder / "gateway.db"

    @property
    def spool(self) -> Path:
        (spool,) = self.place.gateway.folder.glob(f"data/**/{self.line.id}/spool")
        return spool

    def stored(self) -> list[str]:
        """The network's ids of every message received, one for each row."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as file:
            return [row[0] for row in file.execute("SELECT network_id FROM messages WHERE NOT from_me")]

    async def delivered(self) -> set[str]:
        return set(await self.place.whatsapp.delivered(OWN))

    async def wave(self, count: int, rate: float, *, at: int, forget: int = 0) -> None:
        """Let a wave in, kill the gateway when so many of it are stored, start it again, count what is missing.

        `forget` lets the gateway store nothing more until so many messages wait in its spool, and then, when it is
        dead, removes the spool: what a gateway with its queue in memory does by dying.
        """
        before = len(self.stored())
        wave = asyncio.create_task(self.place.whatsapp.flood([OWN], count, contacts=5, rate=rate))
        await until("the wave comes in", lambda: len(self.stored()) >= before + at)
        with self._held() if forget else nullcontext():
            await until("enough is owed", lambda: self._owes(forget))
            await self.place.gateway.kill()
        stored = self.stored()
        ids = set((await wave).ids)
        self.stored_at.append(len(ids & set(stored)))
        self.owed_at.append(len((await self.delivered()) - set(stored)) - sum(self.lost))
        if forget:
            self.spool.unlink()
        await self.place.gateway.start()
        await until("the instance is connected", self.line.is_connected)
        await until("the whole wave is delivered", lambda: self._arrived(ids))
        # What comes is taken in in order, so everything before this one is done with when it is there.
        last = await self.place.whatsapp.write_text(ANN, OWN, "good morning")
        await until("the morning comes", lambda: last in self.stored())
        self.lost.append(len(ids & await self.delivered() - set(self.stored())))

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Somebody else writes to the gateway's database."""
        with closing(sqlite3.connect(self.database, timeout=30, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield

    async def _owes(self, count: int) -> bool:
        return not count or len(await self.delivered() - set(self.stored())) >= count

    async def _arrived(self, ids: set[str]) -> bool:
        return ids <= await self.delivered()

    async def assert_told(self) -> None:
        """Everything stored is stored once, and told under one webhook-id."""
        stored = self.stored()
        assert [each for each, times in Counter(stored).items() if times > 1] == []
        await until("everything stored is told", lambda: set(stored) <= set(self._told()))
        assert set(self._told()) == set(stored)
        assert {each for each, names in self._told().items() if len(names) > 1} == set()

    def _told(self) -> dict[str, set[str | None]]:
        told: dict[str, set[str | None]] = {}
        for each in self.line.deliveries("message_received"):
            told.setdefault(each.json()["data"]["messageId"], set()).add(each.webhook_id)
        return told


async def test_a_kill_in_a_steady_flow_loses_what_was_in_hand_at_most(place: Town, line: Line) -> None:
    night, rng = Night(place, line), random.Random(5)
    for _ in range(KILLS):
        await night.wave(150, rate=100, at=rng.randint(20, 90))
    assert all(0 < stored < 150 for stored in night.stored_at), "a kill that hits nothing proves nothing"
    print(f"steady: stored at the kill {night.stored_at}, owed {night.owed_at}, lost {night.lost}")
    assert max(night.lost) <= IN_HAND
    await night.assert_told()


async def test_a_kill_in_a_burst_loses_no_more_than_the_library_s_channel(place: Town, line: Line) -> None:
    night, rng = Night(place, line), random.Random(6)
    for _ in range(KILLS):
        await night.wave(600, rate=0, at=rng.randint(50, 300))
    assert all(0 < stored < 600 for stored in night.stored_at), "a kill that hits nothing proves nothing"
    print(f"burst: stored at the kill {night.stored_at}, owed {night.owed_at}, lost {night.lost}")
    assert max(night.lost) <= CHANNEL + IN_HAND
    assert sum(night.owed_at) > sum(night.lost), "the spool had nothing to give back"
    await night.assert_told()


async def test_a_gateway_that_forgets_its_spool_is_found_out(place: Town, line: Line) -> None:
    """The negative control: the same wave and the same book, with a loss made by hand."""
    night = Night(place, line)
    await night.wave(800, rate=0, at=20, forget=3 * CHANNEL)
    print(f"forgotten: stored at the kill {night.stored_at}, owed {night.owed_at}, lost {night.lost}")
    assert night.lost[0] > CHANNEL + IN_HAND
    await night.assert_told()
