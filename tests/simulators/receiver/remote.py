"""The receiver in a process of its own, for tests that kill the gateway and for benchmarks that need their own core."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from tests.simulators.receiver.behaviour import Behaviour
from tests.simulators.receiver.control import Plan, Secrets
from tests.simulators.receiver.ledger import Received, Stats


class Ports(msgspec.Struct, frozen=True):
    """The one line the process prints when it is ready."""

    port: int
    control: int


class RemoteReceiver:
    """Starts `python -m tests.simulators.receiver` and speaks to its control port."""

    ports: Ports
    _process: Process
    _session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        command = (sys.executable, "-m", "tests.simulators.receiver", "--while-stdin")
        self._process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stdin=PIPE)
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        self.ports = msgspec.json.decode(line, type=Ports)
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self.ports.control}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        assert self._process.stdin is not None
        self._process.stdin.close()  # it lives as long as its standard input, so that it never outlives a killed test
        await self._process.wait()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports.port}{path}"

    async def behave(self, path: str, *behaviours: Behaviour) -> None:
        await self._call("POST", "/behave", Plan(path, list(behaviours)))

    async def trust(self, path: str, *secrets: str) -> None:
        await self._call("POST", "/trust", Secrets(path, list(secrets)))

    async def release(self) -> None:
        await self._call("POST", "/release")

    async def reset(self) -> None:
        await self._call("POST", "/reset")

    async def stats(self) -> Stats:
        return msgspec.convert(await self._call("GET", "/stats"), Stats)

    async def accepted(self) -> dict[tuple[str, str], int]:
        """How often each (path, webhook-id) was answered 2xx."""
        return {(one["path"], one["id"]): one["times"] for one in await self._call("GET", "/accepted")}

    async def requests(self) -> list[Received]:
        return msgspec.convert(await self._call("GET", "/requests"), list[Received])

    async def wait_for(self, *, patience: float = 60.0, **at_least: int) -> Stats:
        """Return once every named total of `Stats` has reached its value: `wait_for(unique=100)`."""
        query = "&".join(f"{name}={value}" for name, value in {**at_least, "patience": patience}.items())
        return msgspec.convert(await self._call("GET", f"/wait?{query}"), Stats)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, path, data=data) as response:
            answer = msgspec.json.decode(await response.read())
            if response.status != 200:
                raise AssertionError(f"{path}: {answer['error']}")
            return answer
