from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramMigrateToChat
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Update

from tests.integration.simulators.telegram.waiting import until
from tests.simulators.telegram import Bot, TelegramSimulator, User

EVERYTHING = ["message", "message_reaction", "chat_member", "my_chat_member", "poll", "poll_answer"]


async def _texts(client: Aiogram, **how: Any) -> list[str | None]:
    return [update.message.text for update in await client.get_updates(**how) if update.message]


async def test_updates_are_repeated_until_the_offset_confirms_them(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, session: AiohttpSession
) -> None:
    for text in ("one", "two", "three"):
        telegram.people.sends_text(ann, account, text)
    first = await client.get_updates()
    assert [update.update_id - first[0].update_id for update in first] == [0, 1, 2]
    restarted = Aiogram(account.token, session=session)
    assert await _texts(restarted) == ["one", "two", "three"]
    assert await _texts(restarted, offset=first[1].update_id) == ["two", "three"]
    assert await _texts(restarted) == ["two", "three"]
    assert await _texts(restarted, limit=1) == ["two"]
    assert await _texts(restarted, offset=first[2].update_id + 1) == []
    assert telegram.unconfirmed(account) == []


async def test_a_negative_offset_keeps_only_the_last_ones(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    for text in ("one", "two", "three"):
        telegram.people.sends_text(ann, account, text)
    assert await _texts(client, offset=-1) == ["three"]
    assert await _texts(client) == ["three"]


async def test_a_long_poll_answers_as_soon_as_something_happens(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    waiting = asyncio.create_task(client.get_updates(timeout=30))
    await until(lambda: account.updates.polling)
    telegram.people.sends_text(ann, account, "now")
    assert [update.message.text for update in await waiting if update.message] == ["now"]


async def test_a_long_poll_ends_empty_when_nothing_happens(client: Aiogram) -> None:
    assert await client.get_updates(timeout=1) == []


async def test_the_newest_poller_wins_and_the_older_gets_a_conflict(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    older = asyncio.create_task(client.get_updates(timeout=30))
    await until(lambda: account.updates.polling)
    newer = asyncio.create_task(client.get_updates(timeout=30))
    with pytest.raises(TelegramConflictError) as conflict:
        await older
    assert conflict.value.message == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    telegram.people.sends_text(ann, account, "for the newer")
    assert len(await newer) == 1


async def test_a_client_that_hangs_up_no_longer_polls(client: Aiogram, account: Bot) -> None:
    waiting = asyncio.create_task(client.get_updates(timeout=30))
    await until(lambda: account.updates.polling)
    waiting.cancel()
    await until(lambda: not account.updates.polling)


async def test_only_the_kinds_asked_for_are_queued(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    sent = telegram.people.sends_text(ann, account, "hello")
    telegram.people.reacts(ann, account, sent["message_id"], "👍")
    assert [update.event_type for update in await client.get_updates()] == ["message"]
    await client.get_updates(offset=-1, allowed_updates=["message_reaction"])
    telegram.people.sends_text(ann, account, "not asked for")
    telegram.people.reacts(ann, account, sent["message_id"])
    kinds = [update.event_type for update in await client.get_updates()]
    assert kinds == ["message", "message_reaction"]
    await client.get_updates(allowed_updates=[])
    telegram.people.sends_text(ann, account, "the default set again")
    assert len(telegram.unconfirmed(account)) == 3


@pytest.mark.parametrize("kind", ["photo", "video", "animation", "audio", "voice", "video_note", "document", "sticker"])
async def test_media_people_send_can_be_downloaded(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, kind: str
) -> None:
    caption = None if kind in ("sticker", "video_note") else "look /here"
    telegram.people.sends_media(ann, account, kind, b"\x89PNG\r\n\x1a\n bytes", file_name="n.png", caption=caption)
    message = (await client.get_updates())[0].message
    assert message is not None
    media = getattr(message, kind)
    found = await client.get_file((media[-1] if kind == "photo" else media).file_id)
    assert found.file_path is not None
    back = await client.download_file(found.file_path)
    assert back is not None
    assert back.read() == b"\x89PNG\r\n\x1a\n bytes"
    assert message.caption == caption
    assert message.content_type == kind


async def test_everything_else_people_send_arrives_too(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    people = telegram.people
    people.sends_location(ann, account, 1.5, 2.5)
    people.sends_venue(ann, account, 1.5, 2.5, "Café", "Street 1")
    people.sends_contact(ann, account, "+49", "Bob")
    people.sends_poll(ann, account, "Which?", ["a", "b"])
    first = people.sends_text(ann, account, "/start now")
    people.sends_text(ann, account, "and", reply_to=first["message_id"])
    messages = [update.message for update in await client.get_updates()]
    assert [message.content_type for message in messages if message] == [
        "location", "venue", "contact", "poll", "text", "text",
    ]  # fmt: skip
    last = messages[-1]
    assert last is not None
    assert last.reply_to_message is not None
    assert last.reply_to_message.entities is not None
    assert (last.from_user and last.from_user.username, last.reply_to_message.text) == ("ann_in_berlin", "/start now")


async def test_people_edit_press_and_vote(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    mine = telegram.people.sends_text(ann, account, "teh")
    telegram.people.edits(ann, account, mine["message_id"], text="the")
    markup = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])
    asked = await client.send_message(ann.id, "Sure?", reply_markup=markup)
    telegram.people.presses(ann, account, asked.message_id, "yes")
    poll = (await client.send_poll(ann.id, "Which?", ["a", "b"], is_anonymous=False)).poll
    assert poll is not None
    telegram.people.votes(ann, poll.id, 1)
    _, edited, pressed, counted, voted = await client.get_updates()
    assert edited.edited_message is not None
    assert (edited.edited_message.text, edited.edited_message.message_id) == ("the", mine["message_id"])
    query = pressed.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.data, query.from_user.id, query.message.message_id) == ("yes", ann.id, asked.message_id)
    assert await client.answer_callback_query(query.id, text="Fine")
    assert account.query_answers[query.id]["text"] == "Fine"
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await client.answer_callback_query(query.id)
    assert counted.poll is not None
    assert [option.voter_count for option in counted.poll.options] == [0, 1]
    assert voted.poll_answer is not None
    assert (voted.poll_answer.option_ids, voted.poll_answer.user and voted.poll_answer.user.id) == ([1], ann.id)
    with pytest.raises(ValueError, match="no button"):
        telegram.people.presses(ann, account, asked.message_id, "no")


async def test_a_reaction_tells_old_and_new(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    await client.get_updates(allowed_updates=EVERYTHING)
    sent = await client.send_message(ann.id, "like it?")
    telegram.people.reacts(ann, account, sent.message_id, "👍")
    telegram.people.reacts(ann, account, sent.message_id, "🔥")
    change = (await client.get_updates())[-1].message_reaction
    assert change is not None
    emoji = [getattr(one, "emoji", None) for one in (*change.old_reaction, *change.new_reaction)]
    assert (change.message_id, emoji) == (sent.message_id, ["👍", "🔥"])


async def test_groups_supergroups_and_threads(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    group = telegram.rooms.create("group", "Club", members=[ann, account])
    forum = telegram.rooms.create(
        "supergroup", "Forum", members=[ann, account], threads={7: "News"}, username="forum_x"
    )
    telegram.people.sends_text(ann, group, "in the group")
    telegram.people.sends_text(ann, forum, "in a thread", thread=7)
    first, second = (update.message for update in await client.get_updates())
    assert first is not None
    assert second is not None
    assert (first.chat.type, first.chat.title, first.text) == ("group", "Club", "in the group")
    assert (second.chat.type, second.message_thread_id, second.is_topic_message) == ("supergroup", 7, True)
    answered = await client.send_message("@forum_x", "back", message_thread_id=7)
    assert (answered.chat.id, answered.message_thread_id) == (forum.id, 7)
    full = await client.get_chat(forum.id)
    assert (full.title, full.is_forum, full.active_usernames) == ("Forum", True, ["forum_x"])
    assert await client.get_chat_member_count(forum.id) == 2
    assert (await client.get_chat_member(forum.id, ann.id)).status == "member"
    assert (await client.get_user_profile_photos(ann.id)).total_count == 0


async def test_channels_have_posts_instead_of_messages(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    channel = telegram.rooms.create("channel", "Daily", admins=[ann, account], username="daily_x")
    post = telegram.people.sends_text(ann, channel, "today")
    telegram.people.edits(ann, channel, post["message_id"], text="today!")
    posted, edited = await client.get_updates()
    assert posted.channel_post is not None
    assert posted.channel_post.sender_chat is not None
    assert (posted.channel_post.text, posted.channel_post.from_user) == ("today", None)
    assert edited.edited_channel_post is not None
    assert edited.edited_channel_post.text == "today!"
    assert (await client.send_message(channel.id, "from the bot")).sender_chat is not None


async def test_privacy_mode_hides_talk_that_is_not_meant_for_the_bot(
    telegram: TelegramSimulator, session: AiohttpSession
) -> None:
    shy = telegram.add_bot(reads_all=False)
    ann = telegram.add_person()
    group = telegram.rooms.create("group", "Club", members=[ann, shy])
    for text in ("just talking", "/help", f"you there @{shy.user.username}?"):
        telegram.people.sends_text(ann, group, text)
    client = Aiogram(shy.token, session=session)
    assert await _texts(client) == ["/help", f"you there @{shy.user.username}?"]
    assert (await client.get_me()).can_read_all_group_messages is False


async def test_coming_going_and_promotion_are_told(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    await client.get_updates(allowed_updates=EVERYTHING)
    club = telegram.rooms.create("supergroup", "Club", admins=[ann])
    bob = telegram.add_person("Bob")
    rooms = telegram.rooms
    rooms.joins(account, club, by=ann)
    rooms.joins(bob, club)
    rooms.promotes(account, club, by=ann)
    rooms.leaves(bob, club)
    rooms.removes(account, club, by=ann)

    def told(update: Update) -> tuple[str, str]:
        change = update.my_chat_member or update.chat_member
        if change is not None:
            return update.event_type, f"{change.old_chat_member.status} -> {change.new_chat_member.status}"
        return update.event_type, update.message.content_type if update.message else "nothing"

    assert [told(update) for update in await client.get_updates()] == [
        ("my_chat_member", "left -> member"),
        ("message", "new_chat_members"),
        ("message", "new_chat_members"),
        ("my_chat_member", "member -> administrator"),
        ("message", "left_chat_member"),
        ("chat_member", "member -> left"),
        ("message", "left_chat_member"),
        ("my_chat_member", "administrator -> kicked"),
    ]


async def test_blocking_the_bot_is_told_as_its_own_membership(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    telegram.rooms.blocks(ann, account)
    change = (await client.get_updates())[0].my_chat_member
    assert change is not None
    assert (change.chat.type, change.new_chat_member.status) == ("private", "kicked")


async def test_a_group_that_became_a_supergroup_has_a_new_id(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    group = telegram.rooms.create("group", "Club", members=[ann, account])
    new = telegram.rooms.upgrades(group, by=ann)
    old_line, new_line = (update.message for update in await client.get_updates())
    assert old_line is not None
    assert new_line is not None
    assert (old_line.migrate_to_chat_id, new_line.migrate_from_chat_id) == (new.id, group.id)
    with pytest.raises(TelegramMigrateToChat) as moved:
        await client.send_message(group.id, "hello?")
    assert moved.value.migrate_to_chat_id == new.id
    assert (await client.send_message(new.id, "hello")).chat.type == "supergroup"


async def test_two_bots_in_one_group_hear_the_same_message_with_their_own_file_ids(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, session: AiohttpSession
) -> None:
    other = telegram.add_bot()
    group = telegram.rooms.create("supergroup", "Club", members=[ann, account, other])
    telegram.people.sends_media(ann, group, "document", b"paper")
    both = [(await one.get_updates())[0].message for one in (client, Aiogram(other.token, session=session))]
    documents = [message.document for message in both if message]
    assert documents[0] is not None
    assert documents[1] is not None
    assert documents[0].file_unique_id == documents[1].file_unique_id
    assert documents[0].file_id != documents[1].file_id


async def test_three_hundred_bots_poll_at_once_and_each_hears_its_own(
    telegram: TelegramSimulator, session: AiohttpSession
) -> None:
    ann = telegram.add_person()
    accounts = [telegram.add_bot() for _ in range(300)]
    polls = [asyncio.create_task(Aiogram(one.token, session=session).get_updates(timeout=40)) for one in accounts]
    await until(lambda: all(one.updates.polling for one in accounts))
    for one in accounts:
        telegram.people.sends_text(ann, one, f"for {one.id}")
    heard = [[update.message and update.message.text for update in await poll] for poll in polls]
    assert heard == [[f"for {one.id}"] for one in accounts]
