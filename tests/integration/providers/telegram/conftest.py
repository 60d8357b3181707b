"""A Telegram simulator, a bot, Ann who may write to it, and our provider on the other side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from gateway.domain.instances import Credentials
from gateway.providers.telegram import TelegramProvider
from gateway.settings import Settings
from tests.seam import Seam
from tests.simulators.telegram import Bot, TelegramSimulator, User


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged; also keeps tracebacks, which some tests cause by the dozen, from being drawn."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator(webhook_retry_delay=0.01, allow_http=True) as simulator:
        yield simulator


@pytest.fixture
def bot(telegram: TelegramSimulator) -> Bot:
    return telegram.add_bot(name="Shop")


@pytest.fixture
def ann(telegram: TelegramSimulator, bot: Bot) -> User:
    person = telegram.add_person("Ann", username="ann")
    telegram.people.opens(person, bot)
    return person


@pytest.fixture
async def provider(telegram: TelegramSimulator) -> AsyncIterator[TelegramProvider]:
    made = TelegramProvider(Settings(telegram_api_base=telegram.base_url), poll_seconds=1)
    yield made
    await made.aclose()


@pytest.fixture
def credentials(provider: TelegramProvider, bot: Bot) -> Credentials:
    return provider.check({"token": bot.token})


@pytest.fixture
def seam() -> Seam:
    return Seam()
