"""Every recorded exchange, replayed against a whole gateway on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import exchanges
from tests.contract.stage import Stage
from tests.running import RunningGateway
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

OURS = ("/api/instances", "/api/whatsapp", "/api/stats", "/api/health", "/health", "/ready", "/metrics", "/hooks")


FOLDER = Path(__file__).parent


@pytest.mark.parametrize("name", exchanges.stories(FOLDER))
async def test_the_gateway_answers_as_recorded(
    name: str, gateway: RunningGateway, telegram: TelegramSimulator, receiver: Receiver
) -> None:
    await Stage(gateway.base_url, telegram, receiver).tell(exchanges.read(FOLDER, name))


async def test_every_route_has_a_recorded_exchange(gateway: RunningGateway) -> None:
    async with gateway.client() as client:
        document = (await client.get("/docs/openapi.json")).json()
    routes = [(method, path) for path, item in document["paths"].items() for method in item if path.startswith(OURS)]
    assert len(routes) > 40
    assert exchanges.unrecorded(FOLDER, routes) == []
