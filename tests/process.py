"""A gateway as its operators run it: `python -m gateway serve` in a process of its own, with real signals.

By default it is a copy of a process that has imported everything (`tests.copies`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.copies import Copy, can_be_copied, start_copy

ROOT = Path(__file__).parents[1]
ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse battery staple"
ADMIN_KEY = "gw_testkey1_" + "k" * 43
ANEW = True
"""For a gateway that is no copy: Python from its beginning."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For HTTP clients of a gateway on this machine: by default each would read all authorities, which takes 20 ms."""


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, database_url: str, **more: str) -> dict[str, str]:
    """What a test gateway is configured with: its own folder, loopback opened, nothing of the caller's shell."""
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
        "DATA_DIR": str(folder / "data"),
        "EGRESS_ALLOW": "127.0.0.0/8",
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ADMIN_API_KEY": ADMIN_KEY,
        "API_RATE_LIMIT": "10000",
        "SEND_RATE_LIMIT": "10000",
        "RATE_LIMIT_STRICT": "10000",
        "RATE_LIMIT_MODERATE": "10000",
        "RATE_LIMIT_LENIENT": "10000",
        "RATE_LIMIT_COMPANY": "10000",
        "RATE_LIMIT_STRESS": "10000",
        "INSTANCE_LIMIT": "0",
        "LOG_FORMAT": "json",
    }
    if database_url.startswith("postgres"):
        given["DATABASE_URL"] = database_url
    else:
        given["SQLITE_DATABASE_URL"] = "file:" + database_url.removeprefix("sqlite:///")
    return given | more


async def run_command(folder: Path, env: dict[str, str], *words: str) -> tuple[int, str]:
    """`python -m gateway ...`: the exit status and what was printed."""
    if not can_be_copied(env):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", *words, cwd=folder, env=env, stdout=PIPE, stderr=STDOUT
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()
    with tempfile.TemporaryFile() as printed:
        copy = await start_copy(folder, env, list(words), printed.fileno())
        status = await copy.wait()
        printed.seek(0)
        return status, printed.read().decode()


class GatewayProcess:
    """One gateway; it may be killed and started again on the same database and port."""

    def __init__(self, folder: Path, database_url: str, anew: bool = False, /, **env: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "gateway.log"
        self.env = environment(folder, database_url, PORT=str(self.port), **env)
        self.process: asyncio.subprocess.Process | Copy | None = None
        self._anew = anew

    async def start(self, *, ready: bool = True) -> None:
        """Start it; by default return when it says it is ready."""
        with self.log_file.open("ab") as out:
            if can_be_copied(self.env) and not self._anew:
                self.process = await start_copy(self.folder, self.env, ["serve"], out.fileno())
            else:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "gateway", "serve", cwd=self.folder, env=self.env, stdout=out, stderr=out
                )
        if ready:
            await self.until_ready()

    async def until_ready(self, *, within: float = 60) -> None:
        """Return when /ready answers 200."""
        assert self.process is not None
        async with (
            httpx.AsyncClient(base_url=self.base_url, trust_env=False, verify=NO_TLS) as http,
            asyncio.timeout(within),
        ):
            while True:
                if self.process.returncode is not None:
                    raise AssertionError(f"The gateway ended with {self.process.returncode}:\n{self.log()[-4000:]}")
                try:
                    if (await http.get("/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass  # not listening yet
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """SIGKILL: no goodbye of any kind."""
        await self.signal(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM, and wait; returns the exit status."""
        return await self.signal(signal.SIGTERM)

    async def signal(self, number: signal.Signals, *, within: float = 60) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(within):
            return await self.process.wait()

    async def command(self, *words: str, **env: str) -> tuple[int, str]:
        """`python -m gateway ...` beside it, with its settings: the exit status and what was printed."""
        return await run_command(self.folder, self.env | env, *words)

    def log(self) -> str:
        """Everything it has printed so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def client(self, **headers: str) -> httpx.AsyncClient:
        """An HTTP client with the admin's API key."""
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers={"x-api-key": ADMIN_KEY} | headers,
            timeout=30,
            trust_env=False,
            verify=NO_TLS,
        )


@asynccontextmanager
async def gateway_process(
    folder: Path, database_url: str, anew: bool = False, /, **env: str
) -> AsyncIterator[GatewayProcess]:
    """A started gateway that does not outlive the block."""
    gateway = GatewayProcess(folder, database_url, anew, **env)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.kill()
