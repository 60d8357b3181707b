"""Gateways that many tests share: a real process on each database, started when first asked for, one set per worker.

A test that takes `served` runs twice, in the event loop of the session (`pytestmark = SHARED`), and finds no instance:
those it made are deleted when it ends. Users it made stay; so it gives them addresses of their own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.postgres import PostgresServer, fresh_database
from tests.process import ADMIN_KEY, ANEW, NO_TLS, GatewayProcess, gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

__all__ = ["SHARED", "Processes", "Served", "processes", "served"]

SHARED = pytest.mark.asyncio(loop_scope="session")
LISTED_ORIGIN = "https://crm.example.com"
"""The one origin that browsers may call these gateways from."""
UPLOAD_LIMIT = 1024 * 1024
"""Bytes that a file may have there."""

SPOOL = "temporary"
"""The folder of such a gateway in which its temporary files would lie."""
JWT_SECRET = "a secret that only signs login tokens of tests"
SCHEDULES = {"AUTH_CHECK_CRON": "7 3 * * *", "USAGE_SAVE_CRON": "*/20 * * * *", "SYSTEM_METRICS_CRON": "*/7 * * * *"}
"""Jobs that these gateways run at other times than by default."""

_COUNT = itertools.count(1)


@dataclass(frozen=True)
class Served:
    """A gateway process on one database, the Telegram it speaks to, and an endpoint for its webhooks."""

    database: str
    """sqlite or postgres, as `/health` says."""
    gateway: GatewayProcess
    telegram: TelegramSimulator
    receiver: Receiver

    def client(self, key: str | None = ADMIN_KEY, *, token: str | None = None) -> httpx.AsyncClient:
        """An HTTP client: by default with the admin's API key; `key=None` for nobody; `token` for a bearer."""
        headers = {}
        if key is not None:
            headers["x-api-key"] = key
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(
            base_url=self.gateway.base_url, headers=headers, timeout=30, trust_env=False, verify=NO_TLS
        )

    async def new_user(self, **more: Any) -> dict[str, Any]:
        """Somebody of another tenant, with an address nobody had before: the answer to `POST /api/users`."""
        body = {"email": f"user{next(_COUNT)}@example.com", "password": "of another tenant", **more}
        async with self.client() as api:
            answer = await api.post("/api/users", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def warm_up(self) -> None:
        """Connect a bot once: a gateway loads a network's library with its first session, which takes seconds."""
        body = {"name": "first", "provider": "telegram", "token": self.telegram.add_bot().token}
        async with self.client() as api:
            made = (await api.post("/api/instances", json=body)).json()
            while not (await api.get(f"/api/instances/{made['id']}/status")).json()["ready"]:  # noqa: ASYNC110 - over HTTP nobody rings
                await asyncio.sleep(0.05)
            await api.delete(f"/api/instances/{made['id']}")

    def new_path(self) -> str:
        """A path of the receiver that no other test uses."""
        return f"/hook/{next(_COUNT)}"


class Processes:
    """The gateways of one worker."""

    def __init__(
        self,
        folder: Path,
        stack: AsyncExitStack,
        postgres: PostgresServer,
        telegram: TelegramSimulator,
        receiver: Receiver,
    ) -> None:
        self._folder = folder
        self._stack = stack
        self._postgres = postgres
        self._telegram = telegram
        self._receiver = receiver
        self._started: dict[str, Served] = {}

    async def on(self, database: str) -> Served:
        """The one on this kind of database."""
        if database not in self._started:
            folder = self._folder / database
            folder.mkdir()
            url = f"sqlite:///{folder / 'gateway.db'}"
            if database == "postgres":
                url = await self._stack.enter_async_context(fresh_database(self._postgres))
            (folder / SPOOL).mkdir()
            gateway = await self._stack.enter_async_context(
                gateway_process(
                    folder,
                    url,
                    ANEW,
                    TMPDIR=str(folder / SPOOL),
                    TELEGRAM_API_BASE=self._telegram.base_url,
                    CORS_ORIGIN=LISTED_ORIGIN,
                    MAX_UPLOAD_MB=str(UPLOAD_LIMIT // 1024 // 1024),
                    JWT_SECRET=JWT_SECRET,
                    **SCHEDULES,
                )
            )
            self._started[database] = Served(database, gateway, self._telegram, self._receiver)
            await self._started[database].warm_up()
        return self._started[database]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def processes(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> AsyncIterator[Processes]:
    async with (
        TelegramSimulator(open_door=True, allow_http=True) as telegram,
        Receiver() as receiver,
        AsyncExitStack() as stack,
    ):
        yield Processes(tmp_path_factory.mktemp("served"), stack, postgres_server, telegram, receiver)


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", "postgres"])
async def served(request: pytest.FixtureRequest, processes: Processes) -> AsyncIterator[Served]:
    """The test runs twice, against a shared process on SQLite and against one on PostgreSQL."""
    found = await processes.on(request.param)
    yield found
    async with found.client() as api:
        for each in (await api.get("/api/instances")).json()["instances"]:
            await api.delete(f"/api/instances/{each['id']}")
