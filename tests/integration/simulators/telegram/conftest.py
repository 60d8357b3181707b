"""A simulator, a bot in it, somebody to talk to, and the real aiogram client on the other end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.simulators.telegram import Bot, Limits, TelegramSimulator, User

SMALL = Limits(upload=300_000, download=200_000, photo=100_000)


class QuickSession(AiohttpSession):
    """aiogram's session without the quarter second it waits for TLS to close; there is no TLS here."""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator(limits=SMALL, allow_http=True, webhook_retry_delay=0.01) as simulator:
        yield simulator


@pytest.fixture
async def session(telegram: TelegramSimulator) -> AsyncIterator[AiohttpSession]:
    async with QuickSession(api=TelegramAPIServer.from_base(telegram.base_url), limit=0) as opened:
        yield opened


@pytest.fixture
def account(telegram: TelegramSimulator) -> Bot:
    """The bot as Telegram sees it."""
    return telegram.add_bot(name="Helper")


@pytest.fixture
def client(account: Bot, session: AiohttpSession) -> Aiogram:
    """The bot as its program sees it."""
    return Aiogram(account.token, session=session)


@pytest.fixture
def ann(telegram: TelegramSimulator, account: Bot) -> User:
    """Somebody who has started the bot; the update of that is confirmed already."""
    person = telegram.add_person("Ann", username="ann_in_berlin")
    telegram.people.opens(person, account)
    return person
