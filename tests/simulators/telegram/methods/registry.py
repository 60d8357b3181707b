"""How a method is found by name, and what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import ClientSession
from msgspec import Struct

from tests.simulators.telegram.params import Params
from tests.simulators.telegram.state import Bot, Chat, Message
from tests.simulators.telegram.wire import Wire
from tests.simulators.telegram.world import World


class Host(Protocol):
    """What methods need of the running simulator."""

    @property
    def http(self) -> ClientSession:
        """For fetching media by URL."""

    def start_webhook(self, bot: Bot) -> None:
        """Begin delivering to the webhook the bot has just set."""


class Call(Struct):
    """One method call: who asks, with what."""

    world: World
    bot: Bot
    params: Params
    host: Host
    remark: str | None = None
    """`description` of a successful answer; setWebhook and deleteWebhook have one."""

    def chat_to_write(self) -> Chat:
        """The chat named by `chat_id`, if this bot may send there."""
        return self.world.chat_to_write(self.bot, self.params.text("chat_id"))

    def chat(self) -> Chat:
        """The chat named by `chat_id`, if this bot knows it."""
        return self.world.chat_seen_by(self.bot, self.params.text("chat_id"))

    def shown(self, message: Message) -> Wire:
        """A stored message as this bot sees it."""
        seen: Wire = self.world.files.seen_by(self.bot.id, message.wire)
        return seen


# Any: results are booleans, numbers, objects and lists, as the Bot API has them.
Method = Callable[[Call], Awaitable[Any]]
_METHODS: dict[str, Method] = {}


def method(name: str) -> Callable[[Method], Method]:
    """Register a handler under the Bot API's name; names are case-insensitive on the wire."""

    def register(handler: Method) -> Method:
        _METHODS[name.lower()] = handler
        return handler

    return register


def lookup(name: str) -> Method | None:
    """The handler of a method, or None when Telegram has no such method."""
    return _METHODS.get(name.lower())
