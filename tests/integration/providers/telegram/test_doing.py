"""What a caller can have a bot do, against the simulator: send, edit, delete, react, show, fetch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gateway.domain.errors import InvalidInput, NetworkRefused, NetworkUnreachable, TooLarge
from gateway.domain.events import ButtonPressed, MemberChanged, MessageEdited, MessageReacted, PollAnswered
from gateway.domain.ids import Address
from gateway.domain.instances import Credentials
from gateway.domain.messages import (
    ContactCard,
    Location,
    Media,
    MediaKind,
    MessageKey,
    OutgoingContent,
    OutgoingMedia,
    OutgoingMessage,
    Poll,
    Text,
    TextFormat,
)
from gateway.providers.contract import (
    AnswersButtons,
    DeletesMessages,
    EditsMessages,
    FetchesMedia,
    KnowsItself,
    ReceivesHooks,
    Session,
    ShowsActivity,
)
from gateway.providers.contract import Reacts as CanReact
from gateway.providers.telegram import TelegramProvider
from gateway.providers.telegram.session import TelegramSession
from gateway.settings import Settings
from tests.seam import Seam, living
from tests.simulators.telegram import Bot, Fault, TelegramSimulator, User
from tests.simulators.telegram.samples import SAMPLES


@pytest.fixture
async def session(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, ann: User
) -> AsyncIterator[TelegramSession]:
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        assert isinstance(life.session, TelegramSession)
        yield life.session


def to(person: User) -> Address:
    return Address(str(person.id))


def key(person: User, network_id: str) -> MessageKey:
    return MessageKey(chat=to(person), network_id=network_id)


def test_a_session_can_do_all_that_telegram_can(
    provider: TelegramProvider, credentials: Credentials, seam: Seam
) -> None:
    session: Session = provider.open(seam.context(credentials))
    for capability in (
        AnswersButtons,
        CanReact,
        DeletesMessages,
        EditsMessages,
        FetchesMedia,
        KnowsItself,
        ReceivesHooks,
        ShowsActivity,
    ):
        assert isinstance(session, capability)


async def test_texts_carry_markup_replies_silence_and_previews(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User
) -> None:
    question = telegram.people.sends_text(ann, bot, "when?")["message_id"]
    sent = await session.send(
        OutgoingMessage(
            to=to(ann),
            content=Text(text="<b>now</b>"),
            format=TextFormat.HTML,
            reply_to=str(question),
            silent=True,
            link_preview=False,
        )
    )
    assert sent.message.content == Text(text="now")
    assert sent.message.reply_to == str(question)
    (call,) = telegram.calls(bot, "sendMessage")
    assert call.params["parse_mode"] == "HTML"
    assert "true" in str(call.params["disable_notification"]).lower()
    assert "is_disabled" in str(call.params["link_preview_options"])
    await session.send(OutgoingMessage(to=to(ann), content=Text(text="*bold*"), format=TextFormat.MARKDOWN))
    await session.send(OutgoingMessage(to=to(ann), content=Text(text="*plain* <b>")))
    assert telegram.texts(bot, ann) == ["now", "bold", "*plain* <b>"]


@pytest.mark.parametrize("kind", list(MediaKind))
async def test_every_kind_of_file_goes_out_and_can_be_fetched_back(
    session: TelegramSession, bot: Bot, ann: User, kind: MediaKind
) -> None:
    data = SAMPLES["photo" if kind is MediaKind.IMAGE else kind.value]
    captioned = kind not in (MediaKind.STICKER, MediaKind.VIDEO_NOTE)
    media = OutgoingMedia(
        media=kind,
        data=data,
        mime_type="application/octet-stream",
        file_name='a "b"\r\nX-Evil: 1.bin',
        caption="look" if captioned else "",
    )
    sent = await session.send(OutgoingMessage(to=to(ann), content=media))
    content = sent.message.content
    assert isinstance(content, Media)
    assert content.media is kind
    assert content.caption == media.caption
    assert (await session.fetch_media(content.ref, max_bytes=1_000_000)).data == data


@pytest.mark.parametrize(
    "content",
    [
        Location(latitude=52.5, longitude=13.25),
        Location(latitude=0.0, longitude=0.0),
        Location(latitude=52.5, longitude=13.25, title="Café", address="Street 1"),
        ContactCard(name="Bob Builder", phone="+491700000000"),
    ],
)
async def test_places_and_cards_come_back_as_they_were_said(
    session: TelegramSession, ann: User, content: OutgoingContent
) -> None:
    sent = await session.send(OutgoingMessage(to=to(ann), content=content))
    assert sent.message.content == content


async def test_a_poll_is_sent_and_its_votes_are_told(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    asked = Poll(question="Lunch?", options=("yes", "no"), multiple=True, anonymous=False)
    sent = await session.send(OutgoingMessage(to=to(ann), content=asked))
    poll = sent.message.content
    assert isinstance(poll, Poll)
    assert (poll.question, poll.options, poll.multiple, poll.anonymous) == ("Lunch?", ("yes", "no"), True, False)
    assert poll.ref
    telegram.people.votes(ann, poll.ref, 1)
    await seam.until(lambda: seam.committed)
    answer = seam.only(PollAnswered)
    assert (answer.poll_ref, answer.options, answer.sender.address) == (poll.ref, (1,), to(ann))


async def test_texts_and_captions_are_edited(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User
) -> None:
    text = await session.send(OutgoingMessage(to=to(ann), content=Text(text="tpyo")))
    assert await session.edit(key(ann, text.id), "<i>typo</i>", TextFormat.HTML) == Text(text="typo")
    file = OutgoingMedia(media=MediaKind.DOCUMENT, data=b"x", mime_type="text/plain", file_name="x.txt", caption="old")
    sent = await session.send(OutgoingMessage(to=to(ann), content=file))
    edited = await session.edit(key(ann, sent.id), "new", TextFormat.PLAIN)
    assert isinstance(edited, Media)
    assert edited.caption == "new"
    assert telegram.texts(bot, ann) == ["typo", "new"]
    with pytest.raises(InvalidInput):
        await session.edit(key(ann, "99999"), "nothing there", TextFormat.PLAIN)


async def test_messages_are_deleted_reacted_to_and_announced(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User
) -> None:
    sent = await session.send(OutgoingMessage(to=to(ann), content=Text(text="oops")))
    await session.delete(key(ann, sent.id))
    assert telegram.texts(bot, ann) == []
    theirs = telegram.people.sends_text(ann, bot, "nice")["message_id"]
    chat = telegram.chat(bot, ann)
    await session.react(key(ann, str(theirs)), "👍")
    message = chat.message(theirs)
    assert message is not None
    assert message.reactions[bot.id] == [{"type": "emoji", "emoji": "👍"}]
    await session.react(key(ann, str(theirs)), None)
    assert not message.reactions.get(bot.id)
    await session.show_activity(to(ann), "typing")
    await session.show_activity(to(ann), "uploading_photo")
    assert chat.actions == ["typing", "upload_photo"]


async def test_buttons_are_told_and_answered(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    async with telegram.http.post(
        f"{telegram.base_url}/bot{bot.token}/sendMessage",
        json={"chat_id": ann.id, "text": "Sure?", "reply_markup": keyboard},
    ) as answer:
        number = (await answer.json())["result"]["message_id"]
    telegram.people.presses(ann, bot, number, "yes")
    await seam.until(lambda: seam.committed)
    press = seam.only(ButtonPressed)
    assert (press.data, press.network_id, press.conversation) == ("yes", str(number), to(ann))
    await session.answer_button(press.query_id, "Thanks", alert=True)
    assert press.query_id in bot.query_answers


async def test_edits_reactions_and_blocks_are_told(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    number = telegram.people.sends_text(ann, bot, "first")["message_id"]
    telegram.people.edits(ann, bot, number, text="second")
    telegram.people.reacts(ann, bot, number, "🔥")
    telegram.rooms.blocks(ann, bot)
    await seam.until(lambda: len(seam.committed) == 4)
    assert seam.only(MessageEdited).content == Text(text="second")
    assert seam.only(MessageReacted).emoji == ("🔥",)
    change = seam.only(MemberChanged)
    assert (change.before, change.after, change.is_me) == ("member", "blocked", True)
    with pytest.raises(NetworkRefused) as refused:
        await session.send(OutgoingMessage(to=to(ann), content=Text(text="hello?")))
    assert refused.value.code == "blocked"


async def test_a_bot_knows_itself(session: TelegramSession, bot: Bot) -> None:
    me = await session.profile()
    assert (me.address, me.name, me.username, me.is_bot) == (str(bot.id), "Shop", bot.user.username, True)


async def test_downloads_have_a_cap_and_telegrams_own_limit_a_sentence(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    telegram.people.sends_media(ann, bot, "document", b"x" * 5000, file_name="report.pdf")
    await seam.until(lambda: seam.messages)
    content = seam.messages[0].content
    assert isinstance(content, Media)
    fetched = await session.fetch_media(content.ref, max_bytes=5000)
    assert fetched.mime_type == "application/pdf"
    with pytest.raises(TooLarge):
        await session.fetch_media(content.ref, max_bytes=4999)
    with pytest.raises(NetworkRefused):
        await session.fetch_media("no-such-file", max_bytes=5000)
    telegram.fault(Fault(method="getFile", code=400, description="Bad Request: file is too big"))
    with pytest.raises(TooLarge, match="20 MB"):
        await session.fetch_media(content.ref, max_bytes=5000)
    bot.paths.clear()
    telegram.fault(Fault(method="getFile", code=500))
    with pytest.raises(NetworkUnreachable):
        await session.fetch_media(content.ref, max_bytes=5000)


async def test_a_file_that_vanished_between_asking_and_fetching_is_a_refusal_without_the_token(
    session: TelegramSession, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    telegram.people.sends_media(ann, bot, "document", b"x" * 50)
    await seam.until(lambda: seam.messages)
    content = seam.messages[0].content
    assert isinstance(content, Media)
    path = '{"ok": true, "result": {"file_id": "f", "file_unique_id": "u", "file_path": "gone/file_1.bin"}}'
    telegram.fault(Fault(method="getFile", code=200, body=path, content_type="application/json"))
    with pytest.raises(NetworkRefused) as refused:
        await session.fetch_media(content.ref, max_bytes=5000)
    assert refused.value.__context__ is None
    assert bot.token not in refused.value.sentence


async def test_a_bot_api_server_of_ones_own_hands_files_over_as_paths(
    telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam, tmp_path: Path
) -> None:
    provider = TelegramProvider(Settings(telegram_api_base=telegram.base_url, telegram_local=True), poll_seconds=1)
    path = tmp_path / "video.mp4"
    path.write_bytes(b"large" * 100)

    def served(where: Path) -> Fault:
        file = {"file_id": "f", "file_unique_id": "u", "file_path": str(where)}
        body = msgspec.json.encode({"ok": True, "result": file}).decode()
        return Fault(method="getFile", code=200, body=body, content_type="application/json")

    async with living(provider, seam.context(provider.check({"token": bot.token}))) as life:
        await seam.until_connected()
        assert isinstance(life.session, TelegramSession)
        telegram.fault(served(path))
        fetched = await life.session.fetch_media("f", max_bytes=500)
        assert (fetched.data, fetched.mime_type, fetched.file_name) == (b"large" * 100, "video/mp4", "video.mp4")
        telegram.fault(served(path))
        with pytest.raises(TooLarge):
            await life.session.fetch_media("f", max_bytes=499)
        telegram.fault(served(tmp_path / "elsewhere"))
        with pytest.raises(NetworkRefused, match="TELEGRAM_LOCAL"):
            await life.session.fetch_media("f", max_bytes=500)
    await provider.aclose()
