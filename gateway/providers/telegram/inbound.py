"""What Telegram tells a bot, as domain events. Pure: a Bot API update in, a tuple of events out.

Messages are unique by (instance, chat, message id), so their redelivery stops at the store; every other event carries
`update:<update_id>` as its dedupe key. Field meanings: core.telegram.org/bots/api#available-types.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiogram.types import ReactionTypeCustomEmoji, ReactionTypeEmoji

from gateway.domain.events import (
    ButtonPressed,
    Event,
    MemberChanged,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageSent,
    PollAnswered,
)
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import ChatKind, Message, Person
from gateway.providers.telegram.content import content_of
from gateway.providers.telegram.people import chat_of, person_of, person_of_chat

if TYPE_CHECKING:
    from aiogram.types import (
        CallbackQuery,
        ChatJoinRequest,
        ChatMemberUpdated,
        MessageReactionUpdated,
        PollAnswer,
        Update,
    )
    from aiogram.types import Message as TelegramMessage
    from aiogram.types import MessageReactionCountUpdated as ReactionCounts
    from aiogram.types import ReactionTypeUnion as Reaction

PAID_REACTION = "⭐"
"""How a paid reaction is told: Telegram gives it no emoji of its own and shows a star."""


def events_of(update: Update, instance_id: InstanceId, *, me: int, at: datetime) -> tuple[Event, ...]:
    """The events an update tells; empty for kinds we have no event for.

    `me` is the bot's own user id. `at` is now, for kinds to which Telegram gives no time.
    """
    key = f"update:{update.update_id}"
    if (message := update.message or update.channel_post) is not None:
        return (_said(message, instance_id, me),)
    if (edited := update.edited_message or update.edited_channel_post) is not None:
        return (_edited(edited, instance_id, key, me),)
    if update.callback_query is not None:
        return (_pressed(update.callback_query, instance_id, key, at),)
    if update.message_reaction is not None:
        return (_reacted(update.message_reaction, instance_id, key),)
    if update.message_reaction_count is not None:
        return (_counted(update.message_reaction_count, instance_id, key),)
    if update.my_chat_member is not None:
        return (_member_changed(update.my_chat_member, instance_id, key, me),)
    if update.chat_member is not None:
        return (_member_changed(update.chat_member, instance_id, key, me),)
    if update.chat_join_request is not None:
        return (_wants_to_join(update.chat_join_request, instance_id, key),)
    if update.poll_answer is not None:
        return (_voted(update.poll_answer, instance_id, key, at),)
    return ()


def message_of(message: TelegramMessage, *, from_me: bool) -> Message:
    """A message as the gateway keeps it."""
    return Message(
        network_id=str(message.message_id),
        chat=chat_of(message.chat),
        sender=_sender_of(message),
        content=content_of(message),
        sent_at=message.date.astimezone(UTC),
        from_me=from_me,
        reply_to=_reply_to(message),
    )


def _said(message: TelegramMessage, instance_id: InstanceId, me: int) -> Event:
    from_me = _is_from(message, me)
    said = message_of(message, from_me=from_me)
    event = MessageSent if from_me else MessageReceived
    return event(instance_id=instance_id, at=said.sent_at, message=said)


def _edited(message: TelegramMessage, instance_id: InstanceId, key: str, me: int) -> Event:
    at = datetime.fromtimestamp(message.edit_date, UTC) if message.edit_date else message.date.astimezone(UTC)
    return MessageEdited(
        instance_id=instance_id,
        at=at,
        dedupe_key=key,
        chat=chat_of(message.chat),
        network_id=str(message.message_id),
        sender=_sender_of(message),
        content=content_of(message),
        from_me=_is_from(message, me),
    )


def _pressed(query: CallbackQuery, instance_id: InstanceId, key: str, at: datetime) -> Event:
    message = query.message
    return ButtonPressed(
        instance_id=instance_id,
        at=at,
        dedupe_key=key,
        query_id=query.id,
        sender=person_of(query.from_user),
        data=query.data or query.game_short_name or "",
        chat=chat_of(message.chat) if message is not None else None,
        # A button under an inline result has no chat that the bot may know, only this id of its own kind.
        network_id=str(message.message_id) if message is not None else query.inline_message_id,
    )


def _reacted(change: MessageReactionUpdated, instance_id: InstanceId, key: str) -> Event:
    sender = person_of(change.user) if change.user else person_of_chat(change.actor_chat) if change.actor_chat else None
    return MessageReacted(
        instance_id=instance_id,
        at=change.date.astimezone(UTC),
        dedupe_key=key,
        chat=chat_of(change.chat),
        network_id=str(change.message_id),
        sender=sender,
        emoji=tuple(_emoji_of(reaction) for reaction in change.new_reaction),
    )


def _counted(change: ReactionCounts, instance_id: InstanceId, key: str) -> Event:
    # Where reactions are anonymous Telegram tells only which ones a message carries now.
    return MessageReacted(
        instance_id=instance_id,
        at=change.date.astimezone(UTC),
        dedupe_key=key,
        chat=chat_of(change.chat),
        network_id=str(change.message_id),
        sender=None,
        emoji=tuple(_emoji_of(count.type) for count in change.reactions if count.total_count > 0),
    )


def _member_changed(change: ChatMemberUpdated, instance_id: InstanceId, key: str, me: int) -> Event:
    chat = chat_of(change.chat)
    member = change.new_chat_member.user
    return MemberChanged(
        instance_id=instance_id,
        at=change.date.astimezone(UTC),
        dedupe_key=key,
        chat=chat,
        member=person_of(member),
        before=_standing(change.old_chat_member.status, chat.kind),
        after=_standing(change.new_chat_member.status, chat.kind),
        by=person_of(change.from_user),
        is_me=member.id == me,
    )


def _wants_to_join(request: ChatJoinRequest, instance_id: InstanceId, key: str) -> Event:
    return MemberChanged(
        instance_id=instance_id,
        at=request.date.astimezone(UTC),
        dedupe_key=key,
        chat=chat_of(request.chat),
        member=person_of(request.from_user),
        before="left",
        after="requested",
        by=person_of(request.from_user),
    )


def _voted(answer: PollAnswer, instance_id: InstanceId, key: str, at: datetime) -> Event:
    if answer.user is not None:
        sender = person_of(answer.user)
    elif answer.voter_chat is not None:
        sender = person_of_chat(answer.voter_chat)
    else:
        sender = Person(address=Address(""))
    return PollAnswered(
        instance_id=instance_id,
        at=at,
        dedupe_key=key,
        poll_ref=answer.poll_id,
        sender=sender,
        options=tuple(answer.option_ids),
    )


def _sender_of(message: TelegramMessage) -> Person:
    # A channel, an anonymous administrator or a linked channel speaks as a chat; `from` is then a stand-in account.
    if message.sender_chat is not None:
        return person_of_chat(message.sender_chat)
    if message.from_user is not None:
        return person_of(message.from_user)
    return person_of_chat(message.chat)


def _is_from(message: TelegramMessage, user_id: int) -> bool:
    return message.from_user is not None and message.from_user.id == user_id


def _reply_to(message: TelegramMessage) -> str | None:
    answered = message.reply_to_message
    if answered is None:
        return None
    if message.is_topic_message and answered.message_id == message.message_thread_id:
        return None  # every message of a forum topic "answers" the one that opened it
    return str(answered.message_id)


def _emoji_of(reaction: Reaction) -> str:
    if isinstance(reaction, ReactionTypeEmoji):
        return reaction.emoji
    if isinstance(reaction, ReactionTypeCustomEmoji):
        return f"custom:{reaction.custom_emoji_id}"
    return PAID_REACTION


def _standing(status: str, kind: ChatKind) -> str:
    # In a private chat "kicked" is how Telegram says that the person blocked the bot.
    return "blocked" if status == "kicked" and kind is ChatKind.PRIVATE else str(status)
