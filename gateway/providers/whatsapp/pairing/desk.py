"""The gateway's side of pairing: one child process at a time, started when needed and thrown away when idle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from gateway.domain.errors import NetworkRefused, NetworkUnreachable
from gateway.kit.log import get_logger
from gateway.providers.whatsapp.pairing.protocol import (
    Failed,
    GiveCode,
    GiveUp,
    Linked,
    News,
    Pair,
    Scan,
    Type,
    Wish,
    line,
    news_decoder,
)

log = get_logger(__name__)

AT_ONCE: Final = 30
"""Pairings that may show codes at the same time; more wait for a place."""
ABANDONED_AT_MOST: Final = 60
"""Pairings without an end a child process may have had; each left a thread and three descriptors in it."""
IDLE_SECONDS: Final = 20.0
"""How long a child process without pairings is kept for the next one. It takes some 90 MB."""
CODE_TIMEOUT: Final = 30.0
OVER: Final = "The pairing ended before WhatsApp gave a code; ask again once a QR code is shown."
COMMAND: Final = (sys.executable, "-m", "gateway.providers.whatsapp.pairing.worker")


class OpenPairing:
    """A pairing that shows codes. Iterate over `news` until it ends with Linked or Failed."""

    def __init__(self, pairing_id: str, child: _Child) -> None:
        self.id = pairing_id
        self._child = child
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._codes: list[asyncio.Future[str]] = []
        self.over = False
        self.linked = False

    async def next(self) -> Scan | Linked | Failed:
        """The next thing to know. After Linked or Failed there is nothing more."""
        while True:
            news = await self._news.get()
            if not isinstance(news, Type):
                return news

    async def give_code(self, phone: str) -> str:
        """The code to type on the phone with this number. Raises NetworkRefused or NetworkUnreachable."""
        if self.over:
            raise NetworkUnreachable(OVER, maybe_sent=False)
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._codes.append(waiting)
        self._child.say(GiveCode(id=self.id, phone=phone))
        try:
            return await asyncio.wait_for(waiting, CODE_TIMEOUT)
        except TimeoutError:
            raise NetworkUnreachable("WhatsApp gave no pairing code in time; try again.", maybe_sent=False) from None

    def hear(self, news: News) -> None:
        """Take what the child says about this pairing."""
        self.over = self.over or isinstance(news, Linked | Failed)
        self.linked = self.linked or isinstance(news, Linked)
        if self.over:
            for waiting in self._codes:
                if not waiting.done():
                    waiting.set_exception(NetworkUnreachable(OVER, maybe_sent=False))
            self._codes.clear()
        if isinstance(news, Type) and self._codes:
            waiting = self._codes.pop(0)
            if waiting.done():
                return
            if news.error:
                waiting.set_exception(NetworkRefused(f"WhatsApp gave no pairing code: {news.error}", code="no_code"))
            else:
                waiting.set_result(news.pairing_code)
            return
        self._news.put_nowait(news)


class _Child:
    """One pairing process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pairings: dict[str, OpenPairing] = {}
        self.abandoned = 0
        self.idle: asyncio.TimerHandle | None = None
        self.hearing = asyncio.create_task(self._hear())

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self.hearing.done()

    @property
    def usable(self) -> bool:
        return self.alive and self.abandoned < ABANDONED_AT_MOST

    def say(self, wish: Wish) -> None:
        assert self._process.stdin is not None
        # uvloop's word for a pipe whose reader has ended. The pairings hear of that end from `_hear`.
        with contextlib.suppress(RuntimeError):
            self._process.stdin.write(line(wish))

    async def end(self) -> None:
        """Close its stdin, by which it ends; kill it when it does not."""
        if self.idle is not None:
            self.idle.cancel()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 2.0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.gather(self.hearing, return_exceptions=True)

    async def _hear(self) -> None:
        assert self._process.stdout is not None
        try:
            while text := await self._process.stdout.readline():
                news = news_decoder.decode(text)
                pairing = self.pairings.get(news.id)
                if pairing is not None:
                    pairing.hear(news)
        except (ValueError, msgspec.DecodeError):
            log.exception("pairing_process_not_understood")
        finally:
            for pairing in list(self.pairings.values()):
                pairing.hear(Failed(id=pairing.id, reason="pairing-process-ended"))


class PairingDesk:
    """Opens pairings. One for each gateway."""

    def __init__(self, command: Sequence[str] = COMMAND, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._command = command
        self._idle_seconds = idle_seconds
        self._places = asyncio.Semaphore(AT_ONCE)
        self._starting = asyncio.Lock()
        self._child: _Child | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def pairing(
        self, *, store_name: str, device_name: str, spool: Path, history: bool, proxy: str | None
    ) -> AsyncIterator[OpenPairing]:
        """Show codes for a device store until the block is left. `spool` gets what comes for the device meanwhile,
        with its `history` or without.
        """
        async with self._places:
            child = await self._current()
            pairing = OpenPairing(uuid.uuid4().hex, child)
            child.pairings[pairing.id] = pairing
            child.say(
                Pair(
                    id=pairing.id,
                    store_name=store_name,
                    device_name=device_name,
                    spool=str(spool),
                    history=history,
                    proxy=proxy,
                )
            )
            try:
                yield pairing
            finally:
                self._leave(child, pairing)

    async def aclose(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._end(self._child)
            self._child = None
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _leave(self, child: _Child, pairing: OpenPairing) -> None:
        child.pairings.pop(pairing.id, None)
        if not pairing.linked:
            child.abandoned += 1
        if child.alive and not pairing.over:
            child.say(GiveUp(id=pairing.id))
        if child.pairings:
            return
        if child is not self._child or not child.usable:
            self._end(child)
            return
        child.idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._end_idle, child)

    def _end_idle(self, child: _Child) -> None:
        if not child.pairings:
            self._end(child)

    def _end(self, child: _Child) -> None:
        if child is self._child:
            self._child = None
        task = asyncio.ensure_future(child.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _current(self) -> _Child:
        async with self._starting:
            if self._child is None or not self._child.usable:
                # An old one with pairings lives on until the last of them ends.
                self._child = await _start(self._command)
            if self._child.idle is not None:
                self._child.idle.cancel()
                self._child.idle = None
            return self._child


async def _start(command: Sequence[str]) -> _Child:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NEONIZE_BOT_TAG": "off"},
        limit=1 << 20,
    )
    log.info("pairing_process_started", pid=process.pid)
    return _Child(process)
