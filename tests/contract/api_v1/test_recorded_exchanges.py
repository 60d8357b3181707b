"""Every recorded exchange of the Instance Manager's API, replayed against a running process on each database."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.contract import exchanges
from tests.contract.stage import Stage
from tests.process import GatewayProcess
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

FOLDER = Path(__file__).parent
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", exchanges.stories(FOLDER))
async def test_the_gateway_answers_as_recorded(
    name: str, process: GatewayProcess, telegram: TelegramSimulator, receiver: Receiver
) -> None:
    stage = Stage(process.base_url, telegram, receiver, own_tenant=True)
    stage.names["port"] = str(process.port)
    stage.names["base"] = process.base_url
    await stage.tell(exchanges.read(FOLDER, name))


async def test_every_route_has_a_recorded_exchange(process: GatewayProcess) -> None:
    async with httpx.AsyncClient(base_url=process.base_url, trust_env=False) as client:
        document = (await client.get("/docs/openapi.json")).json()
    routes = [
        (method, path)
        for path, item in document["paths"].items()
        for method in item
        if path == "/api/v1" or path.startswith("/api/v1/")
    ]
    assert len(routes) > 25
    assert exchanges.unrecorded(FOLDER, routes) == []
