"""Whether WhatsApp can be reached at all, asked before Go is: a start of neonize that fails costs memory for good.

Each start leaves a connection pool of SQLite behind (some 0.4 MB and three descriptors), so during an outage the
gateway knocks with a plain socket and starts nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from urllib.parse import SplitResult, unquote, urlsplit

HOST = "web.whatsapp.com"
PORT = 443
TIMEOUT = 10.0


async def reachable(proxy: str | None, *, within: float = TIMEOUT) -> str | None:
    """None when a connection comes about `within` so many seconds, else one sentence about why not."""
    through = proxy or os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    try:
        async with asyncio.timeout(within):
            return await _knock(through)
    except TimeoutError:
        return f"{HOST} did not answer within {within:.0f} s."
    except (OSError, ValueError) as error:
        return f"{HOST} cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})."


async def _knock(proxy: str | None) -> str | None:
    if not proxy:
        _, writer = await asyncio.open_connection(HOST, PORT)
        await _close(writer)
        return None
    where = urlsplit(proxy if "://" in proxy else f"http://{proxy}")  # the variable is often set without a scheme
    ports = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
    reader, writer = await asyncio.open_connection(where.hostname, where.port or ports.get(where.scheme, 80))
    try:
        if where.scheme != "http":
            return None  # a TLS or SOCKS proxy that listens is taken at its word
        writer.write(f"CONNECT {HOST}:{PORT} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\n{_authorization(where)}\r\n".encode())
        answer = await reader.readline()
        words = answer.split()
        if len(words) < 2 or words[1] != b"200":
            return f"The proxy does not connect to {HOST} ({answer.decode(errors='replace').strip() or 'closed'})."
        return None
    finally:
        await _close(writer)


def _authorization(where: SplitResult) -> str:
    if where.username is None:
        return ""
    token = base64.b64encode(f"{unquote(where.username)}:{unquote(where.password or '')}".encode()).decode()
    return f"Proxy-Authorization: Basic {token}\r\n"


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
