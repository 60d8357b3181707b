"""The HTTP server: uvicorn with uvloop and httptools, embedded, with one worker: the sessions live in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn

from gateway.kit.log import get_logger
from gateway.settings import Settings

log = get_logger(__name__)


class Server(uvicorn.Server):
    """Ends gracefully on the first SIGTERM or SIGINT and at once on the second.

    `before_shutdown` is called when it begins to end: whoever answers without end stops then.
    """

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What uvicorn does when it ends."""
        self._before_shutdown()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what `signal` hands to a handler
        if self.should_exit:
            # Somebody is in a hurry. Nothing acknowledged is lost: the next start does what this one left.
            os._exit(128 + sig)
        log.info("stopping", signal=signal.Signals(sig).name)
        self.should_exit = True


def make_server(
    app: Callable[..., Awaitable[None]], settings: Settings, *, before_shutdown: Callable[[], None]
) -> Server:
    """A server for the settings' address; `await server.serve()` runs it until a signal."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, int(settings.shutdown_timeout / 3)),
    )
    return Server(config, before_shutdown)


async def stop_when(event: asyncio.Event, server: Server) -> None:
    """Stop the server when an event is set."""
    await event.wait()
    server.should_exit = True
