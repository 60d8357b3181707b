from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.clients.programs import need
from tests.e2e.instance_manager.programs import Runner
from tests.e2e.whatsapp.town import Town, town
from tests.simulators.telegram import TelegramSimulator


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both: `parametrize("database_url", ["sqlite", "postgres"], indirect=True)`."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def place(tmp_path: Path, database_url: str, telegram: TelegramSimulator) -> AsyncIterator[Town]:
    """A town with both networks and one gateway."""
    for program in ("bash", "curl", "jq", "node"):
        need(program)
    async with town(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as started:
        yield started


@pytest.fixture
def runner(place: Town, tmp_path: Path, database_url: str) -> Runner:
    """The documents, run against that gateway."""
    return Runner(tmp_path, place.gateway.base_url, database_url)
