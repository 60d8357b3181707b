"""The way in: an HTTP proxy whose CONNECT tunnels all end here, whatever host was asked for, behind our certificate."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from tests.simulators.certificates import Certificate
from tests.simulators.whatsapp.tunnel import Hosts, Tunnel
from tests.simulators.whatsapp.world import World

HOSTS = ("web.whatsapp.com", "*.whatsapp.com", "*.whatsapp.net", "*.cdn.whatsapp.net", "whatsapp.com", "localhost")

_BACKLOG = 1024
_HANDSHAKE_SECONDS = 30.0
_MOST_HEADER = 16_384


def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """Offers HTTP/1.1 alone: clients offer HTTP/2 too, which has no WebSocket upgrade."""
    context = certificate.server_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Proxy:
    """Listens on a loopback port once started."""

    def __init__(self, world: World, hosts: Hosts, context: ssl.SSLContext) -> None:
        self.world = world
        self.hosts = hosts
        self.context = context
        self.port = 0
        self.handshakes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(self), "127.0.0.1", port, backlog=_BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for handshake in list(self.handshakes):
            handshake.cancel()


class _Caller(asyncio.Protocol):
    """A connection before its tunnel is open."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none by name

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        if b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MOST_HEADER:
                self._transport.abort()
            return
        method, target, *_ = self._buffer.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        world = self._proxy.world
        if method != "CONNECT":
            self._refuse("405 Method Not Allowed")
            return
        world.stats[f"connect {target}"] += 1
        if world.faults.take("refuse_connect") is not None:
            self._refuse("503 Service Unavailable")
            return
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._transport.pause_reading()
        handshake = asyncio.get_running_loop().create_task(self._secure(self._transport))
        self._proxy.handshakes.add(handshake)
        handshake.add_done_callback(self._proxy.handshakes.discard)

    def _refuse(self, status: str) -> None:
        assert self._transport is not None
        self._transport.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        self._transport.close()

    async def _secure(self, transport: asyncio.Transport) -> None:
        tunnel = Tunnel(self._proxy.hosts)
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                tunnel,
                self._proxy.context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except (OSError, ssl.SSLError) as error:
            # Tests look for this line when a client does not trust us.
            self._proxy.world.stats["tls refused"] += 1
            self._proxy.world.log("TLS handshake failed:", repr(error))
            transport.abort()
            return
        if secured is None:  # the client hung up right after the handshake
            return
        tunnel.connection_made(secured)
