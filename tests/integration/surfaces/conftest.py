"""Surface A's routers in a real Litestar app over a real database, and a bot of a whole gateway; asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from litestar.types import ASGIApp

from gateway.settings import Settings
from gateway.surfaces.api import auth, users
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS
from gateway.surfaces.http import edge
from tests.clock import ManualClock
from tests.conftest import Until
from tests.e2e.shop import Shop, add_bot
from tests.integration.services.conftest import Gate, clock, gate_over, opened, settings
from tests.served import Served

__all__ = ["clock", "settings"]


@pytest.fixture
async def gate(sqlite_url: str, clock: ManualClock, settings: Settings) -> AsyncIterator[Gate]:
    async with opened(sqlite_url) as storage:
        yield gate_over(storage, clock, settings)


def app_over(gate: Gate) -> ASGIApp:
    """The app, wired like the composition root wires it."""
    app = Litestar([auth.router, users.router], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    app.state.services = gate
    return edge(app)


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """A client in the test's own event loop. (Litestar's test client runs the app in another one, where connections
    opened here are of no use.)"""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx spells the ASGI types its own way
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
async def http(gate: Gate) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_over(gate)) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """The admin's client of a gateway process; for tests marked `SHARED`."""
    async with served.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def shop(served: Served, api: httpx.AsyncClient, until: Until) -> Shop:
    """A connected bot of that gateway."""
    made = await add_bot(api, served.telegram, served.receiver, hook=served.new_path())
    await until(lambda: made.is_in("connected"))
    return made
