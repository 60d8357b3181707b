"""One bot's side of the Bot API: what a session needs for its life, and what a caller may ask of a bot.

Calls for life raise the contract's endings; calls for a caller raise domain errors. Both are raised outside of the
handler that caught aiogram's exception, which holds the method's parameters and, in its context, the token's URL.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from aiogram import Bot, Dispatcher
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    GetChat,
    GetChatMemberCount,
    GetFile,
    GetMe,
    GetWebhookInfo,
    SetWebhook,
    TelegramMethod,
)
from aiogram.types import Message, Update, User, WebhookInfo
from pydantic import ValidationError

from gateway.domain.errors import InvalidInput, NetworkRefused, NotFound
from gateway.domain.events import Event
from gateway.domain.groups import Group
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import Content, OutgoingMedia, OutgoingMessage, SentMessage, TextFormat
from gateway.providers.contract import FetchedMedia, Interrupted, Profile
from gateway.providers.telegram import files, inbound, outbound
from gateway.providers.telegram.config import UPDATE_KINDS
from gateway.providers.telegram.errors import API_ERRORS, ending_of, refusal_of
from gateway.providers.telegram.people import chat_of, person_of
from gateway.providers.telegram.salvage import salvage

T = TypeVar("T")
Deliver = Callable[[tuple[Event, ...]], Awaitable[None]]

_NOT_ABOUT_TEXT = "no text in the message"
_NO_SUCH_GROUP = re.compile("chat not found|bot was kicked|bot is not a member", re.IGNORECASE)


class RawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates with the updates left as Telegram sent them.

    aiogram's own validates all of them at once: a single update newer than the library would make every answer that
    contains it unreadable, and the bot would never get past it.
    """

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class BotClient:
    """A bot, as one token sees it."""

    __slots__ = ("_bot", "_dispatcher")

    def __init__(self, bot: Bot, dispatcher: Dispatcher) -> None:
        self._bot = bot
        self._dispatcher = dispatcher

    # For the life of a session

    async def prove(self) -> Profile:
        """Who the token belongs to. Raises BadCredentials when Telegram does not know it."""
        return _profile_of(await self._live(GetMe()))

    async def updates(self, offset: int | None, *, wait: int, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
        """Up to 100 updates from `offset` on, oldest first; waits up to `wait` seconds for the first.

        Asking confirms everything before `offset`: Telegram then forgets it.
        """
        call = RawUpdates(offset=offset, timeout=wait, allowed_updates=list(kinds))
        batch = await self._live(call, within=wait + 15)
        if not all(type(update.get("update_id")) is int for update in batch):
            raise Interrupted("telegram_unreadable", "What answers is not Telegram: its updates have no numbers.")
        return batch

    async def webhook(self) -> WebhookInfo:
        """Where Telegram posts, how much waits, and what went wrong last."""
        return await self._live(GetWebhookInfo())

    async def set_webhook(self, url: str, secret: str, kinds: tuple[str, ...], *, drop_pending: bool) -> None:
        """Have updates posted to `url`. Telegram refuses an unusable one at once."""
        await self._live(
            SetWebhook(url=url, secret_token=secret, allowed_updates=list(kinds), drop_pending_updates=drop_pending)
        )

    async def delete_webhook(self, *, drop_pending: bool) -> None:
        """Go back to polling; what waits is kept unless `drop_pending`."""
        await self._live(DeleteWebhook(drop_pending_updates=drop_pending))

    async def feed(self, raw: Mapping[str, Any], instance_id: InstanceId, at: datetime, deliver: Deliver) -> str | None:
        """Hand the events of one update to `deliver`, whose exceptions pass through.

        Returns what was odd about an update that could not be read in full (places and names, no content). Of such a
        message it is still told that it came.
        """
        problem: str | None = None
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
        except ValidationError as error:
            problem = _places(error)
        except Exception as bug:  # noqa: BLE001 - nothing an update contains may hold up the bot for ever
            problem = type(bug).__name__
        else:
            if not any(raw.get(kind) is not None for kind in UPDATE_KINDS):
                # Asked for by an earlier program with this token, or newer than we are.
                return f"no event for {', '.join(sorted(set(raw) - {'update_id'}))[:100]}"

            async def tell(update: Update) -> None:
                nonlocal problem
                try:
                    events = inbound.events_of(update, instance_id, me=self._bot.id, at=at)
                except Exception as bug:  # noqa: BLE001 - the same for our own mapping
                    problem = type(bug).__name__
                    events = salvage(raw, instance_id)
                await deliver(events)

            await self._dispatcher.feed_update(self._bot, update, tell=tell)
            return problem
        await deliver(salvage(raw, instance_id))
        return problem

    # For a caller

    async def send(self, message: OutgoingMessage) -> SentMessage:
        """Say it; the answer carries Telegram's own view of the message."""
        size = len(message.content.data) if isinstance(message.content, OutgoingMedia) else 0
        method = outbound.method_of(message, local=self._bot.session.api.is_local)
        sent: Message = await self._ask(method, within=files.transfer_seconds(size))
        return SentMessage(message=inbound.message_of(sent, from_me=True))

    async def edit(self, chat: Address, network_id: str, text: str, text_format: TextFormat) -> Content:
        """Replace the text, or the caption when the message has no text."""
        try:
            edited = await self._ask(outbound.edit_text(chat, network_id, text, text_format))
        except InvalidInput as refusal:
            if _NOT_ABOUT_TEXT not in refusal.sentence:
                raise
            edited = await self._ask(outbound.edit_caption(chat, network_id, text, text_format))
        if isinstance(edited, bool):  # only for messages sent through inline queries, which have no chat
            raise NetworkRefused("Telegram edited a message it does not show to this bot.", code="telegram_unseen")
        return inbound.message_of(edited, from_me=True).content

    async def delete(self, chat: Address, network_id: str) -> None:
        """Take a message back."""
        await self._ask(outbound.delete(chat, network_id))

    async def react(self, chat: Address, network_id: str, emoji: str | None) -> None:
        """Set or withdraw our reaction."""
        await self._ask(outbound.react(chat, network_id, emoji))

    async def show_activity(self, chat: Address, activity: str) -> None:
        """Show what the bot is doing, for five seconds or until its next message."""
        await self._ask(outbound.show_activity(chat, activity))

    async def answer_button(self, query_id: str, text: str | None, alert: bool) -> None:
        """Acknowledge a pressed button."""
        await self._ask(AnswerCallbackQuery(callback_query_id=query_id, text=text, show_alert=alert))

    async def profile(self) -> Profile:
        """Who this bot is."""
        return _profile_of(await self._ask(GetMe()))

    async def group(self, address: Address) -> Group:
        """A group, supergroup or channel with its size; bots are not told who is in it. Raises NotFound."""
        chat_id = outbound.chat_id(address)
        try:
            found = await self._ask(GetChat(chat_id=chat_id))
            if found.type == "private":
                raise NotFound("Group not found", code="group_not_found")
            size = await self._ask(GetChatMemberCount(chat_id=chat_id))
        except (InvalidInput, NetworkRefused) as refusal:
            if not _NO_SUCH_GROUP.search(refusal.sentence):
                raise
        else:
            return Group(
                address=Address(str(found.id)),
                subject=chat_of(found).title,
                description=found.description or "",
                only_admins_write=found.permissions is not None and found.permissions.can_send_messages is False,
                size=size,
                network_kind=found.type,
            )
        raise NotFound("Group not found", code="group_not_found")

    async def fetch(self, ref: str, *, max_bytes: int) -> FetchedMedia:
        """The bytes behind a file id."""
        try:
            file = await self._ask(GetFile(file_id=ref))
        except InvalidInput as refusal:
            problem = files.refusal_of_file(refusal)
        else:
            return await files.download(self._bot, file, max_bytes)
        raise problem

    async def _live(self, method: TelegramMethod[T], *, within: int | None = None) -> T:
        try:
            return await self._bot(method, request_timeout=within)
        except API_ERRORS as error:
            ending = ending_of(error, self._bot.token)
        raise ending

    async def _ask(self, method: TelegramMethod[T], *, within: int | None = None) -> T:
        try:
            return await self._bot(method, request_timeout=within)
        except API_ERRORS as error:
            refusal = refusal_of(error, self._bot.token)
        raise refusal


def _profile_of(user: User) -> Profile:
    person = person_of(user)
    return Profile(
        address=person.address,
        name=person.name,
        username=person.username,
        is_bot=person.is_bot,
        details=user.model_dump(mode="json", exclude_none=True),
    )


def _places(error: ValidationError) -> str:
    # Only where and what kind of problem: the values are somebody's message.
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in found[:3])[:300]
