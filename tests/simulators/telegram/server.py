"""The simulator as a server: `async with TelegramSimulator() as telegram`, then use `telegram.base_url`."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from tests.simulators.telegram.api import Api
from tests.simulators.telegram.control import Control
from tests.simulators.telegram.faults import Chaos, Fault
from tests.simulators.telegram.files import Limits
from tests.simulators.telegram.people import People
from tests.simulators.telegram.rooms import Rooms
from tests.simulators.telegram.state import Bot, Chat, Message, MethodCall, User
from tests.simulators.telegram.wire import Wire
from tests.simulators.telegram.world import World

_FIRST_PERSON = 5_000_001


class TelegramSimulator:
    """A Telegram of one's own on a loopback port.

    `open_door` accepts any well-formed token and any chat id, instead of only registered ones. `allow_http`
    takes plain http webhooks on any port, as a self-hosted Bot API server in local mode does.
    `webhook_retry_delay` is the wait in seconds after a webhook's first failure.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        open_door: bool = False,
        allow_http: bool = False,
        limits: Limits | None = None,
        webhook_retry_delay: float = 1.0,
    ) -> None:
        self.world = World(open_door=open_door, allow_http=allow_http, limits=limits)
        self.people = People(self.world)
        """What people do in chats."""
        self.rooms = Rooms(self.world)
        """What people do with chats."""
        self._host, self._port = host, port
        self._retry_delay = webhook_retry_delay
        self._api = Api(self.world, self)
        self._control = Control(self)
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        # The bare server, without an application: routing is two string comparisons here.
        self._server = web.Server(self._handle, handler_cancellation=True)
        await self.go_online()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hooks = [bot.webhook for bot in self.world.bots.values() if bot.webhook is not None]
        tasks = [hook.task for hook in hooks if hook.task is not None]
        for hook in hooks:
            hook.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.go_offline()
        if self._server is not None:
            await self._server.shutdown(timeout=1)
        if self._http is not None:
            await self._http.close()

    @property
    def base_url(self) -> str:
        """What to set as the Bot API's address, e.g. `http://127.0.0.1:40123`."""
        return f"http://{self._host}:{self._port}"

    @property
    def http(self) -> aiohttp.ClientSession:
        """The client Telegram itself uses: webhooks and media by URL."""
        if self._http is None:
            raise RuntimeError("the simulator is not running; enter it with `async with`")
        return self._http

    # Listening

    async def go_online(self) -> None:
        """Listen, on the same port as before if there was one."""
        if self._server is None:
            raise RuntimeError("the simulator is not running; enter it with `async with`")
        if self._listener is None:
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(
                self._server, self._host, self._port, backlog=2048, reuse_address=True
            )
            self._port = self._listener.sockets[0].getsockname()[1]

    async def go_offline(self) -> None:
        """Stop listening and cut every connection: the next connection is refused."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in self._server.connections if self._server else []:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    # Setting the scene

    def add_bot(self, token: str | None = None, *, name: str | None = None, reads_all: bool = True) -> Bot:
        """Register a bot, with a fresh token unless one is given. `reads_all=False` turns privacy mode on."""
        number = self.world.number()
        return self.world.add_bot(token or f"{700_000_000 + number}:SIM{number:032d}", name=name, reads_all=reads_all)

    def add_person(self, first_name: str = "Ann", *, username: str | None = None, user_id: int | None = None) -> User:
        """A person Telegram knows; bots know them only once they write."""
        person = User(
            id=user_id or _FIRST_PERSON + self.world.number(),
            first_name=first_name,
            username=username,
            language_code="en",
        )
        self.world.people[person.id] = person
        return person

    def revoke(self, bot: Bot) -> None:
        """The owner revoked the token: 401 from here on, for a waiting poll too at its next call."""
        bot.revoked = True
        if bot.webhook is not None:
            bot.webhook.stop()

    def fault(self, fault: Fault) -> None:
        """Owe one or more faulty answers."""
        self.world.faults.add(fault)

    def unleash(self, chaos: Chaos | None) -> None:
        """Start or stop chaos."""
        self.world.faults.unleash(chaos)

    # Looking

    def chat(self, bot: Bot, with_whom: User | Chat) -> Chat:
        """A private chat with a person, or the chat itself."""
        return with_whom if isinstance(with_whom, Chat) else self.world.dialog(bot, with_whom)

    def sent(self, bot: Bot, with_whom: User | Chat | None = None) -> list[Message]:
        """What the bot sent and did not delete, oldest first; everywhere or in one chat."""
        if with_whom is not None:
            chats = [self.chat(bot, with_whom)]
        else:
            dialogs = [chat for (bot_id, _), chat in self.world.dialogs.items() if bot_id == bot.id]
            chats = [*dialogs, *self.world.rooms.values()]
        return [message for chat in chats for message in chat.visible() if message.bot_id == bot.id]

    def texts(self, bot: Bot, with_whom: User | Chat | None = None) -> list[str]:
        """The texts, or captions, of what the bot sent."""
        return [str(m.wire.get("text", m.wire.get("caption", ""))) for m in self.sent(bot, with_whom)]

    def calls(self, bot: Bot, method: str | None = None) -> list[MethodCall]:
        """The bot's method log, oldest first; all methods or one."""
        return [call for call in bot.log if method is None or call.method == method.lower()]

    def unconfirmed(self, bot: Bot) -> list[Wire]:
        """Updates the bot has not confirmed yet."""
        return bot.updates.unconfirmed()

    # What methods need of us

    def start_webhook(self, bot: Bot) -> None:
        """Begin delivering to the webhook the bot has just set."""
        hook = bot.webhook
        if hook is None:
            return

        async def execute(method: str, values: Wire) -> None:
            await self._api.execute_reply(bot, method, values)

        hook.task = asyncio.create_task(hook.run(bot.updates, self.http, execute, self._retry_delay))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/_ctl/"):
            return await self._control.handle(request)
        return await self._api.handle(request)
