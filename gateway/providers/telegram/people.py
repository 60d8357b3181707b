"""Who and where, in the gateway's words: Telegram's users and chats as people and chats. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.ids import Address
from gateway.domain.messages import Chat, ChatKind, Person

if TYPE_CHECKING:
    from aiogram.types import Chat as TelegramChat
    from aiogram.types import User

CHAT_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.CHANNEL,
}


def chat_of(chat: TelegramChat) -> Chat:
    """A chat; a private one is titled by the person's name."""
    return Chat(
        address=Address(str(chat.id)),
        kind=CHAT_KINDS.get(chat.type, ChatKind.GROUP),
        title=chat.title or _full_name(chat),
        username=chat.username,
    )


def person_of(user: User) -> Person:
    """A user or bot."""
    return Person(
        address=Address(str(user.id)), name=_full_name(user), username=user.username, is_bot=bool(user.is_bot)
    )


def person_of_chat(chat: TelegramChat) -> Person:
    """A chat that speaks: a channel, an anonymous administrator."""
    return Person(address=Address(str(chat.id)), name=chat.title or _full_name(chat), username=chat.username)


def _full_name(one: User | TelegramChat) -> str:
    return " ".join(filter(None, (one.first_name, one.last_name)))
