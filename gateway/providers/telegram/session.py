"""The life of one bot: prove the token, then poll or watch the webhook, and say how it goes.

`connected` is said only after a poll that Telegram answered (the first asks for nothing to wait for, so the state is
known at once), or after Telegram confirmed that it posts to our webhook. Trouble is waited out here, with growing
pauses; only what a person has to mend ends the session. aiogram is not imported before `run`.
"""

from __future__ import annotations

import hmac
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.domain.errors import Conflict, InvalidInput, NotConnected, Unauthenticated
from gateway.domain.groups import Group
from gateway.domain.ids import Address
from gateway.domain.messages import Content, MessageKey, OutgoingMessage, SentMessage, TextFormat
from gateway.kit.backoff import Backoff
from gateway.providers.contract import (
    BadCredentials,
    FetchedMedia,
    HookReply,
    Interrupted,
    Profile,
    SessionContext,
)
from gateway.providers.telegram.config import read_config
from gateway.providers.telegram.receiving import Receiving
from gateway.providers.telegram.updates import UpdateTaker

if TYPE_CHECKING:
    from gateway.providers.telegram.client import BotClient

Connect = Callable[[str], Awaitable["BotClient"]]

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name (core.telegram.org/bots/api#setwebhook)
WATCH_EVERY = 180.0
"""Seconds between two looks at whether the webhook is still ours."""
_CONFLICT_STEP, _CONFLICT_CAP = 5.0, 60.0
_STORAGE, _STORAGE_CAP = "storage_unavailable", 10.0
_CONFLICTS = frozenset({"telegram_webhook_active", "telegram_second_poller"})
_HICCUPS = frozenset({"telegram_server_error", "telegram_unreachable", "telegram_unreadable"})
"""What happens to every bot now and then and is over a second later: told when it happens twice in a row."""


class TelegramSession:
    """A bot that lives. Sends are possible from the moment its client exists, whatever the poll is doing."""

    def __init__(self, context: SessionContext, connect: Connect, *, poll_seconds: int) -> None:
        self._context = context
        self._config = read_config(context.credentials)
        self._connect = connect
        self._poll_seconds = poll_seconds
        self._client: BotClient | None = None
        self._taker: UpdateTaker | None = None
        self._offset: int | None = None
        self._greeting = "Connected."
        self._account: str | None = None
        self._who: Profile | None = None
        self._receiving = Receiving(on=context.instance.options.receives)
        self._settled = False
        self._proven = False
        self._conflicts = 0
        self._backoff = Backoff(base=1.0, cap=60.0)
        # Telegram's error times are whole seconds, so one in the second of our start has to count as later.
        self._webhook_failed_at = context.clock.now() - timedelta(seconds=1)

    async def run(self) -> None:
        """Live until cancelled. Raises BadCredentials or LoggedOut when only a person can help."""
        await self._open()
        if self._config.mode == "webhook":
            prepare, step = self._take_webhook, self._check_webhook
        else:
            prepare, step = self._take_polling, self._poll
        while not await self._try(prepare):
            pass
        while True:
            await self._try(step)

    async def hook(self, headers: Mapping[str, str], body: bytes) -> HookReply:
        """Take one POST of Telegram. Raises Unauthenticated, InvalidInput, or what kept the update from the store."""
        shown = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        expected = self._config.webhook_secret if self._config.mode == "webhook" else None
        # Bytes, because compare_digest refuses texts beyond ASCII and the header may hold anything.
        if not expected or not hmac.compare_digest(shown.encode("utf-8", "replace"), expected.encode()):
            raise Unauthenticated
        taker = self._taker or await self._open()
        await taker.take(_update_in(body))
        return HookReply()

    async def send(self, message: OutgoingMessage) -> SentMessage:
        """Say something; see the contract for what it raises."""
        return await self._bot.send(message)

    async def edit(self, key: MessageKey, text: str, text_format: TextFormat) -> Content:
        """Replace the text or caption of a message this bot sent."""
        return await self._bot.edit(key.chat, key.network_id, text, text_format)

    async def delete(self, key: MessageKey) -> None:
        """Take a message back."""
        await self._bot.delete(key.chat, key.network_id)

    async def react(self, key: MessageKey, emoji: str | None) -> None:
        """Set our reaction, or withdraw it with None."""
        await self._bot.react(key.chat, key.network_id, emoji)

    async def show_activity(self, chat: Address, activity: str) -> None:
        """Show `typing`, `recording`, `uploading_photo`, ... for some seconds."""
        await self._bot.show_activity(chat, activity)

    async def answer_button(self, query_id: str, text: str | None, alert: bool) -> None:
        """Acknowledge a pressed inline button."""
        await self._bot.answer_button(query_id, text, alert)

    async def fetch_media(self, ref: str, *, max_bytes: int) -> FetchedMedia:
        """Download the file behind a message's `ref`."""
        return await self._bot.fetch(ref, max_bytes=max_bytes)

    async def profile(self) -> Profile:
        """Who this bot is at Telegram."""
        return await self._bot.profile()

    def known_profile(self) -> Profile | None:
        """Who it was when it connected."""
        return self._who

    def account(self) -> str | None:
        """The bot's `@name`."""
        return self._account

    async def group(self, address: Address) -> Group:
        """A group, supergroup or channel this bot is in."""
        return await self._bot.group(address)

    def receives(self) -> bool:
        """Whether it polls."""
        return self._receiving.on and self._config.mode == "polling"

    async def set_receiving(self, receives: bool) -> None:
        """Poll, or leave what arrives at Telegram, which keeps it for 24 hours. Raises Conflict in webhook mode."""
        if self._config.mode != "polling":
            raise Conflict("This bot's updates come by webhook; there is no polling to start or stop.")
        await self._receiving.switch(on=receives)

    async def ping(self) -> None:
        """Ask Telegram who this bot is."""
        await self._bot.profile()

    @property
    def _bot(self) -> BotClient:
        if self._client is None:
            raise NotConnected(self._context.instance.id)
        return self._client

    async def _open(self) -> UpdateTaker:
        self._client = self._client or await self._connect(self._config.token)
        self._taker = self._taker or UpdateTaker(self._client, self._context)
        return self._taker

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except Interrupted as cut:
            if self._proven and cut.code in _HICCUPS:
                self._context.report.note(f"{cut.sentence} Trying again at once.", "warning")
            else:
                self._context.report.trouble(cut.code, cut.sentence)
            self._proven = False
            if cut.code not in _CONFLICTS:
                self._settled = False
            await self._context.clock.sleep(self._pause(cut))
            return False
        self._backoff.reset()
        self._conflicts = 0
        return True

    def _pause(self, cut: Interrupted) -> float:
        if cut.code in _CONFLICTS:
            # Each of our polls ends the other program's, so the state is left to a full long poll and the pace is slow.
            self._settled = True
            self._conflicts += 1
            return min(_CONFLICT_STEP * self._conflicts, _CONFLICT_CAP)
        if cut.code == _STORAGE:
            return min(self._backoff.next(), _STORAGE_CAP)
        if cut.retry_after is not None:
            return cut.retry_after * random.uniform(1.0, 1.1)  # noqa: S311 - spreads bots out, protects nothing
        return self._backoff.next()

    # Polling

    async def _take_polling(self) -> None:
        await self._introduce()
        drop = self._config.drop_pending_updates
        found = await self._bot.webhook()
        if found.url:
            self._context.report.note("A webhook was set for this bot; it is removed, because this instance polls.")
        if found.url or drop:
            await self._bot.delete_webhook(drop_pending=drop)

    async def _poll(self) -> None:
        if not self._receiving.on:
            await self._rest()
            return
        taker = await self._open()
        wait = self._poll_seconds if self._settled else 0
        async with self._receiving.taking():
            poll = self._bot.updates(self._offset, wait=wait, kinds=self._config.allowed_updates)
            batch = await self._receiving.ask(poll)
            if batch is None:
                return
            taken = await taker.take_all(batch, self._offset)
            self._offset = taken.offset
        if taken.problem is not None:
            raise Interrupted(
                _STORAGE, "What arrives cannot be stored right now; it waits at Telegram and is not lost."
            )
        self._settled = True
        self._connected()

    async def _rest(self) -> None:
        """Polling is stopped: what arrives waits at Telegram. See now and then that the bot is still let in."""
        await self._introduce()
        self._settled = False
        self._connected()
        await self._receiving.until_changed(self._context.clock, at_most=WATCH_EVERY)

    # Webhook. A stop leaves it in place: Telegram keeps what it cannot deliver for 24 hours, and the next start
    # receives it; removing it would gain nothing.

    async def _take_webhook(self) -> None:
        url, secret = self._context.hook_url, self._config.webhook_secret
        if not url or not secret:
            raise BadCredentials(
                "webhook_needs_base_url",
                "Webhook mode needs a public https address: set BASE_URL, or use mode polling.",
            )
        await self._introduce()
        await self._bot.set_webhook(
            url, secret, self._config.allowed_updates, drop_pending=self._config.drop_pending_updates
        )

    async def _check_webhook(self) -> None:
        found = await self._bot.webhook()
        if found.url != self._context.hook_url:
            raise Interrupted(
                "telegram_webhook_lost",
                "Another program has taken this bot's webhook away. "
                "Stop that program and restart this instance to take the bot back.",
                retry_after=WATCH_EVERY,
            )
        failed_at = found.last_error_date
        if failed_at is not None and failed_at > self._webhook_failed_at and found.pending_update_count:
            self._webhook_failed_at = failed_at
            raise Interrupted(
                "telegram_webhook_failing",
                f"Telegram cannot deliver to this gateway ({found.last_error_message or 'no reason given'}); "
                f"{found.pending_update_count} updates wait. Check that BASE_URL is reachable from outside.",
                retry_after=WATCH_EVERY,
            )
        self._connected()
        await self._context.clock.sleep(WATCH_EVERY)

    def _connected(self) -> None:
        self._proven = True
        self._context.report.connected(self._greeting)

    async def _introduce(self) -> None:
        who = self._who = await self._bot.prove()
        self._account = f"@{who.username}" if who.username else str(who.address)
        self._greeting = f"Connected as @{who.username}." if who.username else f"Connected as {who.name}."


def _update_in(body: bytes) -> dict[str, Any]:
    try:
        update = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last: thousands of nested brackets
        update = None
    if not (isinstance(update, dict) and type(update.get("update_id")) is int):
        raise InvalidInput("This is not a Telegram update.")
    return update
