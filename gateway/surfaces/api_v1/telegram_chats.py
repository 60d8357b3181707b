"""`/api/v1/telegram`: whom a Telegram instance knows and what was said, from what is stored.

Telegram tells bots neither, so this is what arrived and was sent since the instance is here.
"""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter

from gateway.domain.ids import Address
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.seen import PersonItem, SeenChat
from gateway.surfaces.api_v1.schemas.telegram import (
    MessageItem,
    RecentItem,
    RecentMessages,
    RecentUpdates,
)
from gateway.surfaces.api_v1.shared import AnyRequest, Limit
from gateway.surfaces.api_v1.telegram import Bot
from gateway.surfaces.http import Who, fields_named, services

_READ = refusals(400, 404)
_MANY, _FEW = 500, 10
Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out at the beginning.")]
Words = Annotated[str, QueryParameter(name="query", description="Words in a name, or a number.")]


@get("/contacts", summary="Contacts", responses=_READ)
async def contacts(
    request: AnyRequest, who: Who, bot: Bot, words: Words = "", limit: Limit = _MANY, offset: Offset = 0
) -> list[PersonItem]:
    """People who wrote to the bot or were saved by hand, by name."""
    found, _ = await services(request).contacts.contacts(
        who, bot.id, search=words, only_people=True, limit=limit, skip=offset
    )
    return [PersonItem.of(each) for each in found]


@get("/chats", summary="Chats", responses=_READ)
async def chats(request: AnyRequest, who: Who, bot: Bot, limit: Limit = _MANY, offset: Offset = 0) -> list[SeenChat]:
    """Chats with their last message, the one that moved last first."""
    given = services(request).contacts
    found, _ = await given.previews(who, bot.id, limit=limit, skip=offset)
    return [SeenChat.of(each) for each in found]


@get(["/messages/recent", "/recent-messages"], summary="The last messages", responses=_READ)
async def recent(request: AnyRequest, who: Who, bot: Bot, limit: Limit = _FEW) -> RecentMessages:
    """The last messages of all chats, sent and received, newest first."""
    found = await services(request).contacts.latest(who, bot.id, limit=limit)
    return RecentMessages(True, len(found), [RecentItem.of(each) for each in found])


@get("/updates", summary="The last messages that came", responses=_READ)
async def updates(request: AnyRequest, who: Who, bot: Bot, limit: Limit = _FEW) -> RecentUpdates:
    """The last messages that were received, newest first. Asking takes nothing away from anybody."""
    found = await services(request).contacts.latest(who, bot.id, from_me=False, limit=limit)
    return RecentUpdates(True, len(found), [RecentItem.of(each) for each in found])


@get("/messages/{chat_id:str}", summary="Messages of a chat", responses=_READ)
async def messages(
    request: AnyRequest, who: Who, bot: Bot, chat_id: FromPath[str], limit: Limit = _FEW
) -> list[MessageItem]:
    """The last messages of a chat, oldest first; none for a chat that was never seen."""
    with fields_named({"to": "chatId"}):
        found, _ = await services(request).contacts.messages(who, bot.id, Address(chat_id), limit=limit, skip=0)
    return [MessageItem.of(each) for each in reversed(found)]


HANDLERS: list[Any] = [contacts, chats, recent, updates, messages]
