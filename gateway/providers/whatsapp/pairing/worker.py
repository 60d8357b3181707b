"""The pairing process: `python -m gateway.providers.whatsapp.pairing.worker`. Wishes on stdin, news on stdout.

It ends when its stdin closes, which is also how it learns that the gateway is gone.

Whatsmeow logs a device in as soon as it is linked, and nobody can ask it not to. On a busy machine that is sooner than
we let go of it, and then WhatsApp hands this process what it has for the device: the past, and messages. It is told
that they arrived, so they are kept as a session keeps them, in the spool that the device's session reads first. The
past is announced by a message and then fetched, so what was announced is waited for.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from gateway.kit import log as logs
from gateway.providers.whatsapp import codes, library
from gateway.providers.whatsapp.link import Link, Turns
from gateway.providers.whatsapp.pairing.protocol import (
    Failed,
    GiveCode,
    GiveUp,
    Linked,
    News,
    Pair,
    Scan,
    Type,
    line,
    wish_decoder,
)
from gateway.providers.whatsapp.spool import Spool

_PAIR_STATUS: Final = 2
"""neonize's event code for the end of a pairing, good or bad."""
_PAST_TIMEOUT: Final = 10.0
"""Seconds that a part of the past, once announced, may take to be fetched."""


class Pairing:
    """One device store and its codes."""

    def __init__(self, wish: Pair, worker: Worker) -> None:
        self.id = wish.id
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._past_due = 0
        self._kept = frozenset(codes.news(history=wish.history)) - codes.PASSING
        self._spool = Spool(Path(wish.spool), on_arrival=_nothing)
        self._spool.close()  # nobody listens here: everything is for the next one who opens it
        self.link = Link(
            wish.store_name,
            turns=worker.turns,
            events=(_PAIR_STATUS, *self._kept),
            on_event=self._event,
            on_qr=lambda text: self._tell(Scan(id=self.id, qr_code=text)),
            on_login=self._login,
            device_props=library.device_props(wish.device_name),
            proxy=wish.proxy,
        )

    async def run(self) -> None:
        try:
            await self.link.open()
        except Exception as error:  # noqa: BLE001 - the gateway is told whatever it is
            self._finish(Failed(id=self.id, reason=str(error)))
            return
        reason = await self.link.ended
        self._finish(Failed(id=self.id, reason=reason or "closed"))

    async def give_code(self, phone: str) -> None:
        try:
            code = await self.link.client.PairPhone(phone, show_push_notification=True)
        except Exception as error:  # noqa: BLE001 - as above
            self._tell(Type(id=self.id, error=str(error)))
        else:
            self._tell(Type(id=self.id, pairing_code=code))

    def _event(self, code: int, payload: bytes) -> None:
        if code in self._kept:
            self._spool.put(code, payload, keep=True)
        if code == codes.Code.HISTORY_SYNC:
            self._past_due -= 1
        elif code == codes.Code.MESSAGE and codes.Code.HISTORY_SYNC in self._kept:
            self._past_due += _announces_the_past(payload)
        if code != _PAIR_STATUS:
            return
        from neonize.proto.Neonize_pb2 import PairStatus

        status = PairStatus.FromString(payload)
        if status.Status == PairStatus.ERROR:
            self._loop.call_soon_threadsafe(self._finish, Failed(id=self.id, reason=status.Error or "err-pairing"))

    async def _past_fetched(self) -> None:
        try:
            async with asyncio.timeout(_PAST_TIMEOUT):
                while self._past_due > 0:  # noqa: ASYNC110 - counted on a thread of Go's
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return  # the device's session gets what else the phone sends

    async def close(self) -> None:
        """Let go of the device and of its spool."""
        await self.link.close()
        self._spool.release()

    def _login(self, word: str) -> None:
        # "success" comes when the keys are stored and the phone has its answer; every other word ends the pairing.
        news: News = Linked(id=self.id) if word == "success" else Failed(id=self.id, reason=word)
        self._loop.call_soon_threadsafe(self._finish, news)

    def _tell(self, news: News) -> None:
        self._loop.call_soon_threadsafe(self._worker.tell, news)

    def _finish(self, news: News) -> None:
        if self._over:
            return
        self._over = True
        self._worker.run(self._let_go(news))

    async def _let_go(self, news: News) -> None:
        if not isinstance(news, Linked):
            self._worker.tell(news)  # at once: letting go takes seconds when Go hangs, and nobody waits for the store
        else:
            await self._past_fetched()
        await self.close()
        if isinstance(news, Linked):
            self._worker.tell(news)


def _announces_the_past(payload: bytes) -> bool:
    from neonize.proto.Neonize_pb2 import Message

    return bool(Message.FromString(payload).Message.protocolMessage.HasField("historySyncNotification"))


def _nothing() -> None:
    """Nobody waits for arrivals here."""


class Worker:
    """All pairings of this process."""

    def __init__(self, out: int) -> None:
        self.turns = Turns()
        self._out = out
        self._pairings: dict[str, Pairing] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, text: bytes) -> None:
        wish = wish_decoder.decode(text)
        if isinstance(wish, Pair):
            pairing = self._pairings[wish.id] = Pairing(wish, self)
            self.run(pairing.run())
            return
        known = self._pairings.get(wish.id)
        if known is None:
            return
        match wish:
            case GiveCode(phone=phone):
                self.run(known.give_code(phone))
            case GiveUp():
                self._pairings.pop(wish.id)
                self.run(known.close())

    def tell(self, news: News) -> None:
        """A line is far below what a pipe takes in one write."""
        if isinstance(news, Linked | Failed):
            self._pairings.pop(news.id, None)
        os.write(self._out, line(news))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on beside the wishes."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def serve(out: int) -> None:
    """Take wishes until stdin ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await asyncio.to_thread(library.load)
    worker = Worker(out)
    while text := await reader.readline():
        worker.take(text)


def main() -> None:
    """Keep the pipe for news, and let the Go library's prints go nowhere."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    logs.configure(level="warning", json=True, stream=sys.stderr)
    asyncio.run(serve(out))
    # Threads that stay in Go would keep the interpreter from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
