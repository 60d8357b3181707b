"""Gateways that start in a moment: copies of a process that has imported everything (`tests.preloaded`), which takes
two seconds. Each is a process of its own, with the environment, the signals and the end of any other.

What a process reads before its Python runs (the path of modules, whatever Go reads) is that of the preloaded one; so
who needs something else there is started anew, and so is every gateway that the operators' way of starting is about.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from gateway.__main__ import GO_ENVIRONMENT

_ROOT = Path(__file__).parents[1]
_FIXED = {"PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "default"}
_READ_BY_GO = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "GODEBUG")


def can_be_copied(environment: Mapping[str, str]) -> bool:
    """Whether nothing in it has to be there before Python runs, except what every test gateway has there."""
    return all(environment.get(name) == value for name, value in _FIXED.items()) and not any(
        name in environment for name in _READ_BY_GO
    )


class Copy:
    """A running copy: what tests use of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._channel = channel
        self._ended = asyncio.Event()
        channel.setblocking(False)
        asyncio.get_running_loop().add_reader(channel, self._read_end)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def _read_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._channel)
        with self._channel:
            # Without an answer the preloaded process is gone, which takes its copies along.
            self.returncode = int(self._channel.recv(64) or -signal.SIGKILL)
        self._ended.set()


async def start_copy(folder: Path, environment: Mapping[str, str], arguments: list[str], output: int) -> Copy:
    """`python -m gateway <arguments>` in `folder`, printing into the descriptor `output`."""
    request = {"folder": str(folder), "environment": dict(GO_ENVIRONMENT) | dict(environment), "arguments": arguments}
    pid, channel = await asyncio.to_thread(_ask, json.dumps(request), output)
    return Copy(pid, channel)


_turn = threading.Lock()


def _ask(request: str, output: int) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs, _turn:
        socket.send_fds(_preloaded(), [b"!"], [theirs.fileno(), output])
        ours.sendall(request.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        more = ours.recv(1)  # one by one: what follows the line is for the copy
        if not more:
            raise RuntimeError("The preloaded gateway ended.")
        answer += more
    return int(answer), ours


@functools.cache
def _preloaded() -> socket.socket:
    """Started with the first copy of this process; it ends when the socket does."""
    ours, theirs = socket.socketpair()
    environment = {"PATH": os.environ["PATH"], **_FIXED, **GO_ENVIRONMENT}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
