from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.webhooks.outlet import Outlet, open_outlet
from tests.simulators.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as simulator:
        yield simulator


@pytest.fixture
async def outlet(database_url: str, receiver: Receiver) -> AsyncIterator[Outlet]:
    """Store, outbox and dispatcher over a fresh database, on SQLite and on PostgreSQL, with a clock that obeys."""
    async with open_outlet(database_url, receiver) as opened:
        yield opened
