"""Every recorded exchange of the Instance Manager's API, replayed against a running process on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import exchanges
from tests.contract.stage import Stage
from tests.served import SHARED, Served

FOLDER = Path(__file__).parent
pytestmark = SHARED


@pytest.mark.parametrize("name", exchanges.stories(FOLDER))
async def test_the_gateway_answers_as_recorded(name: str, served: Served) -> None:
    await Stage(served, own_tenant=True).tell(exchanges.read(FOLDER, name))


async def test_every_route_has_a_recorded_exchange(served: Served) -> None:
    async with served.client() as client:
        document = (await client.get("/docs/openapi.json")).json()
    routes = [
        (method, path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path == "/api/v1" or path.startswith("/api/v1/") or operation.get("tags") == ["programs"]
    ]
    assert len(routes) > 25
    assert exchanges.unrecorded(FOLDER, routes) == []
