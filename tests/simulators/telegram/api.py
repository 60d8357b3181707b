"""The Bot API's HTTP face: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from tests.simulators.telegram.faults import Fault
from tests.simulators.telegram.methods import Call, lookup
from tests.simulators.telegram.methods.registry import Host
from tests.simulators.telegram.params import Params, read_params
from tests.simulators.telegram.refusals import Refusal, method_not_found, not_found
from tests.simulators.telegram.state import Bot, MethodCall
from tests.simulators.telegram.wire import Wire
from tests.simulators.telegram.world import World

_VISIBLE_WHEN_LOGGED_OUT = frozenset({"logout"})


class Api:
    """Turns requests into method calls and answers into Telegram's envelopes."""

    def __init__(self, world: World, host: Host) -> None:
        self._world = world
        self._host = host

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request that is not for the control plane."""
        path = request.path
        try:
            if path.startswith("/file/bot"):
                token, _, rest = path.removeprefix("/file/bot").partition("/")
                return self._download(self._world.bot_for_token(token), rest)
            if not path.startswith("/bot"):
                raise not_found()
            token, _, method = path.removeprefix("/bot").partition("/")
            bot = self._world.bot_for_token(token)
        except Refusal as refusal:
            # Read the body first: a client still writing would see a reset instead of the answer.
            async for _ in request.content.iter_any():
                continue
            return _answer(refusal.code, refusal.wire())
        return await self._answer_call(request, bot, method.lower())

    async def execute_reply(self, bot: Bot, method: str, values: Wire) -> None:
        """A method call a webhook receiver put into its answer; nobody hears the result."""
        await self._run(bot, method, Params(values))

    async def _answer_call(self, request: web.BaseRequest, bot: Bot, method: str) -> web.StreamResponse:
        try:
            params = await read_params(request, self._world.files.limits.upload)
        except Refusal as refusal:
            return self._refuse(bot, method, Params({}), refusal)
        fault = self._world.faults.take(bot.id, method)
        if fault is not None:
            early = await self._suffer(request, bot, method, params, fault)
            if early is not None:
                return early
        status, body = await self._run(bot, method, params)
        if fault is not None and fault.drop == "after":
            return _dropped(request)
        return _answer(status, body)

    async def _suffer(
        self, request: web.BaseRequest, bot: Bot, method: str, params: Params, fault: Fault
    ) -> web.StreamResponse | None:
        """The faulty answer, or None when the method should still run."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            self._log(bot, method, params, 0, "connection dropped")
            return _dropped(request)
        if fault.body is not None:
            status = fault.code or 200
            self._log(bot, method, params, status, fault.body)
            return web.Response(status=status, text=fault.body, content_type=fault.content_type)
        refusal = fault.refusal()
        return self._refuse(bot, method, params, refusal) if refusal is not None else None

    async def _run(self, bot: Bot, method: str, params: Params) -> tuple[int, Wire]:
        try:
            handler = lookup(method)
            if bot.logged_out and method not in _VISIBLE_WHEN_LOGGED_OUT:
                raise Refusal(400, "Logged out")
            if handler is None:
                raise method_not_found()
            call = Call(self._world, bot, params, self._host)
            body: Wire = {"ok": True, "result": await handler(call)}
        except Refusal as refusal:
            self._log(bot, method, params, refusal.code, refusal.description)
            return refusal.code, refusal.wire()
        self._log(bot, method, params, 200, None)
        return 200, body | ({"description": call.remark} if call.remark else {})

    def _refuse(self, bot: Bot, method: str, params: Params, refusal: Refusal) -> web.Response:
        self._log(bot, method, params, refusal.code, refusal.description)
        return _answer(refusal.code, refusal.wire())

    def _log(self, bot: Bot, method: str, params: Params, status: int, description: str | None) -> None:
        uploads = tuple(params.uploads)
        bot.log.append(
            MethodCall(method=method, params=params.values, uploads=uploads, status=status, description=description)
        )

    def _download(self, bot: Bot, path: str) -> web.StreamResponse:
        stored = bot.paths.get(path)
        if stored is None:
            raise not_found()
        return web.Response(body=stored.data, content_type="application/octet-stream")


def _answer(status: int, body: Wire) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")


def _dropped(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
