"""A whole WhatsApp on a loopback port: everything that lives in this folder, put together."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tests.simulators.certificates import Certificate
from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.noise import Identity
from tests.simulators.whatsapp.proxy import HOSTS, Proxy, tls_context
from tests.simulators.whatsapp.switchboard import Switchboard
from tests.simulators.whatsapp.tunnel import Hosts
from tests.simulators.whatsapp.websocket import WebSocket
from tests.simulators.whatsapp.world import HttpAnswer, World

HOOK = Path(__file__).with_name("hook")
NOISE_KEY = "SIMULATED_WHATSAPP_KEY"
"""The variable by which the hook learns which root key to trust instead of WhatsApp's."""

_LOOPBACK = "127.0.0.1,localhost,::1"


class WhatsAppSimulator:
    """Start it with `async with`; `environment()` is what a process needs that shall take it for WhatsApp."""

    def __init__(self, *, port: int = 0, open_door: bool = False) -> None:
        self.world = World(open_door=open_door)
        self.features = Features(self.world)
        self.switchboard = Switchboard(self.world, self.features)
        self._port = port
        self._noise = Identity()
        self._certificate = Certificate(*HOSTS)
        self._folder = TemporaryDirectory(prefix="simulated-whatsapp-")
        hosts = Hosts(self._answer_call, self._serve_file)
        self._proxy = Proxy(self.world, hosts, tls_context(self._certificate))

    async def __aenter__(self) -> Self:
        self._certificate_file.write_bytes(self._certificate.certificate_pem)
        await self._proxy.start(self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in list(self.switchboard.connections):
            connection.abort()
        await self._proxy.stop()
        self._folder.cleanup()

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self._proxy.port}"

    @property
    def _certificate_file(self) -> Path:
        return Path(self._folder.name) / "certificate.pem"

    def environment(self) -> dict[str, str]:
        """Variables for an unmodified program. They must be there when it starts: Go reads them before Python can."""
        return {
            "PYTHONPATH": str(HOOK),
            "SSL_CERT_FILE": str(self._certificate_file),
            "HTTPS_PROXY": self.proxy_url,
            "NO_PROXY": _LOOPBACK,
            NOISE_KEY: self._noise.root.public.hex(),
        }

    def usage(self) -> dict[str, float | int]:
        """What this process costs: resident bytes, processor seconds, open connections."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "rss": pages * os.sysconf("SC_PAGE_SIZE"),
            "cpu": used.ru_utime + used.ru_stime,
            "connections": len(self.switchboard.connections),
            "at": time.time(),
        }

    def _answer_call(self, socket: WebSocket) -> Connection:
        return Connection(self.world, self._noise, self.switchboard, socket)

    def _serve_file(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        return self.features.media.http(method, target, headers, body)
