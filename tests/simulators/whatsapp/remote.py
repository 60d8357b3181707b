"""The simulator in a process of its own, with typed methods for tests: `async with whatsapp_process() as whatsapp:`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from tests.simulators.whatsapp.remote_features import RemoteFeatures
from tests.simulators.whatsapp.remote_talk import RemoteTalk
from tests.simulators.whatsapp.remote_types import RemoteDevice, RemotePerson, RemoteProblem, RemoteUsage

_ROOT = Path(__file__).resolve().parents[3]
_LINE_LIMIT = 256 * 1024 * 1024
_PATIENCE = 60.0  # seconds for the answer to an order


class OrderFailed(Exception):
    """The simulator could not do what was ordered; the text is its error."""


class Ready(msgspec.Struct, frozen=True):
    """The line the process prints when it is ready."""

    control: int
    proxy: str
    environment: dict[str, str]


class RemoteWhatsApp(RemoteTalk, RemoteFeatures):
    """A simulated WhatsApp. People and accounts are phone numbers, digits only."""

    def __init__(self, ready: Ready, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(self.ask)
        self.proxy_url = ready.proxy
        self.control_port = ready.control
        self._environment = ready.environment
        self._reader = reader
        self._writer = writer
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen())

    def environment(self) -> dict[str, str]:
        """The variables an unmodified gateway process needs to take this for WhatsApp; merge them into its own."""
        return dict(self._environment)

    async def ask(self, order: str, given: Mapping[str, Any] | None = None) -> Any:
        """Carry out one order; raises OrderFailed."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": number, "order": order, "with": given or {}}).encode() + b"\n")
        async with asyncio.timeout(_PATIENCE):
            return await answer

    # People and their devices

    async def add_person(self, phone: str, name: str | None = None) -> RemotePerson:
        """Somebody with WhatsApp on the phone; numbers nobody added are not on WhatsApp."""
        return msgspec.convert(await self._do("people.add", phone=phone, name=name), RemotePerson)

    async def scan(self, qr: str, phone: str, name: str | None = None, *, forged: bool = False) -> int:
        """The phone scans a QR text; returns the number of the new device. `forged`: by somebody who did not see it."""
        return int(await self._do("pair.scan", qr=qr, phone=phone, name=name, forged=forged))

    async def enter_code(self, phone: str, code: str, name: str | None = None) -> None:
        """The person types the eight characters that the device shows."""
        await self._do("pair.enter_code", phone=phone, code=code, name=name)

    async def demand_passkey(self, qr: str) -> None:
        """The phone scans a QR text, and its account is protected by a passkey: the device is asked for it."""
        await self._do("pair.demand_passkey", qr=qr)

    async def devices(self, phone: str) -> list[RemoteDevice]:
        """The linked devices of an account, in the order they were linked."""
        return msgspec.convert(await self._do("devices.list", phone=phone), list[RemoteDevice])

    async def delivered(self, phone: str) -> list[str]:
        """Ids of messages that the network believes delivered to the account's devices and will not send again."""
        return [message_id for device in await self.devices(phone) for message_id in device.delivered]

    async def logout_device(self, phone: str, device: int | None = None) -> int:
        """The phone unlinks a device, or all; returns how many."""
        return int(await self._do("devices.unlink", phone=phone, device=device))

    async def exhaust_prekeys(self, phone: str) -> None:
        """All one-time keys of the account's devices are used up."""
        await self._do("devices.exhaust", phone=phone)

    # Trouble

    async def drop(self, phone: str, device: int | None = None) -> int:
        """Break the connections of an account; returns how many."""
        return int(await self._do("devices.drop", phone=phone, device=device))

    async def silence(self, phone: str, device: int | None = None) -> int:
        """Keep the connections, answer nothing any more, not even pings."""
        return int(await self._do("devices.silence", phone=phone, device=device))

    async def stream_error(
        self, phone: str, code: int | None = None, conflict: str | None = None, device: int | None = None
    ) -> int:
        """End the streams with a code (503, 515) or a conflict (`replaced`)."""
        given = {"phone": phone, "code": code, "conflict": conflict, "device": device}
        return int(await self._do("devices.stream_error", **given))

    async def fault(
        self,
        kind: str,
        *,
        phone: str | None = None,
        times: int | None = 1,
        code: int = 0,
        seconds: float = 0.0,
        xmlns: str = "",
        attrs: Mapping[str, str] | None = None,
    ) -> None:
        """Order a trouble: see faults.py for the kinds. `times` None means until `clear_faults`."""
        given = {"kind": kind, "phone": phone, "times": times, "code": code, "seconds": seconds, "xmlns": xmlns}
        await self._do("faults.order", **given, attrs=dict(attrs or {}))

    async def clear_faults(self, kind: str | None = None) -> None:
        await self._do("faults.clear", kind=kind)

    async def ban(self, phone: str, *, code: int = 101, seconds: int = 3600, times: int | None = 1) -> None:
        """The next logins are refused with a temporary ban that ends in so many seconds."""
        attrs = {"code": str(code), "expire": str(seconds)}
        await self.fault("refuse_login", phone=phone, code=402, attrs=attrs, times=times)

    # What can be seen from above

    async def stats(self) -> dict[str, int]:
        return dict(await self._do("look.stats"))

    async def usage(self) -> RemoteUsage:
        return msgspec.convert(await self._do("look.usage"), RemoteUsage)

    async def problems(self) -> list[RemoteProblem]:
        """What should not have happened; a test of ordinary life asserts that it is empty."""
        return msgspec.convert(await self._do("look.problems"), list[RemoteProblem])

    async def log(self, lines: int = 100) -> list[str]:
        return list(await self._do("look.log", lines=lines))

    async def trace(self, *, on: bool = True) -> None:
        """Log every stanza."""
        await self._do("trace", on=on)

    async def reset(self) -> None:
        """Forget what was counted, seen and ordered; accounts, devices and sessions stay."""
        await self._do("reset")

    async def close(self) -> None:
        self._listening.cancel()
        self._writer.close()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        while line := await self._reader.readline():
            said = json.loads(line)
            answer = self._answers.pop(said["id"])
            if answer.done():
                continue
            if "error" in said:
                answer.set_exception(OrderFailed(said["error"]))
            else:
                answer.set_result(said["ok"])
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(OrderFailed("the simulator has ended"))


async def connect(ready: Ready) -> RemoteWhatsApp:
    """Speak to a simulator that is running already."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ready.control, limit=_LINE_LIMIT)
    return RemoteWhatsApp(ready, reader, writer)


def environment(whatsapp: RemoteWhatsApp) -> dict[str, str]:
    """What makes an unmodified gateway of this source tree take the simulator for WhatsApp."""
    given = whatsapp.environment()
    return {**given, "PYTHONPATH": os.pathsep.join((given["PYTHONPATH"], str(_ROOT)))}


@asynccontextmanager
async def whatsapp_process(*, open_door: bool = False, options: Sequence[str] = ()) -> AsyncIterator[RemoteWhatsApp]:
    """Start a simulator of one's own. With `open_door` every number is on WhatsApp."""
    command = [sys.executable, "-m", "tests.simulators.whatsapp", "--while-stdin", *options]
    if open_door:
        command.append("--open")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=_ROOT)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ready = msgspec.json.decode(await process.stdout.readline(), type=Ready)
        whatsapp = await connect(ready)
        try:
            yield whatsapp
        finally:
            await whatsapp.close()
    finally:
        process.stdin.close()  # it lives as long as its standard input, so that it never outlives a killed test
        await process.wait()
