"""The test's end of a neonize process: start it, call it, look at the events it had."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

PATIENCE = 20.0
_LINE_LIMIT = 64 * 1024 * 1024
_MARK = b"\x02"

Event = Mapping[str, Any]


class Refusal(Exception):
    """neonize raised; the text is its type and sentence."""


class LinkedClient:
    """A real neonize in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self.qr_codes: list[str] = []
        self.events: list[tuple[str, Event]] = []

    async def call(self, name: str, *args: Any, on: str | None = None) -> Any:
        """Call a method of the client; raises Refusal when it raises."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        order = {"id": number, "call": name, "args": list(args), "on": on}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            return await answer

    async def event(self, name: str, matching: Callable[[Event], bool] = lambda _: True) -> Event:
        """The first event of that name that matches, waiting for it if need be."""

        def found() -> Event | None:
            return next((data for kind, data in self.events if kind == name and matching(data)), None)

        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    async def qr(self) -> str:
        """The newest QR text."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: bool(self.qr_codes))
        return self.qr_codes[-1]

    def count(self, name: str) -> int:
        return sum(kind == name for kind, _ in self.events)

    async def listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if not line.startswith(_MARK):
                continue
            said = json.loads(line[1:])
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if "error" in said:
                    answer.set_exception(Refusal(said["error"]))
                else:
                    answer.set_result(said["ok"])
                continue
            async with self._changed:
                if "qr" in said:
                    self.qr_codes.append(said["qr"])
                else:
                    self.events.append((said["event"], said["data"]))
                self._changed.notify_all()


@asynccontextmanager
async def linked_client(folder: Path, proxy: str, environment: Mapping[str, str]) -> AsyncIterator[LinkedClient]:
    """Start neonize against a simulator; `environment` is what makes it trust that simulator."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("neonize_process.py")),
        str(folder / "device.db"),
        proxy,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LINE_LIMIT,
        env={**os.environ, **environment, "NEONIZE_BOT_TAG": "off"},
    )
    client = LinkedClient(process)
    listening = asyncio.create_task(client.listen())
    try:
        yield client
    finally:
        process.kill()
        await process.wait()
        await listening


def jid(user: str, server: str = "s.whatsapp.net") -> dict[str, Any]:
    """A JID argument."""
    of = {"User": user, "RawAgent": 0, "Device": 0, "Integrator": 0, "Server": server, "IsEmpty": False}
    return {"message": "JID", "of": of}


def group_jid(group_id: str) -> dict[str, Any]:
    return jid(group_id, "g.us")


def enum(member: str) -> dict[str, str]:
    """An enum argument, as `ParticipantChange.ADD`."""
    return {"enum": member}


def data(content: bytes) -> dict[str, str]:
    """A bytes argument."""
    return {"bytes": base64.b64encode(content).decode()}
