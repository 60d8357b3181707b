from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    ReactionTypeEmoji,
    ReplyParameters,
)

from tests.simulators.telegram import Bot, TelegramSimulator, User
from tests.simulators.telegram.samples import PNG

LONG_BUTTON = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="x", callback_data="x" * 65)]])
Ask = Callable[[Aiogram, int], Awaitable[Any]]

REFUSED: dict[str, tuple[Ask, str]] = {
    "empty text": (lambda b, c: b.send_message(c, "  "), "message text is empty"),
    "text too long": (lambda b, c: b.send_message(c, "x" * 4097), "message is too long"),
    "caption too long": (
        lambda b, c: b.send_photo(c, BufferedInputFile(PNG, "p.png"), caption="x" * 1025),
        "message caption is too long",
    ),
    "unknown chat": (lambda b, c: b.send_message(424242, "x"), "chat not found"),
    "unknown username": (lambda b, c: b.send_message("@nobody_here", "x"), "chat not found"),
    "edit of nothing": (
        lambda b, c: b.edit_message_text("x", chat_id=c, message_id=999),
        "message to edit not found",
    ),
    "delete of nothing": (lambda b, c: b.delete_message(c, 999), "message to delete not found"),
    "reply to nothing": (
        lambda b, c: b.send_message(c, "x", reply_parameters=ReplyParameters(message_id=999)),
        "message to be replied not found",
    ),
    "reaction on nothing": (
        lambda b, c: b.set_message_reaction(c, 999, [ReactionTypeEmoji(emoji="👍")]),
        "message to react not found",
    ),
    "forward of nothing": (lambda b, c: b.forward_message(c, c, 999), "message to forward not found"),
    "copy of nothing": (lambda b, c: b.copy_message(c, c, 999), "message to copy not found"),
    "unclosed html": (
        lambda b, c: b.send_message(c, "<b>x", parse_mode="HTML"),
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    "crossed html": (
        lambda b, c: b.send_message(c, "<b><i>x</b></i>", parse_mode="HTML"),
        'can\'t parse entities: Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
    ),
    "foreign html": (
        lambda b, c: b.send_message(c, "ä<table>", parse_mode="HTML"),
        'can\'t parse entities: Unsupported start tag "table" at byte offset 2',
    ),
    "stray end tag": (
        lambda b, c: b.send_message(c, "x</b>", parse_mode="HTML"),
        "can't parse entities: Unexpected end tag at byte offset 1",
    ),
    "unclosed markdown": (
        lambda b, c: b.send_message(c, "ä *x", parse_mode="Markdown"),
        "can't parse entities: Can't find end of the entity starting at byte offset 3",
    ),
    "unescaped markdown v2": (
        lambda b, c: b.send_message(c, "v1.0", parse_mode="MarkdownV2"),
        "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
    ),
    "unclosed markdown v2": (
        lambda b, c: b.send_message(c, "a *x", parse_mode="MarkdownV2"),
        "can't parse entities: Can't find end of Bold entity at byte offset 2",
    ),
    "unknown parse mode": (lambda b, c: b.send_message(c, "x", parse_mode="RTF"), "unsupported parse_mode"),
    "junk file id": (lambda b, c: b.send_document(c, "junk"), "wrong file identifier/HTTP URL specified"),
    "getFile of junk": (lambda b, c: b.get_file("junk"), "invalid file_id"),
    "dead url": (lambda b, c: b.send_photo(c, "http://127.0.0.1:9/x.png"), "failed to get HTTP URL content"),
    "empty file": (lambda b, c: b.send_document(c, BufferedInputFile(b"", "e.txt")), "file must be non-empty"),
    "photo that is none": (
        lambda b, c: b.send_photo(c, BufferedInputFile(b"not an image", "p.png")),
        "IMAGE_PROCESS_FAILED",
    ),
    "photo too big": (
        lambda b, c: b.send_photo(c, BufferedInputFile(PNG + bytes(100_000), "p.png")),
        f"file of size {len(PNG) + 100_000} bytes is too big for a photo; the maximum size is 100000 bytes",
    ),
    "poll with one option": (lambda b, c: b.send_poll(c, "q", ["a"]), "poll must have at least 2 option"),
    "poll with thirteen": (
        lambda b, c: b.send_poll(c, "q", [str(n) for n in range(13)]),
        "poll can't have more than 12 options",
    ),
    "strange reaction": (
        lambda b, c: b.set_message_reaction(c, 1, [ReactionTypeEmoji(emoji="🪑")]),
        "REACTION_INVALID",
    ),
    "strange action": (lambda b, c: b.send_chat_action(c, "dancing"), "wrong parameter action in request"),
    "stale query": (
        lambda b, c: b.answer_callback_query("1"),
        "query is too old and response timeout expired or query ID is invalid",
    ),
    "long button": (lambda b, c: b.send_message(c, "x", reply_markup=LONG_BUTTON), "BUTTON_DATA_INVALID"),
    "eleven in an album": (
        lambda b, c: b.send_media_group(c, [InputMediaPhoto(media="x")] * 11),
        "too many messages to send as an album",
    ),
    "odd webhook secret": (
        lambda b, c: b.set_webhook("https://a.example/", secret_token="not allowed!"),
        "secret token contains unallowed characters",
    ),
    "edit of another's words": (
        lambda b, c: b.edit_message_text("x", chat_id=c, message_id=1),
        "message can't be edited",
    ),
    "no such thread": (lambda b, c: b.send_message(c, "x", message_thread_id=5), "message thread not found"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_telegram_refuses_in_its_own_words(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, case: str
) -> None:
    telegram.people.sends_text(ann, account, "message number one")
    ask, sentence = REFUSED[case]
    with pytest.raises(TelegramBadRequest) as refused:
        await ask(client, ann.id)
    assert refused.value.message == f"Bad Request: {sentence}"


async def test_an_edit_that_changes_nothing_is_refused(client: Aiogram, ann: User) -> None:
    sent = await client.send_message(ann.id, "same")
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content and reply"):
        await client.edit_message_text("same", chat_id=ann.id, message_id=sent.message_id)


async def test_text_and_caption_edits_need_text_and_caption(client: Aiogram, ann: User) -> None:
    text = await client.send_message(ann.id, "x")
    photo = await client.send_photo(ann.id, BufferedInputFile(PNG, "p.png"))
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await client.edit_message_caption(caption="x", chat_id=ann.id, message_id=text.message_id)
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await client.edit_message_text("x", chat_id=ann.id, message_id=photo.message_id)


async def test_a_file_id_belongs_to_one_bot_and_one_kind(
    client: Aiogram, telegram: TelegramSimulator, session: AiohttpSession, ann: User
) -> None:
    sent = await client.send_document(ann.id, BufferedInputFile(b"x", "x.txt"))
    assert sent.document is not None
    with pytest.raises(TelegramBadRequest, match="can't use file of type Document as Photo"):
        await client.send_photo(ann.id, sent.document.file_id)
    other = telegram.add_bot()
    telegram.people.opens(ann, other)
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await Aiogram(other.token, session=session).send_document(ann.id, sent.document.file_id)


async def test_files_over_the_limits_are_refused_up_and_down(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    with pytest.raises(TelegramEntityTooLarge, match="Request Entity Too Large"):
        await client.send_document(ann.id, BufferedInputFile(bytes(300_001), "big.bin"))
    telegram.people.sends_media(ann, account, "document", bytes(200_001), file_name="big.bin")
    received = telegram.unconfirmed(account)[-1]["message"]["document"]
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await client.get_file(received["file_id"])


async def test_people_who_never_wrote_or_blocked_the_bot_cannot_be_written_to(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    stranger = telegram.add_person("Stranger")
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot can't initiate conversation with a user"):
        await client.send_message(stranger.id, "hi")
    telegram.rooms.blocks(ann, account)
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await client.send_message(ann.id, "hi")
    telegram.rooms.unblocks(ann, account)
    assert (await client.send_message(ann.id, "hi")).text == "hi"


async def test_a_bot_thrown_out_or_gone_cannot_write(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    group = telegram.rooms.create("group", "Club", members=[account], admins=[ann])
    crowd = telegram.rooms.create("supergroup", "Crowd", members=[account, ann])
    telegram.rooms.removes(account, group, by=ann)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the group chat"):
        await client.send_message(group.id, "hi")
    await client.leave_chat(crowd.id)
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
        await client.send_message(crowd.id, "hi")


async def test_unknown_bots_bad_tokens_and_unknown_methods(telegram: TelegramSimulator, account: Bot) -> None:
    async with aiohttp.ClientSession(telegram.base_url) as http:
        for path, status, sentence in (
            ("/bot1:UNKNOWN/getMe", 401, "Unauthorized"),
            (f"/bot{account.id}:WRONG/getMe", 401, "Unauthorized"),
            ("/botjunk/getMe", 404, "Not Found"),
            ("/", 404, "Not Found"),
            (f"/bot{account.token}/danceForMe", 404, "Not Found: method not found"),
            (f"/file/bot{account.token}/documents/none.bin", 404, "Not Found"),
        ):
            async with http.get(path) as answer:
                body = await answer.json()
            assert (answer.status, body) == (status, {"ok": False, "error_code": status, "description": sentence})


async def test_a_revoked_token_and_a_logged_out_bot_are_refused(
    client: Aiogram, telegram: TelegramSimulator, account: Bot, session: AiohttpSession
) -> None:
    other = telegram.add_bot()
    await Aiogram(other.token, session=session).log_out()
    with pytest.raises(TelegramBadRequest, match="Logged out"):
        await Aiogram(other.token, session=session).get_me()
    telegram.revoke(account)
    with pytest.raises(TelegramUnauthorizedError, match="Unauthorized"):
        await client.get_me()


async def test_an_open_door_lets_any_well_formed_token_and_chat_in_except_bad_ones(session: AiohttpSession) -> None:
    async with TelegramSimulator(open_door=True) as telegram:
        session.api = type(session.api).from_base(telegram.base_url)
        visitor = Aiogram("77:ANYTHING", session=session)
        assert (await visitor.send_message(12345, "hi")).chat.type == "private"
        assert (await visitor.send_message(-1001234567890, "hi")).chat.type == "supergroup"
        with pytest.raises(TelegramUnauthorizedError):
            await Aiogram("78:BADtoken", session=session).get_me()


async def test_parameters_may_come_by_query_form_json_or_multipart_and_names_in_any_case(
    telegram: TelegramSimulator, account: Bot, ann: User
) -> None:
    fields = {"chat_id": str(ann.id), "text": "hi"}
    part = aiohttp.FormData(fields, default_to_multipart=True)
    async with aiohttp.ClientSession(telegram.base_url) as http:
        for ask in (
            http.get(f"/bot{account.token}/sendmessage", params=fields),
            http.post(f"/bot{account.token}/SENDMESSAGE", data=fields),
            http.post(f"/bot{account.token}/sendMessage", json={"chat_id": ann.id, "text": "hi"}),
            http.post(f"/bot{account.token}/sendMessage", data=part),
        ):
            async with ask as answer:
                assert (await answer.json())["result"]["text"] == "hi"
        async with http.post(
            f"/bot{account.token}/sendMessage", data="{", headers={"Content-Type": "application/json"}
        ) as answer:
            assert (answer.status, (await answer.json())["ok"]) == (400, False)


async def test_an_unknown_method_through_aiogram_is_its_not_found(client: Aiogram) -> None:
    with pytest.raises(TelegramNotFound):
        await client.get_my_star_balance()


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("sendMessage", {"reply_markup": '{"inline_keyboard": ["row"]}'}),
        ("sendMessage", {"reply_markup": '{"inline_keyboard": [[1]]}'}),
        ("sendMessage", {"reply_markup": "not json"}),
        ("sendMessage", {"reply_parameters": "[1]"}),
        ("sendMessage", {"entities": "[1]"}),
        ("setMessageReaction", {"reaction": "[7]"}),
        ("sendMediaGroup", {"media": '["x"]'}),
        ("deleteMessages", {"message_ids": '["x"]'}),
        ("setMyCommands", {"commands": "{}"}),
        ("sendPoll", {"question": "q", "options": "7"}),
        ("sendLocation", {"latitude": "north", "longitude": "1"}),
        ("editMessageText", {}),
        ("sendPhoto", {"photo": "attach://nothing"}),
    ],
)
async def test_parameters_of_the_wrong_shape_are_bad_requests(
    telegram: TelegramSimulator, account: Bot, ann: User, method: str, fields: dict[str, str]
) -> None:
    async with aiohttp.ClientSession(telegram.base_url) as http:
        everything = {"chat_id": str(ann.id), "text": "x"} | fields
        async with http.post(f"/bot{account.token}/{method}", data=everything) as answer:
            body = await answer.json()
    assert (answer.status, body["error_code"]) == (400, 400)
    assert body["description"].startswith("Bad Request: ")
