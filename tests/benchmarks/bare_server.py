"""`python -m tests.benchmarks.bare_server PORT`: the body on standard input, served by a bare Litestar handler.

The same Struct is encoded for each answer, by the same server with the same configuration as the gateway's.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec
import uvloop
from litestar import Litestar, get

from gateway.server import make_server
from gateway.settings import Settings
from gateway.surfaces.api.schemas.instances import ShownInstance


async def serve(port: int, shown: ShownInstance) -> None:
    """Until SIGTERM."""

    @get("/")
    async def show() -> ShownInstance:
        return shown

    # Litestar's signature model looks the annotations up in the module; a local class would not be found there.
    app: Any = Litestar([show], openapi_config=None, logging_config=None)
    settings = Settings.from_env({"PORT": str(port), "HOST": "127.0.0.1", "DATA_DIR": "/nonexistent"})
    await make_server(app, settings, before_shutdown=lambda: None).serve()


if __name__ == "__main__":
    body = msgspec.json.decode(sys.stdin.buffer.read(), type=ShownInstance)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), body))
