"""What all bots of the process share: one aiogram Dispatcher and one HTTP session without a connection limit.

A session of its own would cost each bot 687 KiB and 11 ms (an SSL context); the usual limit of 100 connections would
make a send wait until one of a hundred long polls ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramEntityTooLarge, TelegramRetryAfter, TelegramServerError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import TelegramObject, Update

from gateway.providers.telegram.client import BotClient
from gateway.providers.telegram.config import UPDATE_KINDS

_TIMEOUT = 60.0  # seconds for one call; polls and uploads ask for more
_UNSAID_WAIT = 5  # seconds to wait after a 429 that does not say how long


class SharedBots:
    """Makes clients that share one connection pool and one Dispatcher. Close it after the last client is done."""

    def __init__(self, api_base: str, *, local: bool) -> None:
        server = TelegramAPIServer.from_base(api_base, is_local=local)
        self._session = BotApiSession(api=server, limit=0, timeout=_TIMEOUT)
        # Without its state machine: conversations are the customer's business, and it would keep every user in memory.
        self._dispatcher = Dispatcher(disable_fsm=True)
        for kind in UPDATE_KINDS:
            self._dispatcher.observers[kind].register(_hand_over)

    def client(self, token: str) -> BotClient:
        """A bot's own client; costs a few hundred bytes."""
        return BotClient(Bot(token, session=self._session), self._dispatcher)

    async def aclose(self) -> None:
        """Close the connections of every bot."""
        await self._session.close()


async def _hand_over(_event: TelegramObject, event_update: Update, tell: Callable[[Update], Awaitable[None]]) -> None:
    # What `tell` raises goes through the Dispatcher to whoever fed the update, so that it is not acknowledged.
    await tell(event_update)


class BotApiSession(AiohttpSession):
    """aiogram's session, with answers that no Bot API server gives on a good day told apart by their status.

    aiogram calls every body that is not its JSON a decoding error and looks into a description that may be missing.
    """

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """The parsed answer, or the exception of its status."""
        try:
            response = super().check_response(bot=bot, method=method, status_code=status_code, content=content)
        except (ClientDecodeError, TypeError) as error:  # TypeError: aiogram searches a description of None
            named = _named_by_status(method, status_code)
            problem: Exception = error if named is None else named
        else:
            return response
        raise problem

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's own signature
    ) -> TelegramType:
        """One call; a body that is no text in its own charset counts as undecodable too."""
        try:
            return await super().make_request(bot, method, timeout)
        except (UnicodeDecodeError, LookupError) as error:
            problem = ClientDecodeError("Failed to decode text", error, None)
        raise problem


def _named_by_status(method: TelegramMethod[Any], status: int) -> Exception | None:
    if status == 429:
        return TelegramRetryAfter(method=method, message="Too Many Requests", retry_after=_UNSAID_WAIT)
    if status == 413:
        return TelegramEntityTooLarge(method=method, message="Request Entity Too Large")
    if status >= 500:
        return TelegramServerError(method=method, message=f"HTTP {status}")
    return None
