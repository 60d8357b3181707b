"""What a caller says, as Bot API calls."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram.methods import SendLocation, SendMessage, SendVenue
from aiogram.types import BufferedInputFile, LinkPreviewOptions

from gateway.domain.errors import GatewayError, InvalidInput, TooLarge, Unsupported
from gateway.domain.ids import Address
from gateway.domain.messages import (
    ContactCard,
    Location,
    MediaKind,
    OutgoingContent,
    OutgoingMedia,
    OutgoingMessage,
    Poll,
    Text,
    TextFormat,
)
from gateway.providers.telegram import outbound

MEGABYTE = 1024 * 1024


def say(content: OutgoingContent, **options: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"to": Address("5001"), "content": content} | options)


def media(kind: MediaKind = MediaKind.DOCUMENT, **options: Any) -> OutgoingMedia:
    given = {"media": kind, "data": b"x", "mime_type": "application/octet-stream", "file_name": "a.bin"}
    return OutgoingMedia(**given | options)


def test_plain_text_is_sent_as_it_stands() -> None:
    method = outbound.method_of(say(Text(text="1 < 2 *really*")))
    assert isinstance(method, SendMessage)
    assert (method.chat_id, method.text, method.parse_mode) == (5001, "1 < 2 *really*", None)
    assert method.link_preview_options is None
    assert method.reply_parameters is None
    assert method.disable_notification is None


@pytest.mark.parametrize(("markup", "mode"), [(TextFormat.HTML, "HTML"), (TextFormat.MARKDOWN, "MarkdownV2")])
def test_markup_is_named(markup: TextFormat, mode: str) -> None:
    method = outbound.method_of(say(Text(text="x"), format=markup))
    assert isinstance(method, SendMessage)
    assert method.parse_mode == mode
    captioned = outbound.method_of(say(media(caption="x"), format=markup))
    assert captioned.model_dump()["parse_mode"] == mode


def test_replies_silence_and_previews_are_options() -> None:
    method = outbound.method_of(say(Text(text="x"), reply_to="9", silent=True, link_preview=False))
    assert isinstance(method, SendMessage)
    assert method.reply_parameters is not None
    assert method.reply_parameters.message_id == 9
    assert method.disable_notification
    assert isinstance(method.link_preview_options, LinkPreviewOptions)
    assert method.link_preview_options.model_dump()["is_disabled"] is True


@pytest.mark.parametrize(
    ("kind", "api_method", "field"),
    [
        (MediaKind.IMAGE, "sendPhoto", "photo"),
        (MediaKind.VIDEO, "sendVideo", "video"),
        (MediaKind.ANIMATION, "sendAnimation", "animation"),
        (MediaKind.AUDIO, "sendAudio", "audio"),
        (MediaKind.VOICE, "sendVoice", "voice"),
        (MediaKind.VIDEO_NOTE, "sendVideoNote", "video_note"),
        (MediaKind.DOCUMENT, "sendDocument", "document"),
        (MediaKind.STICKER, "sendSticker", "sticker"),
    ],
)
def test_every_kind_of_file_has_its_method(kind: MediaKind, api_method: str, field: str) -> None:
    method = outbound.method_of(say(media(kind), silent=True))
    file = getattr(method, field)
    assert method.__api_method__ == api_method
    assert isinstance(file, BufferedInputFile)
    assert (file.data, file.filename) == (b"x", "a.bin")
    assert method.model_dump()["disable_notification"] is True


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a"\r\nX-Evil: 1', "a_X-Evil: 1"),
        ("", "document"),
        (" . ", "document"),
        ("päper 📄.txt", "päper 📄.txt"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_file_name_cannot_break_out_of_its_header(given: str, sent: str) -> None:
    method = outbound.method_of(say(media(file_name=given)))
    name = method.model_dump()["document"].filename
    assert name == sent


def test_a_place_with_a_name_is_a_venue() -> None:
    bare = outbound.method_of(say(Location(latitude=1.5, longitude=2.5)))
    named = outbound.method_of(say(Location(latitude=1.5, longitude=2.5, title="Café")))
    assert isinstance(bare, SendLocation)
    assert isinstance(named, SendVenue)
    assert (named.title, named.address) == ("Café", "Café")


def test_cards_and_polls_are_sent_whole() -> None:
    card = outbound.method_of(say(ContactCard(name="Bob", phone="+49", vcard="BEGIN:VCARD"))).model_dump()
    assert (card["first_name"], card["phone_number"], card["vcard"]) == ("Bob", "+49", "BEGIN:VCARD")
    poll = outbound.method_of(say(Poll(question="?", options=("a", "b"), multiple=True, anonymous=False))).model_dump()
    assert [option["text"] for option in poll["options"]] == ["a", "b"]
    assert (poll["allows_multiple_answers"], poll["is_anonymous"]) == (True, False)


@pytest.mark.parametrize(
    ("given", "read"),
    [("5001", 5001), (" -1001234567890 ", -1001234567890), ("@team_chat", "@team_chat")],
)
def test_chats_are_numbers_or_usernames(given: str, read: int | str) -> None:
    assert outbound.chat_id(given) == read


@pytest.mark.parametrize("given", ["", "ann", "@", "@1a", "+49 170 1", "5001@c.us", "1" * 17, "--5", "٣", "@a b"])
def test_anything_else_is_refused_by_name(given: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _ = outbound.method_of(say(Text(text="x"), to=Address(given)))
    assert refused.value.field == "to"


@pytest.mark.parametrize(
    ("message", "kind", "field"),
    [
        (say(Text(text="")), InvalidInput, "text"),
        (say(Text(text="x"), reply_to="abc"), InvalidInput, "replyTo"),
        (say(Text(text="x"), mentions=(Address("1"),)), Unsupported, "mentions"),
        (say(media(data=b"")), InvalidInput, "file"),
        (say(media(MediaKind.STICKER, caption="x")), Unsupported, "caption"),
        (say(media(MediaKind.VIDEO_NOTE, caption="x")), Unsupported, "caption"),
    ],
)
def test_what_telegram_would_not_take_is_refused_before(
    message: OutgoingMessage, kind: type[GatewayError], field: str
) -> None:
    with pytest.raises(kind) as refused:
        _ = outbound.method_of(message)
    assert isinstance(refused.value, InvalidInput)
    assert refused.value.field == field


def test_sizes_are_checked_before_the_upload() -> None:
    _ = outbound.method_of(say(media(data=bytes(50 * MEGABYTE))))
    with pytest.raises(TooLarge, match="50 MB"):
        _ = outbound.method_of(say(media(data=bytes(50 * MEGABYTE + 1))))
    _ = outbound.method_of(say(media(data=bytes(50 * MEGABYTE + 1))), local=True)
    with pytest.raises(TooLarge, match="send it as a document"):
        _ = outbound.method_of(say(media(MediaKind.IMAGE, data=bytes(10 * MEGABYTE + 1))), local=True)


@pytest.mark.parametrize(
    ("given", "action"),
    [
        ("typing", "typing"),
        ("Composing", "typing"),
        ("recording", "record_voice"),
        ("recording_video", "record_video"),
        ("uploading_photo", "upload_photo"),
        ("uploading_file", "upload_document"),
        ("upload_document", "upload_document"),
        ("choosing_sticker", "choose_sticker"),
        ("finding_location", "find_location"),
    ],
)
def test_activities_have_telegrams_words(given: str, action: str) -> None:
    assert outbound.show_activity(Address("1"), given).action == action


def test_an_unknown_activity_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="typing"):
        _ = outbound.show_activity(Address("1"), "dancing")


def test_reactions_can_be_set_and_withdrawn() -> None:
    assert outbound.react(Address("1"), "9", None).reaction == []
    (emoji,) = outbound.react(Address("1"), "9", "👍").reaction or []
    assert emoji.model_dump() == {"type": "emoji", "emoji": "👍"}
    (custom,) = outbound.react(Address("1"), "9", "custom:77").reaction or []
    assert custom.model_dump() == {"type": "custom_emoji", "custom_emoji_id": "77"}
