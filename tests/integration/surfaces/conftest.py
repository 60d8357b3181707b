"""Surface A's routers in a real Litestar app over a real database, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar
from litestar.types import ASGIApp

from gateway.settings import Settings
from gateway.surfaces.api import auth, users
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS
from gateway.surfaces.http import edge
from tests.clock import ManualClock
from tests.integration.services.conftest import Gate, clock, gate_over, opened, settings

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
