from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from gateway.client import ApiClient, ManagerClient
from tests.process import ADMIN_KEY
from tests.served import Served


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Connections that no proxy of the environment is in the way of."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served, http: httpx.AsyncClient) -> AsyncIterator[ApiClient]:
    """The administrator's client of `/api` at a shared gateway."""
    async with ApiClient(served.gateway.base_url, api_key=ADMIN_KEY, http=http) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def manager(served: Served, http: httpx.AsyncClient) -> AsyncIterator[ManagerClient]:
    """The administrator's client of `/api/v1` there."""
    async with ManagerClient(served.gateway.base_url, api_key=ADMIN_KEY, http=http) as client:
        yield client
