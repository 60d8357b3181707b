"""What the Bot API's JSON becomes. The real aiogram reads it, so the samples have to be what Telegram sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Update

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
from gateway.domain.messages import (
    Chat,
    ChatKind,
    ContactCard,
    Content,
    Location,
    Media,
    MediaKind,
    Message,
    Person,
    Poll,
    Text,
    Unknown,
)
from gateway.providers.telegram.inbound import events_of
from gateway.providers.telegram.salvage import salvage

Json = dict[str, Any]

ME = 7000
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SENT = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
DATE = int(SENT.timestamp())
ANN: Json = {"id": 5001, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "username": "ann"}
BOT: Json = {"id": ME, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
PRIVATE: Json = {"id": 5001, "type": "private", "first_name": "Ann", "last_name": "Lee", "username": "ann"}
GROUP: Json = {"id": -1001, "type": "supergroup", "title": "Team", "username": "team"}
CHANNEL: Json = {"id": -1002, "type": "channel", "title": "News"}
FILE: Json = {"file_id": "F1", "file_unique_id": "U1", "file_size": 1234}


def tell(**update: Any) -> tuple[Event, ...]:
    parsed = Update.model_validate({"update_id": 42, **update})
    return events_of(parsed, InstanceId("i1"), me=ME, at=NOW)


def message(**content: Any) -> Json:
    return {"message_id": 9, "date": DATE, "chat": PRIVATE, "from": ANN, **content}


def received(**content: Any) -> Message:
    (event,) = tell(message=message(**content))
    assert isinstance(event, MessageReceived)
    return event.message


def test_a_text_message_is_read_in_full() -> None:
    (event,) = tell(message=message(text="Hello", reply_to_message=message(text="before") | {"message_id": 8}))
    assert event == MessageReceived(
        instance_id=InstanceId("i1"),
        at=SENT,
        message=Message(
            network_id="9",
            chat=Chat(address=Address("5001"), kind=ChatKind.PRIVATE, title="Ann Lee", username="ann"),
            sender=Person(address=Address("5001"), name="Ann Lee", username="ann"),
            content=Text(text="Hello"),
            sent_at=SENT,
            reply_to="8",
        ),
    )
    assert event.dedupe_key is None, "a message is unique by chat and number"


PHOTO_SIZES = [
    FILE | {"file_id": "small", "width": 90, "height": 60},
    FILE | {"file_id": "large", "width": 900, "height": 600},
    FILE | {"file_id": "middle", "width": 300, "height": 200},
]
THUMBNAIL = FILE | {"file_id": "thumb", "width": 90, "height": 60}
DOCUMENT = FILE | {"file_name": "a.pdf", "mime_type": "application/pdf"}
STICKER = FILE | {
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
    "emoji": "😀",
}
POLL = {
    "id": "P1",
    "question": "Lunch?",
    "options": [
        {"persistent_id": "a", "text": "yes", "voter_count": 0},
        {"persistent_id": "b", "text": "no", "voter_count": 0},
    ],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": False,
    "type": "regular",
    "allows_multiple_answers": True,
    "allows_revoting": True,
    "members_only": False,
}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (
            {"photo": PHOTO_SIZES, "caption": "look"},
            Media(
                media=MediaKind.IMAGE,
                ref="large",
                mime_type="image/jpeg",
                size=1234,
                caption="look",
                width=900,
                height=600,
            ),
        ),
        (
            {"video": DOCUMENT | {"width": 640, "height": 480, "duration": 7, "thumbnail": THUMBNAIL}},
            Media(
                media=MediaKind.VIDEO,
                ref="F1",
                mime_type="application/pdf",
                file_name="a.pdf",
                size=1234,
                width=640,
                height=480,
                duration=7,
            ),
        ),
        (
            {"animation": FILE | {"width": 10, "height": 20, "duration": 1}, "document": DOCUMENT},
            Media(
                media=MediaKind.ANIMATION, ref="F1", mime_type="video/mp4", size=1234, width=10, height=20, duration=1
            ),
        ),
        (
            {"audio": DOCUMENT | {"duration": 180, "mime_type": "audio/mpeg", "file_name": "song.mp3"}},
            Media(
                media=MediaKind.AUDIO,
                ref="F1",
                mime_type="audio/mpeg",
                file_name="song.mp3",
                size=1234,
                duration=180,
            ),
        ),
        (
            {"voice": FILE | {"duration": 3}, "caption": "listen"},
            Media(media=MediaKind.VOICE, ref="F1", mime_type="audio/ogg", size=1234, duration=3, caption="listen"),
        ),
        (
            {"video_note": FILE | {"length": 240, "duration": 3}},
            Media(
                media=MediaKind.VIDEO_NOTE,
                ref="F1",
                mime_type="video/mp4",
                size=1234,
                width=240,
                height=240,
                duration=3,
            ),
        ),
        (
            {"document": DOCUMENT, "caption": "sign"},
            Media(
                media=MediaKind.DOCUMENT,
                ref="F1",
                mime_type="application/pdf",
                file_name="a.pdf",
                size=1234,
                caption="sign",
            ),
        ),
        (
            {"document": {"file_id": "F1", "file_unique_id": "U1"}},
            Media(media=MediaKind.DOCUMENT, ref="F1", mime_type="application/octet-stream"),
        ),
        (
            {"sticker": STICKER},
            Media(
                media=MediaKind.STICKER, ref="F1", mime_type="image/webp", size=1234, width=512, height=512, emoji="😀"
            ),
        ),
        (
            {"sticker": STICKER | {"is_animated": True, "emoji": None}},
            Media(
                media=MediaKind.STICKER,
                ref="F1",
                mime_type="application/x-tgsticker",
                size=1234,
                width=512,
                height=512,
            ),
        ),
        (
            {"sticker": STICKER | {"is_video": True, "emoji": None}},
            Media(media=MediaKind.STICKER, ref="F1", mime_type="video/webm", size=1234, width=512, height=512),
        ),
        ({"location": {"latitude": 52.5, "longitude": 13.4}}, Location(latitude=52.5, longitude=13.4)),
        (
            {
                "venue": {"location": {"latitude": 1.5, "longitude": 2.5}, "title": "Café", "address": "Street 1"},
                "location": {"latitude": 1.5, "longitude": 2.5},
            },
            Location(latitude=1.5, longitude=2.5, title="Café", address="Street 1"),
        ),
        (
            {"contact": {"phone_number": "+49170", "first_name": "Bob", "last_name": "B", "user_id": 77}},
            ContactCard(name="Bob B", phone="+49170", address=Address("77")),
        ),
        ({"poll": POLL}, Poll(question="Lunch?", options=("yes", "no"), multiple=True, anonymous=False, ref="P1")),
        ({"dice": {"emoji": "🎲", "value": 6}}, Unknown(network_kind="dice")),
        ({"new_chat_members": [ANN]}, Unknown(network_kind="new_chat_members")),
        ({"left_chat_member": ANN}, Unknown(network_kind="left_chat_member")),
        ({"new_chat_title": "New"}, Unknown(network_kind="new_chat_title")),
        ({"hologram": {"file_id": "H"}}, Unknown(network_kind="hologram")),
        ({}, Unknown(network_kind="unknown")),
    ],
    ids=lambda value: next(iter(value), "nothing") if isinstance(value, dict) else "",
)
def test_every_content_has_its_word(sent: Json, read: Content) -> None:
    assert received(**sent).content == read


@pytest.mark.parametrize(
    ("chat", "kind", "title"),
    [
        (PRIVATE, ChatKind.PRIVATE, "Ann Lee"),
        ({"id": -5, "type": "group", "title": "Old group"}, ChatKind.GROUP, "Old group"),
        (GROUP, ChatKind.GROUP, "Team"),
        (CHANNEL, ChatKind.CHANNEL, "News"),
    ],
)
def test_every_kind_of_chat_is_known(chat: Json, kind: ChatKind, title: str) -> None:
    read = received(chat=chat, text="x").chat
    assert (read.kind, read.title, read.address) == (kind, title, str(chat["id"]))


def test_a_channel_post_is_said_by_the_channel() -> None:
    post = {"message_id": 1, "date": DATE, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "News!"}
    (event,) = tell(channel_post=post)
    assert isinstance(event, MessageReceived)
    assert event.message.sender == Person(address=Address("-1002"), name="News")
    del post["sender_chat"]
    (event,) = tell(channel_post=post)
    assert isinstance(event, MessageReceived)
    assert event.message.sender.address == "-1002"


def test_an_anonymous_administrator_is_the_group_not_the_stand_in_account() -> None:
    stand_in = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    (event,) = tell(message=message(chat=GROUP, sender_chat=GROUP, text="x") | {"from": stand_in})
    assert isinstance(event, MessageReceived)
    assert event.message.sender == Person(address=Address("-1001"), name="Team", username="team")


def test_what_the_bot_itself_said_is_not_received() -> None:
    (event,) = tell(message=message(text="mine") | {"from": BOT})
    assert isinstance(event, MessageSent)
    assert event.message.from_me


def test_a_forum_topic_is_not_a_reply_but_a_reply_in_it_is() -> None:
    topic = message(chat=GROUP, forum_topic_created={"name": "T", "icon_color": 1}) | {"message_id": 3}
    thread = {"chat": GROUP, "text": "x", "message_thread_id": 3, "is_topic_message": True}
    assert received(**thread, reply_to_message=topic).reply_to is None
    assert received(**thread, reply_to_message=topic | {"message_id": 4}).reply_to == "4"


def test_an_edit_tells_the_new_content_and_when() -> None:
    (event,) = tell(edited_message=message(text="new", edit_date=DATE + 60))
    assert isinstance(event, MessageEdited)
    assert (event.network_id, event.content, event.dedupe_key) == ("9", Text(text="new"), "update:42")
    assert event.at.timestamp() == DATE + 60
    assert not event.from_me
    (post,) = tell(edited_channel_post={"message_id": 1, "date": DATE, "chat": CHANNEL, "text": "x", "edit_date": DATE})
    assert isinstance(post, MessageEdited)
    assert post.sender == Person(address=Address("-1002"), name="News")


def test_a_pressed_button_names_its_message_even_when_it_is_out_of_reach() -> None:
    query: Json = {"id": "Q1", "from": ANN, "chat_instance": "c", "data": "yes"}
    (event,) = tell(callback_query=query | {"message": message(text="Sure?")})
    assert isinstance(event, ButtonPressed)
    assert (event.query_id, event.data, event.network_id, event.conversation) == ("Q1", "yes", "9", "5001")
    assert (event.at, event.dedupe_key) == (NOW, "update:42")
    (old,) = tell(callback_query=query | {"message": {"chat": PRIVATE, "message_id": 2, "date": 0}})
    assert isinstance(old, ButtonPressed)
    assert (old.network_id, old.conversation) == ("2", "5001")
    (inline,) = tell(callback_query=query | {"inline_message_id": "INL"})
    assert isinstance(inline, ButtonPressed)
    assert (inline.network_id, inline.chat, inline.conversation) == ("INL", None, "")


def test_reactions_tell_what_is_there_now() -> None:
    change: Json = {"chat": GROUP, "message_id": 9, "date": DATE, "old_reaction": []}
    new = [
        {"type": "emoji", "emoji": "👍"},
        {"type": "custom_emoji", "custom_emoji_id": "123"},
        {"type": "paid"},
    ]
    (event,) = tell(message_reaction=change | {"user": ANN, "new_reaction": new})
    assert isinstance(event, MessageReacted)
    assert event.emoji == ("👍", "custom:123", "⭐")
    assert event.sender is not None
    assert event.sender.address == "5001"
    (gone,) = tell(message_reaction=change | {"actor_chat": CHANNEL, "new_reaction": []})
    assert isinstance(gone, MessageReacted)
    assert gone.emoji == ()
    assert gone.sender == Person(address=Address("-1002"), name="News")


def test_anonymous_reactions_are_told_without_a_sender() -> None:
    counts = [{"type": {"type": "emoji", "emoji": "🔥"}, "total_count": 3}]
    (event,) = tell(message_reaction_count={"chat": CHANNEL, "message_id": 9, "date": DATE, "reactions": counts})
    assert isinstance(event, MessageReacted)
    assert (event.sender, event.emoji, event.at) == (None, ("🔥",), SENT)


def member(user: Json, status: str) -> Json:
    return {"user": user, "status": status} | ({"until_date": 0} if status == "kicked" else {})


def test_members_come_and_go() -> None:
    change: Json = {"chat": GROUP, "from": ANN, "date": DATE}
    (event,) = tell(
        chat_member=change | {"old_chat_member": member(ANN, "left"), "new_chat_member": member(ANN, "member")}
    )
    assert isinstance(event, MemberChanged)
    assert (event.before, event.after, event.is_me, event.conversation) == ("left", "member", False, "-1001")
    (event,) = tell(
        my_chat_member=change | {"old_chat_member": member(BOT, "member"), "new_chat_member": member(BOT, "kicked")}
    )
    assert isinstance(event, MemberChanged)
    assert (event.after, event.is_me) == ("kicked", True)
    assert event.by is not None
    assert event.by.address == "5001"


def test_a_person_who_blocks_the_bot_is_told_as_that() -> None:
    (event,) = tell(
        my_chat_member={
            "chat": PRIVATE,
            "from": ANN,
            "date": DATE,
            "old_chat_member": member(BOT, "member"),
            "new_chat_member": member(BOT, "kicked"),
        }
    )
    assert isinstance(event, MemberChanged)
    assert (event.before, event.after, event.is_me) == ("member", "blocked", True)


def test_a_request_to_join_is_a_change_of_standing() -> None:
    (event,) = tell(chat_join_request={"chat": GROUP, "from": ANN, "user_chat_id": 5001, "date": DATE})
    assert isinstance(event, MemberChanged)
    assert (event.before, event.after, event.member.address) == ("left", "requested", "5001")


def test_votes_name_the_options() -> None:
    answer: Json = {"poll_id": "P1", "option_ids": [0, 1], "option_persistent_ids": ["a", "b"]}
    (event,) = tell(poll_answer=answer | {"user": ANN})
    assert isinstance(event, PollAnswered)
    assert (event.poll_ref, event.options, event.sender.address) == ("P1", (0, 1), "5001")
    (event,) = tell(poll_answer=answer | {"voter_chat": CHANNEL, "option_ids": []})
    assert isinstance(event, PollAnswered)
    assert (event.options, event.sender.address) == ((), "-1002")


def test_kinds_without_an_event_tell_nothing() -> None:
    assert tell(poll=POLL) == ()
    assert tell(hologram_call={"id": 1}) == ()


def test_an_unreadable_message_is_still_told_to_have_come() -> None:
    raw = {"update_id": 1, "message": message(text=5, entities="?") | {"from": {"id": "?"}}}
    (event,) = salvage(raw, InstanceId("i1"))
    assert isinstance(event, MessageReceived)
    assert event.message.content == Unknown(network_kind="unreadable")
    assert (event.message.network_id, event.message.chat.address, event.at) == ("9", "5001", SENT)
    assert event.message.sender.address == "5001"


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"message": None},
        {"message": "text"},
        {"message": {"message_id": "9"}},
        {"message": {"message_id": 9, "date": DATE, "chat": {"id": "x"}}},
        {"message": {"message_id": 9, "date": 10**30, "chat": {"id": 1}}},
        {"callback_query": {"id": 5}},
    ],
)
def test_what_is_beyond_saving_tells_nothing(raw: Json) -> None:
    assert salvage(raw, InstanceId("i1")) == ()
