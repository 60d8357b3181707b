"""Every recorded exchange, replayed against a running gateway process on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import exchanges
from tests.contract.stage import Stage
from tests.served import SHARED, Served

pytestmark = SHARED

OURS = (
    *("/api/instances", "/api/whatsapp", "/api/stats", "/api/db", "/api/health"),
    *("/health", "/ready", "/metrics", "/hooks"),
)

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("name", exchanges.stories(FOLDER))
async def test_the_gateway_answers_as_recorded(name: str, served: Served) -> None:
    await Stage(served).tell(exchanges.read(FOLDER, name))


async def test_every_route_has_a_recorded_exchange(served: Served) -> None:
    async with served.client() as client:
        document = (await client.get("/docs/openapi.json")).json()
    routes = [(method, path) for path, item in document["paths"].items() for method in item if path.startswith(OURS)]
    assert len(routes) > 40
    assert exchanges.unrecorded(FOLDER, routes) == []
