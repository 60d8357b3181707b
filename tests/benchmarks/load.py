"""A load generator that costs little: one GET again and again on keep-alive connections, over bare asyncio protocols.

An HTTP client library would be slower than the servers it is to measure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import cast

_LENGTH = b"content-length: "


class _Caller(asyncio.Protocol):
    """Sends the request, reads the answer whole, sends it again."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.answers = 0
        self.failure: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end >= 0:
            at = buffer.find(_LENGTH, 0, end)
            length = int(buffer[at + len(_LENGTH) : buffer.find(b"\r\n", at)])
            if len(buffer) >= end + 4 + length:
                if not buffer.startswith(b"HTTP/1.1 200 "):
                    self.failure = buffer[: end + 4 + length].decode(errors="replace")
                self.answers += 1
                self._buffer = b""
                assert self._transport is not None
                self._transport.write(self._request)
                return
        self._buffer = buffer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def answers_per_second(
    port: int, path: str, headers: Mapping[str, str], *, connections: int, seconds: float
) -> float:
    """How many answers a second a server gives to so many callers that each ask again as soon as they are answered.

    Raises AssertionError when any answer is not a 200.
    """
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda: _Caller(request), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    before, began = sum(each.answers for each in callers), perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(each.answers for each in callers) - before) / (perf_counter() - began)
    failures = [each.failure for each in callers if each.failure is not None]
    for each in callers:
        each.close()
    assert not failures, failures[0]
    assert rate > 0, "nothing was answered"
    return rate
