"""Programs of customers, run as such: with an environment of their own and nothing of the test's."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.clients.examples import FOLDER
from tests.e2e.whatsapp.town import until

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONUTF8": "1",
    "NODE_PATH": str(FOLDER / "stand_ins"),  # where `require('axios')` finds the stand-in
}


@dataclass(frozen=True)
class Ended:
    """What a program left behind."""

    status: int
    out: str
    err: str


def need(program: str) -> None:
    """Skip the test on a machine without the program."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


async def run(*words: str, **env: str) -> Ended:
    """Run a program to its end. `env` is what its environment has besides."""
    process = await asyncio.create_subprocess_exec(*words, env=_ENVIRONMENT | env, stdout=PIPE, stderr=PIPE)
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def run_python(text: str) -> Ended:
    """A Python program, given as its text."""
    return await run(sys.executable, "-c", text)


async def run_node(text: str) -> Ended:
    """A Node program, given as its text."""
    return await run("node", "-e", text)


async def run_shell(text: str) -> Any:
    """The JSON that a shell command prints."""
    ended = await run("bash", "-c", text)
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


@dataclass
class Endpoint:
    """A running receiver of webhooks, and what it said about each request."""

    url: str
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    async def accepts(self, event: str, **data: Any) -> dict[str, Any]:
        """Wait until it has found an event with such data genuine; its body."""
        return await self._heard(self.accepted, event, data)

    async def refuses(self, event: str, **data: Any) -> dict[str, Any]:
        """Wait until it has refused one."""
        return await self._heard(self.refused, event, data)

    async def _heard(self, bodies: list[dict[str, Any]], event: str, data: dict[str, Any]) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [body for body in bodies if body["event"] == event and data.items() <= body["data"].items()]

        await until(f"{event} with {data} at {self}", found)
        return found()[0]


@asynccontextmanager
async def endpoint(*words: str, secret: str) -> AsyncIterator[Endpoint]:
    """Run a receiver that knows this secret."""
    process = await asyncio.create_subprocess_exec(*words, env=_ENVIRONMENT | {"SECRET": secret}, stdout=PIPE)
    assert process.stdout is not None
    running = Endpoint(f"http://127.0.0.1:{int(await process.stdout.readline())}/whatsapp")
    reading = asyncio.create_task(_read(process.stdout, running))
    try:
        yield running
    finally:
        process.kill()
        await process.wait()
        await reading


async def _read(lines: asyncio.StreamReader, into: Endpoint) -> None:
    async for line in lines:
        said = json.loads(line)
        (into.accepted if said["genuine"] else into.refused).append(said["body"])


def python_endpoint(secret: str) -> AbstractAsyncContextManager[Endpoint]:
    """`receiver.py`, which checks the body as it came."""
    return endpoint(sys.executable, str(FOLDER / "receiver.py"), secret=secret)


def node_endpoint(secret: str) -> AbstractAsyncContextManager[Endpoint]:
    """`receiver.js`, which checks the body as it would write it."""
    return endpoint("node", str(FOLDER / "receiver.js"), secret=secret)
