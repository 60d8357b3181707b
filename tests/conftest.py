"""Fixtures that every suite may use; each starts the real thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

import tests.quick_aiogram  # before anything else imports aiogram
import tests.quiet_neonize  # noqa: F401  # before anything else imports neonize
from tests.databases import (
    database_url,
    postgres_server,
    postgres_template,
    postgres_url,
    sqlite_template,
    sqlite_url,
)
from tests.order import dealt
from tests.running import RunningGateway, running_gateway
from tests.served import processes, served
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

__all__ = [
    "database_url",
    "postgres_server",
    "postgres_template",
    "postgres_url",
    "processes",
    "served",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSimulator]:
    """A Telegram of the test's own. It accepts any well-formed token."""
    async with TelegramSimulator(open_door=True, allow_http=True) as simulator:
        yield simulator


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody's webhook endpoint, which can misbehave."""
    async with Receiver() as simulator:
        yield simulator


@pytest.fixture
async def gateway(tmp_path: Path, database_url: str, telegram: TelegramSimulator) -> AsyncIterator[RunningGateway]:
    """A whole gateway in this event loop, on SQLite and on PostgreSQL, speaking to the simulated Telegram."""
    async with running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as running:
        yield running


Until = Callable[[Callable[[], Awaitable[object] | object]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """`await until(condition)`: return when the condition, plain or async, holds; fail after 30 s."""

    async def wait(condition: Callable[[], Awaitable[object] | object]) -> None:
        async with asyncio.timeout(30):
            while True:
                answer = condition()
                if isinstance(answer, Awaitable):
                    answer = await answer
                if answer:
                    return
                await asyncio.sleep(0.01)

    return wait


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What the product runs on, for the tests too."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(trylast=True)  # after pytest has put tests of the same fixtures together
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests first, on every worker alike."""
    worker: dict[str, int] | None = getattr(config, "workerinput", None)
    if worker is not None:
        items[:] = dealt(items, worker["workercount"])
