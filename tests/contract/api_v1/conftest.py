"""One gateway process for each database and module: stories of their own tenants do not see each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.postgres import PostgresServer, fresh_database
from tests.process import GatewayProcess, gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telegram() -> AsyncIterator[TelegramSimulator]:
    """A Telegram for all stories of a module."""
    async with TelegramSimulator(open_door=True, allow_http=True) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody's webhook endpoint."""
    async with Receiver() as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, telegram: TelegramSimulator
) -> AsyncIterator[GatewayProcess]:
    """A gateway process on SQLite and then one on PostgreSQL."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    if request.param == "sqlite":
        async with gateway_process(
            folder, f"sqlite:///{folder / 'gateway.db'}", TELEGRAM_API_BASE=telegram.base_url
        ) as running:
            yield running
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    async with (
        fresh_database(server) as url,
        gateway_process(folder, url, TELEGRAM_API_BASE=telegram.base_url) as running,
    ):
        yield running
