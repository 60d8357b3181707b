from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.conftest import Until
from tests.e2e.shop import Shop, add_bot
from tests.served import Served


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """The admin's client of a shared gateway; for tests marked `SHARED`."""
    async with served.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def shop(served: Served, api: httpx.AsyncClient, until: Until) -> Shop:
    """A connected bot of that gateway."""
    made = await add_bot(api, served.telegram, served.receiver, hook=served.new_path())
    await until(lambda: made.deliveries("connection_opened"))
    return made
