"""What runs inside the proxy's tunnels after TLS: HTTP/1.1. A WebSocket is the chat, the rest is the media host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, Protocol, cast

from tests.simulators.whatsapp.websocket import WebSocket, accept_key
from tests.simulators.whatsapp.world import HttpAnswer

_WRITE_BUFFER = 4 << 20  # bytes; a flood is written in bursts


class Line(Protocol):
    """Whoever listens on a WebSocket."""

    def receive(self, data: bytes) -> None: ...

    def lost(self) -> None: ...


class Hosts(NamedTuple):
    """What stands behind the tunnels."""

    chat: Callable[[WebSocket], Line]
    files: Callable[[str, str, Mapping[str, str], bytes], HttpAnswer]


class Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Tunnel(asyncio.Protocol):
    """One tunnel. Give it to `start_tls`, then call `connection_made` with the transport that returned."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._socket: WebSocket | None = None
        self._line: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none by name
        self._transport.set_write_buffer_limits(_WRITE_BUFFER)
        self._serve()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._line is not None:
            self._line.lost()

    def data_received(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.feed(data)
            return
        self._buffer += data
        if self._transport is not None:  # with TLS 1.3 resumption a request can arrive before start_tls() returned
            self._serve()

    def _serve(self) -> None:
        assert self._transport is not None
        while (request := self._next()) is not None:
            if request.headers.get("upgrade", "").lower() == "websocket":
                self._upgrade(request)
                return
            answer = self._hosts.files(request.method, request.target, request.headers, request.body)
            head = (
                f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
                f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n\r\n"
            )
            self._transport.write(head.encode() + answer.body)

    def _upgrade(self, request: Request) -> None:
        assert self._transport is not None
        proof = accept_key(request.headers["sec-websocket-key"])
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._transport.write(f"{head}Sec-WebSocket-Accept: {proof}\r\n\r\n".encode())
        self._socket = WebSocket(self._transport, lambda data: self._line.receive(data) if self._line else None)
        self._line = self._hosts.chat(self._socket)
        early, self._buffer = bytes(self._buffer), bytearray()
        if early:
            self._socket.feed(early)

    def _next(self) -> Request | None:
        """The next whole request; Go's client always sends a length here."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        start = end + 4
        size = int(headers.get("content-length", "0"))
        if len(self._buffer) < start + size:
            return None
        body = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        method, target, _ = first.split(" ")
        return Request(method, target, headers, body)
