"""HTTP/1.1 for simulators that must not be the bottleneck: a bare asyncio protocol over llhttp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httptools

OnRequest = Callable[["Wire", str, str, dict[str, str], bytes], None]
"""Gets the connection, the method, the target as it was sent, the headers in lower case and the body."""


class Wire(asyncio.Protocol):
    """One connection. Answers are written to `transport` by whoever takes the requests."""

    transport: asyncio.Transport

    def __init__(self, on_request: OnRequest, opened: Callable[[Wire], None], closed: Callable[[Wire], None]) -> None:
        self._on_request = on_request
        self._opened = opened
        self._closed = closed
        self._parser: Any = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._writable = asyncio.Event()
        self._writable.set()

    async def drained(self) -> None:
        """Wait until the other side has read enough of what was written, or has gone."""
        await self._writable.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        self._closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            self.transport.abort()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = {}
        self._body = []

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = self._parser.get_method().decode()
        self._on_request(self, method, self._target.decode("latin-1"), self._headers, body)
