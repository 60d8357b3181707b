"""Texts, places, cards and polls, and what they refer to, in WhatsApp's protobuf."""

from __future__ import annotations

import pytest
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import (
    Chat,
    ChatKind,
    ContactCard,
    Location,
    Message,
    OutgoingContent,
    OutgoingMessage,
    Person,
    Poll,
    Text,
    TextFormat,
)
from gateway.providers.whatsapp.outbound.compose import (
    MAX_TEXT,
    card_message,
    place_message,
    poll_message,
    refer,
    text_message,
)
from tests.unit.providers.whatsapp.wire import ANN_LID, ANN_PN, BOB_PN, GROUP, SENT

HELLO = Text(text="hello")


def to_ann(content: OutgoingContent = HELLO) -> OutgoingMessage:
    return OutgoingMessage(to=ANN_PN, content=content)


def mentioned(words: str, *mentions: str) -> list[str]:
    about = wa.ContextInfo()
    refer(about, OutgoingMessage(to=GROUP, content=HELLO, mentions=tuple(map(Address, mentions))), words)
    return list(about.mentionedJID)


def quote(sender: Person, content: Text = HELLO) -> Message:
    chat = Chat(address=GROUP, kind=ChatKind.GROUP)
    return Message(network_id="3EB0", chat=chat, sender=sender, content=content, sent_at=SENT)


def test_a_text_refers_to_nothing_unless_told() -> None:
    built = text_message(to_ann(), HELLO)
    assert built.extendedTextMessage.text == "hello"
    assert not built.extendedTextMessage.HasField("contextInfo")


def test_a_text_takes_its_marks() -> None:
    message = OutgoingMessage(to=ANN_PN, content=HELLO, format=TextFormat.HTML)
    assert text_message(message, Text(text="<b>hello</b>")).extendedTextMessage.text == "*hello*"


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_TEXT + 1)])
def test_a_text_without_words_or_with_too_many_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        text_message(to_ann(), Text(text=text))


@pytest.mark.parametrize("text", ["<b></b>", "<style>x</style>"])
def test_markup_alone_is_no_text(text: str) -> None:
    message = OutgoingMessage(to=ANN_PN, content=HELLO, format=TextFormat.HTML)
    with pytest.raises(InvalidInput):
        text_message(message, Text(text=text))


def test_links_may_not_make_a_text_too_long() -> None:
    link = "[a](https://example.org/1234567890)"
    text = Text(text=link + "x" * (MAX_TEXT - len(link)))
    message = OutgoingMessage(to=ANN_PN, content=text, format=TextFormat.MARKDOWN)
    assert len(text_message(message, text).extendedTextMessage.text) <= MAX_TEXT
    with pytest.raises(InvalidInput):
        text_message(message, Text(text=text.text + "x"))


def test_a_reply_to_a_stored_message_names_its_author_and_words() -> None:
    ann = Person(address=ANN_PN, pn=ANN_PN, lid=ANN_LID)
    message = OutgoingMessage(to=GROUP, content=HELLO, reply_to="3EB0", quoted=quote(ann, Text(text="what?")))
    context = text_message(message, HELLO).extendedTextMessage.contextInfo
    assert (context.stanzaID, context.participant) == ("3EB0", ANN_LID)
    assert context.quotedMessage.conversation == "what?"


def test_a_reply_to_a_message_that_is_not_stored_is_the_other_persons_in_private_and_nobodys_in_a_group() -> None:
    private = OutgoingMessage(to=Address("+49 151 00000002"), content=HELLO, reply_to="3EB0")
    assert text_message(private, HELLO).extendedTextMessage.contextInfo.participant == ANN_PN
    group = OutgoingMessage(to=GROUP, content=HELLO, reply_to="3EB0")
    context = text_message(group, HELLO).extendedTextMessage.contextInfo
    assert context.stanzaID == "3EB0"
    assert not context.HasField("participant")
    assert context.HasField("quotedMessage")


def test_a_person_is_mentioned_once_however_often_they_are_named() -> None:
    words = "@4915100000002 and @4915100000002 and @4915100000003"
    assert mentioned(words, ANN_PN, "+49 151 00000002", "4915100000002@c.us") == [ANN_PN, BOB_PN]


def test_a_hidden_person_named_by_their_digits_is_not_taken_for_a_phone_number() -> None:
    assert mentioned("hello @100000000000002", ANN_LID) == [ANN_LID]


@pytest.mark.parametrize(
    "words",
    [
        "ann@4915100000002.example",
        "@49151000.00",
        "@1234",
        "@1234567890123456",
        "@0151000000",
        "@@4915100000002",
        "@all",
    ],
)
def test_not_every_at_sign_mentions(words: str) -> None:
    assert mentioned(words) == []


@pytest.mark.parametrize("words", ["(@4915100000002)", "@4915100000002.", "@4915100000002, hello", "x\n@4915100000002"])
def test_punctuation_around_a_mention_does_not_hide_it(words: str) -> None:
    assert mentioned(words) == [ANN_PN]


@pytest.mark.parametrize("who", [GROUP, "status@broadcast", "120363000000000009@newsletter", "ann"])
def test_only_people_are_mentioned(who: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mentioned("", who)
    assert refused.value.field == "mentions"


def test_a_place_has_a_point_and_a_name() -> None:
    place = Location(latitude=52.5, longitude=-13.4, title="Here", address="A Street 1")
    built = place_message(to_ann(place), place).locationMessage
    assert (built.degreesLatitude, built.degreesLongitude) == (52.5, -13.4)
    assert (built.name, built.address) == ("Here", "A Street 1")
    assert not built.HasField("contextInfo")


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (0, -180.1), (float("nan"), 0), (0, float("inf"))])
def test_a_place_off_the_map_is_refused(latitude: float, longitude: float) -> None:
    place = Location(latitude=latitude, longitude=longitude)
    with pytest.raises(InvalidInput):
        place_message(to_ann(place), place)


def vcard(card: ContactCard) -> list[str]:
    text: str = card_message(to_ann(card), card).contactMessage.vcard
    return text.split("\n")


def test_a_card_escapes_what_vcards_read_as_their_own() -> None:
    lines = vcard(ContactCard(name="Doe; Ann, \\o/\r\nTEL:1\rx", phone="+49 (151) 0000-0002"))
    name = r"Doe\; Ann\, \\o/\nTEL:1\nx"
    assert lines == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"N:;{name};;;",
        f"FN:{name}",
        "TEL;type=CELL;type=VOICE;waid=4915100000002:+4915100000002",
        "END:VCARD",
    ]


def test_a_card_without_a_name_has_its_number_for_one() -> None:
    assert "FN:+4915100000002" in vcard(ContactCard(name=" ", phone="004915100000002"))


def test_a_ready_made_card_goes_as_it_is() -> None:
    assert vcard(ContactCard(name="Ann", phone="", vcard="BEGIN:VCARD\nEND:VCARD")) == ["BEGIN:VCARD", "END:VCARD"]


@pytest.mark.parametrize("phone", ["", "Ann", "²"])
def test_a_card_without_a_number_is_refused(phone: str) -> None:
    with pytest.raises(InvalidInput):
        vcard(ContactCard(name="Ann", phone=phone))


def test_a_poll_has_a_secret_of_its_own_and_as_many_choices_as_asked() -> None:
    poll = Poll(question=" Lunch? ", options=(" yes", "no "))
    one, another = poll_message(to_ann(poll), poll), poll_message(to_ann(poll), poll)
    assert one.pollCreationMessageV3.name == "Lunch?"
    assert [option.optionName for option in one.pollCreationMessageV3.options] == ["yes", "no"]
    assert one.pollCreationMessageV3.selectableOptionsCount == 1
    assert len(one.messageContextInfo.messageSecret) == 32
    assert one.messageContextInfo.messageSecret != another.messageContextInfo.messageSecret
    several = Poll(question="Lunch?", options=("yes", "no"), multiple=True)
    built = poll_message(to_ann(several), several)
    assert built.HasField("pollCreationMessage")
    assert built.pollCreationMessage.selectableOptionsCount == 0


@pytest.mark.parametrize("count", [2, 12])
def test_a_poll_may_have_from_two_to_twelve_options(count: int) -> None:
    poll = Poll(question="Which?", options=tuple(map(str, range(count))))
    assert len(poll_message(to_ann(poll), poll).pollCreationMessageV3.options) == count


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Which?", ("one",)),
        ("Which?", tuple(map(str, range(13)))),
        ("Which?", ("same", "same ")),
        ("Which?", ("one", " ")),
        ("Which?", ("one", "x" * 101)),
        (" ", ("one", "two")),
        ("x" * 256, ("one", "two")),
        ("Which?", ()),
    ],
)
def test_a_poll_nobody_could_answer_is_refused(question: str, options: tuple[str, ...]) -> None:
    poll = Poll(question=question, options=options)
    with pytest.raises(InvalidInput):
        poll_message(to_ann(poll), poll)
