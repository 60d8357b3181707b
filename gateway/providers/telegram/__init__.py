"""Telegram bots, over the Bot API.

Importing this package, checking a configuration and opening a session cost nothing: aiogram (some 60 MiB and half a
second) is imported in a thread when the first session runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.domain.instances import Credentials, ProviderName
from gateway.providers.contract import BadCredentials, SessionContext
from gateway.providers.telegram.config import check_config, is_token
from gateway.providers.telegram.session import TelegramSession
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.providers.telegram.client import BotClient
    from gateway.providers.telegram.shared import SharedBots

POLL_SECONDS = 30
"""How long Telegram holds a poll that has nothing to tell. It allows up to 50."""


class TelegramProvider:
    """Every Telegram bot of this process; they share one Dispatcher and one connection pool."""

    name = ProviderName.TELEGRAM

    def __init__(self, settings: Settings, *, poll_seconds: int = POLL_SECONDS) -> None:
        self._api_base = settings.telegram_api_base
        self._local = settings.telegram_local
        self._poll_seconds = poll_seconds
        self._opening = asyncio.Lock()
        self._shared: SharedBots | None = None

    def check(self, config: Mapping[str, object]) -> Credentials:
        """Credentials from `token`, `mode`, ...; see `config`. Raises InvalidInput naming the field."""
        return check_config(config)

    def open(self, context: SessionContext) -> TelegramSession:
        """A session that has not contacted anybody yet."""
        return TelegramSession(context, self._client, poll_seconds=self._poll_seconds)

    async def aclose(self) -> None:
        """Close the connections all bots shared."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.aclose()

    async def _client(self, token: str) -> BotClient:
        if not is_token(token):
            raise BadCredentials("not_a_token", "This is no bot token at all; give the instance one from @BotFather.")
        async with self._opening:
            if self._shared is None:
                self._shared = await asyncio.to_thread(_open_shared, self._api_base, self._local)
        return self._shared.client(token)


def _open_shared(api_base: str, local: bool) -> SharedBots:
    from gateway.providers.telegram import library

    library.load()  # before anything else imports aiogram
    from gateway.providers.telegram.shared import SharedBots

    return SharedBots(api_base, local=local)
