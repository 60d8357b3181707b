"""Webhook mode: one update at a time, in order, repeated until the receiver says 2xx.

Follows the Bot API server's WebhookActor: Retry-After is honoured, otherwise the wait doubles from the second
failure on, and the receiver's answer may itself be a method call. Simplified to one connection per bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec

from tests.simulators.telegram.updates import UpdateQueue
from tests.simulators.telegram.wire import Wire, unix_now

_TOTAL_TIMEOUT = 60.0
_MAX_DELAY = 60.0
_NOT_BY_REPLY = frozenset({"deletewebhook", "setwebhook", "close", "logout"})

Execute = Callable[[str, Wire], Awaitable[None]]


class Webhook:
    """A bot's webhook as set, and how it fares."""

    def __init__(self, url: str, *, secret_token: str | None, max_connections: int, certificate: bool) -> None:
        self.url = url
        self.secret_token = secret_token
        self.max_connections = max_connections
        self.has_certificate = certificate
        self.delivered = 0
        self.last_error_date: int | None = None
        self.last_error_message: str | None = None
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Send nothing more; what is not yet confirmed stays queued."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    async def run(
        self, updates: UpdateQueue, session: aiohttp.ClientSession, execute: Execute, first_delay: float
    ) -> None:
        """Deliver until cancelled. `first_delay` is the wait after a first failure, in seconds."""
        failures = 0
        while True:
            await updates.arrival()
            update = updates.first()
            if update is None:
                continue
            retry_after = await self._attempt(update, session, execute)
            if retry_after is None:
                failures = 0
                self.delivered += 1
                updates.confirm(update)
                continue
            await asyncio.sleep(retry_after or min(first_delay * 2**failures, _MAX_DELAY))
            failures += 1

    async def _attempt(self, update: Wire, session: aiohttp.ClientSession, execute: Execute) -> float | None:
        """One POST. None when it was accepted, else the receiver's Retry-After (0 when it gave none)."""
        headers = {"Content-Type": "application/json"}
        if self.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret_token
        timeout = aiohttp.ClientTimeout(total=_TOTAL_TIMEOUT)
        try:
            async with session.post(
                self.url, data=msgspec.json.encode(update), headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                body = await response.content.read(1 << 20)
                if 200 <= response.status <= 299:
                    await self._obey(body, execute)
                    return None
                self._failed(f"Wrong response from the webhook: {response.status} {response.reason or ''}".rstrip())
                after = response.headers.get("Retry-After", "")
                return min(float(after), 3600.0) if after.isdigit() else 0.0
        except TimeoutError:
            self._failed("Read timeout expired")
        except aiohttp.ClientConnectorError:
            self._failed("Connection refused")
        except aiohttp.ClientError:
            self._failed("Webhook connection closed")
        return 0.0

    async def _obey(self, body: bytes, execute: Execute) -> None:
        """Run the method a receiver put into its answer; Telegram ignores anything else there."""
        if not body.lstrip().startswith(b"{"):
            return
        try:
            call = msgspec.json.decode(body, type=Wire)
        except msgspec.DecodeError:
            return
        method = str(call.pop("method", "")).lower()
        if method and method not in _NOT_BY_REPLY and not method.startswith("get"):
            await execute(method, call)

    def _failed(self, why: str) -> None:
        self.last_error_date = unix_now()
        self.last_error_message = why
