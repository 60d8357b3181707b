"""A gate on the road to a gateway: everything passes at once, except messages, which wait until it is opened.

The printed Python example makes an instance and sends with it in one go. Somebody has to scan the code in between, and
a slow road is how the example gives them the time without being changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiohttp import web

from tests.process import NO_TLS


class Gate:
    """Listens at `url`; `opened.set()` opens it."""

    def __init__(self, gateway: httpx.AsyncClient) -> None:
        self.url = ""
        self.opened = asyncio.Event()
        self._gateway = gateway

    async def passes(self, request: web.Request) -> web.Response:
        """One request, as it came."""
        if request.path.endswith("/send"):
            await self.opened.wait()
        answer = await self._gateway.request(
            request.method,
            str(request.rel_url),
            content=await request.read(),
            headers={name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_HOP},
        )
        return web.Response(
            status=answer.status_code, body=answer.content, headers={"Content-Type": answer.headers["content-type"]}
        )


_OF_THE_HOP = frozenset({"host", "connection", "content-length", "accept-encoding"})


@asynccontextmanager
async def gate(base_url: str) -> AsyncIterator[Gate]:
    """A closed gate before the gateway at `base_url`. It brings no credential of its own."""
    async with httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False, verify=NO_TLS) as gateway:
        made = Gate(gateway)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.passes)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            made.url = f"http://{host}:{port}"
            yield made
        finally:
            await runner.cleanup()
