"""Whether WhatsApp can be reached, asked through real proxies on this machine."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.providers.whatsapp.dial import reachable

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_proxy(answer: Answer) -> AsyncIterator[str]:
    """A proxy's host and port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def saying(line: bytes, heard: list[bytes] | None = None) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        writer.write(line)
        await writer.drain()

    return answer


async def test_a_proxy_that_connects_is_good() -> None:
    heard: list[bytes] = []
    async with a_proxy(saying(b"HTTP/1.1 200 Connection established\r\n\r\n", heard)) as where:
        assert await reachable(f"http://us%40er:p%3Ass@{where}") is None
    assert heard[0].startswith(b"CONNECT web.whatsapp.com:443 HTTP/1.1\r\nHost: web.whatsapp.com:443\r\n")
    assert b"Basic " + base64.b64encode(b"us@er:p:ss") in heard[0]


async def test_a_proxy_may_be_written_without_its_scheme() -> None:
    async with a_proxy(saying(b"HTTP/1.1 200 OK\r\n\r\n")) as where:
        assert await reachable(where) is None


@pytest.mark.parametrize(
    ("line", "why"), [(b"HTTP/1.1 503 No way\r\n\r\n", "503 No way"), (b"", "closed"), (b"\r\n", "closed")]
)
async def test_a_proxy_that_does_not_connect_is_told(line: bytes, why: str) -> None:
    async with a_proxy(saying(line)) as where:
        said = await reachable(f"http://me:secret@{where}")
    assert said == f"The proxy does not connect to web.whatsapp.com ({'HTTP/1.1 ' if b'503' in line else ''}{why})."


async def test_a_proxy_that_never_answers_is_given_up() -> None:
    leave = asyncio.Event()

    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await leave.wait()

    async with a_proxy(silent) as where:
        said = await reachable(f"http://{where}", within=0.05)
        leave.set()
    assert said is not None
    assert "did not answer" in said


async def test_nothing_listening_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can listen there meanwhile
        said = await reachable(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert said is not None
    assert "cannot be reached" in said


async def test_a_socks_proxy_that_listens_is_taken_at_its_word() -> None:
    async def any_(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        return

    async with a_proxy(any_) as where:
        assert await reachable(f"socks5://{where}") is None
