from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiogram import Bot as Aiogram
from aiogram.enums import ParseMode
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReactionTypeEmoji,
    ReplyParameters,
)

from tests.simulators.telegram import Bot, TelegramSimulator, User
from tests.simulators.telegram.samples import PNG, SAMPLES

BUTTONS = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])


async def test_a_bot_learns_its_own_name(client: Aiogram, account: Bot) -> None:
    me = await client.get_me()
    assert (me.id, me.is_bot, me.first_name, me.username) == (account.id, True, "Helper", account.user.username)


async def test_message_ids_count_up_in_each_chat(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    bob = telegram.add_person("Bob")
    telegram.people.opens(bob, account)
    to_ann = [(await client.send_message(ann.id, text)).message_id for text in ("one", "two")]
    to_bob = await client.send_message(bob.id, "one")
    assert (to_ann, to_bob.message_id) == ([1, 2], 1)
    assert telegram.texts(account, ann) == ["one", "two"]


@pytest.mark.parametrize(
    ("mode", "markup"),
    [
        (ParseMode.HTML, '<b>bold</b> <i>it</i> <code>x&lt;y</code> <a href="https://a.example/">link</a> <u>😀</u>'),
        (ParseMode.MARKDOWN_V2, r"*bold* _it_ `x<y` [link](https://a.example/) __😀__"),
    ],
)
async def test_markup_becomes_entities(client: Aiogram, ann: User, mode: ParseMode, markup: str) -> None:
    message = await client.send_message(ann.id, markup, parse_mode=mode)
    text = message.text or ""
    assert text == "bold it x<y link 😀"
    assert [(one.type, one.extract_from(text), one.url) for one in message.entities or []] == [
        ("bold", "bold", None),
        ("italic", "it", None),
        ("code", "x<y", None),
        ("text_link", "link", "https://a.example/"),
        ("underline", "😀", None),
    ]


async def test_old_markdown_and_plain_text_have_entities_too(client: Aiogram, ann: User) -> None:
    old = await client.send_message(ann.id, "*b* _i_ `c` [l](http://x.example) a\\_b", parse_mode=ParseMode.MARKDOWN)
    assert old.text == "b i c l a_b"
    assert [one.type for one in old.entities or []] == ["bold", "italic", "code", "text_link"]
    plain = await client.send_message(ann.id, "  /start see https://x.example @somebody #tag  ")
    assert plain.text == "/start see https://x.example @somebody #tag"
    assert [one.type for one in plain.entities or []] == ["bot_command", "url", "mention", "hashtag"]


async def test_a_reply_quotes_its_message_once(client: Aiogram, ann: User) -> None:
    first = await client.send_message(ann.id, "first")
    second = await client.send_message(ann.id, "second", reply_parameters=ReplyParameters(message_id=first.message_id))
    third = await client.send_message(ann.id, "third", reply_parameters=ReplyParameters(message_id=second.message_id))
    assert third.reply_to_message is not None
    assert (third.reply_to_message.text, third.reply_to_message.reply_to_message) == ("second", None)


Upload = Callable[[Aiogram, int, BufferedInputFile | str], Awaitable[Message]]
UPLOADS: dict[str, Upload] = {
    "photo": lambda bot, chat, file: bot.send_photo(chat, file, caption="seen"),
    "video": lambda bot, chat, file: bot.send_video(chat, file, caption="seen", duration=7, width=64, height=48),
    "animation": lambda bot, chat, file: bot.send_animation(chat, file, caption="seen"),
    "audio": lambda bot, chat, file: bot.send_audio(chat, file, caption="seen", performer="P", title="T"),
    "voice": lambda bot, chat, file: bot.send_voice(chat, file, caption="seen"),
    "document": lambda bot, chat, file: bot.send_document(chat, file, caption="seen"),
    "video_note": lambda bot, chat, file: bot.send_video_note(chat, file),
    "sticker": lambda bot, chat, file: bot.send_sticker(chat, file),
}


@pytest.mark.parametrize("kind", UPLOADS)
async def test_an_upload_comes_back_byte_for_byte_and_can_be_sent_again_by_id(
    client: Aiogram, ann: User, kind: str
) -> None:
    data = SAMPLES[kind] + b"tail"
    message = await UPLOADS[kind](client, ann.id, BufferedInputFile(data, f"name.{kind}"))
    media = getattr(message, kind)
    one = media[-1] if kind == "photo" else media
    assert one.file_size == len(data)
    assert message.caption == (None if kind in ("video_note", "sticker") else "seen")
    found = await client.get_file(one.file_id)
    assert found.file_path is not None
    back = await client.download_file(found.file_path)
    assert back is not None
    assert back.read() == data
    again = await UPLOADS[kind](client, ann.id, one.file_id)
    media = getattr(again, kind)
    assert (media[-1] if kind == "photo" else media).file_unique_id == one.file_unique_id


async def test_the_largest_photo_size_comes_last(client: Aiogram, ann: User) -> None:
    message = await client.send_photo(ann.id, BufferedInputFile(PNG, "p.png"))
    widths = [size.width for size in message.photo or []]
    assert len(widths) == 3
    assert widths == sorted(widths)


async def test_media_by_url_is_fetched(client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot) -> None:
    sent = telegram.people.sends_media(ann, account, "photo", PNG)
    seen = telegram.unconfirmed(account)[-1]["message"]["photo"][-1]["file_id"]
    path = (await client.get_file(seen)).file_path
    url = f"{telegram.base_url}/file/bot{account.token}/{path}"
    message = await client.send_photo(ann.id, url)
    assert (message.photo or [])[-1].file_size == sent["photo"][-1]["file_size"]


async def test_places_contacts_and_polls(client: Aiogram, ann: User) -> None:
    location = (await client.send_location(ann.id, 52.5, 13.4)).location
    assert location is not None
    assert (location.latitude, location.longitude) == (52.5, 13.4)
    venue = (await client.send_venue(ann.id, 52.5, 13.4, "Café", "Street 1")).venue
    assert venue is not None
    assert (venue.title, venue.address) == ("Café", "Street 1")
    contact = (await client.send_contact(ann.id, "+491234", "Bob")).contact
    assert contact is not None
    assert (contact.phone_number, contact.first_name) == ("+491234", "Bob")
    poll = (await client.send_poll(ann.id, "Which?", ["a", "b"], is_anonymous=False)).poll
    assert poll is not None
    assert ([option.text for option in poll.options], poll.is_anonymous) == (["a", "b"], False)


async def test_an_album_is_several_messages_with_one_group_id(client: Aiogram, ann: User) -> None:
    first, second = await client.send_media_group(
        ann.id,
        [
            InputMediaPhoto(media=BufferedInputFile(PNG, "a.png"), caption="<b>one</b>", parse_mode=ParseMode.HTML),
            InputMediaVideo(media=BufferedInputFile(SAMPLES["video"], "b.mp4")),
        ],
    )
    assert first.media_group_id == second.media_group_id is not None
    assert (first.caption, bool(first.photo), bool(second.video)) == ("one", True, True)
    papers = await client.send_media_group(
        ann.id, [InputMediaDocument(media=BufferedInputFile(b"x", f"{n}.txt")) for n in range(3)]
    )
    assert [one.document.file_name for one in papers if one.document] == ["0.txt", "1.txt", "2.txt"]
    sounds = await client.send_media_group(
        ann.id, [InputMediaAudio(media=BufferedInputFile(SAMPLES["audio"], "s.mp3")) for _ in range(2)]
    )
    assert len({one.media_group_id for one in sounds}) == 1


async def test_forwarding_tells_the_origin_and_copying_does_not(client: Aiogram, ann: User) -> None:
    original = await client.send_message(ann.id, "said once")
    forwarded = await client.forward_message(ann.id, ann.id, original.message_id)
    assert forwarded.text == "said once"
    assert forwarded.forward_origin is not None
    copied = await client.copy_message(ann.id, ann.id, original.message_id)
    assert copied.message_id == forwarded.message_id + 1


async def test_edits_change_the_stored_message(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    text = await client.send_message(ann.id, "before", reply_markup=BUTTONS)
    edited = await client.edit_message_text("after", chat_id=ann.id, message_id=text.message_id)
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup, bool(edited.edit_date)) == ("after", None, True)
    photo = await client.send_photo(ann.id, BufferedInputFile(PNG, "p.png"), caption="before")
    at = photo.message_id
    caption = await client.edit_message_caption(caption="after", chat_id=ann.id, message_id=at)
    assert isinstance(caption, Message)
    assert caption.caption == "after"
    media = await client.edit_message_media(
        InputMediaDocument(media=BufferedInputFile(b"paper", "paper.txt"), caption="now a paper"),
        chat_id=ann.id,
        message_id=at,
    )
    assert isinstance(media, Message)
    assert (media.photo, media.document and media.document.file_name) == (None, "paper.txt")
    buttons = await client.edit_message_reply_markup(reply_markup=BUTTONS, chat_id=ann.id, message_id=at)
    assert isinstance(buttons, Message)
    assert buttons.reply_markup is not None
    assert buttons.reply_markup.inline_keyboard[0][0].callback_data == "yes"
    assert telegram.texts(account, ann) == ["after", "now a paper"]


async def test_deleted_messages_are_gone(client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot) -> None:
    ids = [(await client.send_message(ann.id, str(n))).message_id for n in range(4)]
    assert await client.delete_message(ann.id, ids[0])
    assert await client.delete_messages(ann.id, [*ids[1:3], 999])
    assert telegram.texts(account, ann) == ["3"]


async def test_reactions_and_chat_actions_are_seen(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    sent = telegram.people.sends_text(ann, account, "hello")
    await client.set_message_reaction(ann.id, sent["message_id"], [ReactionTypeEmoji(emoji="👍")])
    await client.send_chat_action(ann.id, "typing")
    chat = telegram.chat(account, ann)
    assert chat.messages[sent["message_id"]].reactions[account.id] == [{"type": "emoji", "emoji": "👍"}]
    assert chat.actions == ["typing"]
    await client.set_message_reaction(ann.id, sent["message_id"], [])
    assert account.id not in chat.messages[sent["message_id"]].reactions


async def test_commands_are_kept(client: Aiogram) -> None:
    await client.set_my_commands([BotCommand(command="start", description="Begin")])
    assert [one.command for one in await client.get_my_commands()] == ["start"]
