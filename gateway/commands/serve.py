"""`serve`: the gateway, until a signal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.app import make_app
from gateway.kit.log import get_logger
from gateway.kit.logbook import Logbook
from gateway.kit.memory import return_large_blocks
from gateway.runtime import running
from gateway.server import make_server, stop_when
from gateway.services.first_admin import FirstAdmin
from gateway.settings import Settings

log = get_logger(__name__)


async def serve(settings: Settings, book: Logbook) -> int:
    """Run until SIGTERM or SIGINT. Returns 0, or 1 when the address is taken or the database became another's.

    `book` is where the log is kept; it gets its file here, when no other gateway can be writing to it.
    """
    return_large_blocks()
    async with running(settings, book=book) as gateway:
        _give_file(book, settings.log_path)
        server = make_server(make_app(gateway), settings, before_shutdown=gateway.services.let_go)
        guard = asyncio.create_task(stop_when(gateway.lock_lost, server))
        address = f"http://{_host(settings)}:{settings.port}"
        if gateway.first_admin is not None:
            _welcome(address, gateway.first_admin)
        log.info("serving", address=address, database=gateway.services.health.database)
        try:
            await server.serve()
        except SystemExit:
            # uvicorn's answer to an address that is taken or not ours; everything that was started still ends in order.
            print(f"Cannot listen on {settings.host}:{settings.port}; set HOST or PORT.", file=sys.stderr)
            return 1
        finally:
            guard.cancel()
    log.info("stopped")
    return 1 if gateway.lock_lost.is_set() else 0


def _give_file(book: Logbook, path: Path | None) -> None:
    if path is None:
        return
    try:
        book.write_to(path)
    except OSError as error:
        log.warning("log_file_unavailable", path=str(path), reason=error.strerror)


def _welcome(address: str, admin: FirstAdmin) -> None:
    """The generated secrets go to the terminal, this once, and to no log."""
    lines = [
        "",
        "  The gateway runs for the first time. Its administrator:",
        "",
        f"    address   {address}",
        f"    API docs  {address}/docs",
        f"    e-mail    {admin.user.email}",
        f"    password  {admin.password or '(as set in ADMIN_PASSWORD)'}",
        f"    API key   {admin.api_key or '(as set in ADMIN_API_KEY)'}",
        "",
        "  These are shown this once. Keep them.",
        "",
    ]
    print("\n".join(lines), flush=True)


def _host(settings: Settings) -> str:
    return "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
