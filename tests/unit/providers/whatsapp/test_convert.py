from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neonize.events import INT_TO_EVENT
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import InvalidInput
from gateway.domain.events import BaseEvent, Event, MessageReceived, MessageSent
from gateway.domain.messages import Text, Unknown
from gateway.providers.whatsapp.context import Note
from gateway.providers.whatsapp.inbound.convert import CODES, convert, vote_in
from gateway.providers.whatsapp.media_ref import decode_ref
from gateway.providers.whatsapp.pairs import Pairs, missing
from tests.unit.providers.whatsapp.wire import ANN_PN, CONTEXT, arrived, from_my_phone, info, key, text

SAMPLES = tuple(
    arrived(message, about).SerializeToString()
    for about in (info(), info(from_my_phone()))
    for message in (
        text(),
        wa.Message(
            extendedTextMessage=wa.ExtendedTextMessage(text="x", contextInfo=wa.ContextInfo(mentionedJID=["1@lid"]))
        ),
        wa.Message(imageMessage=wa.ImageMessage(directPath="/v", mediaKey=b"k", fileLength=9, caption="c")),
        wa.Message(locationMessage=wa.LocationMessage(degreesLatitude=1.5, degreesLongitude=2.5)),
        wa.Message(contactMessage=wa.ContactMessage(vcard="BEGIN:VCARD\nTEL;waid=4915100000003:1\nEND:VCARD")),
        wa.Message(protocolMessage=wa.ProtocolMessage(key=key(), type=wa.ProtocolMessage.REVOKE)),
        wa.Message(ephemeralMessage=wa.FutureProofMessage(message=text())),
    )
)


def check(code: int, payload: bytes) -> None:
    """Nothing raises, and everything that comes out can be stored and read again."""
    vote_in(code, payload)
    converted = convert(code, payload, CONTEXT)
    missing(converted)
    Pairs().learn_from(converted)
    for each in converted:
        if isinstance(each, BaseEvent):
            encoded = msgspec.json.encode(each)
            assert msgspec.json.decode(encoded, type=Event) == each
            assert b"\\u0000" not in encoded
            assert isinstance(each, MessageReceived | MessageSent) or each.dedupe_key or code in (19, 20)


@given(st.sampled_from(sorted(INT_TO_EVENT)), st.binary(max_size=200))
def test_random_bytes_never_raise(code: int, payload: bytes) -> None:
    check(code, payload)


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 40),
)
def test_mutated_messages_never_raise(sample: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    payload = bytearray(sample)
    for place, value in changes:
        payload[place % len(payload)] = value
    check(17, bytes(payload[: len(payload) - cut] if cut else payload))


@given(st.sampled_from(sorted(CODES)), st.sampled_from(SAMPLES))
def test_the_wrong_protobuf_never_raises(code: int, sample: bytes) -> None:
    check(code, sample)


def test_codes_of_the_connection_give_nothing() -> None:
    assert convert(3, b"", CONTEXT) == ()
    assert convert(999, b"", CONTEXT) == ()


def test_a_message_that_cannot_be_read_is_still_told_and_noted() -> None:
    whole = arrived(text("hello")).SerializeToString()
    broken = whole.replace(b"\x0a\x05hello", b"\x0a\x7fhello")  # the text claims to be longer than the message
    assert broken != whole
    event, note = convert(17, broken, CONTEXT)
    assert isinstance(event, MessageReceived)
    assert event.message.content == Unknown(network_kind="unreadable")
    assert (event.message.network_id, event.message.chat.address) == ("3EB0AAAA", ANN_PN)
    assert isinstance(note, Note)
    assert note.level == "error"


def test_words_in_no_encoding_cost_those_letters_and_not_the_message() -> None:
    odd = arrived(text("hello")).SerializeToString().replace(b"hello", b"he\xffl\xfe").replace(b"Ann", b"\xffnn")
    [event] = convert(17, odd, CONTEXT)
    assert isinstance(event, MessageReceived)
    assert event.message.content == Text(text="he\ufffdl\ufffd")
    assert event.message.sender.name == "\ufffdnn"


def test_a_mention_in_no_encoding_costs_the_mention() -> None:
    mention = wa.ContextInfo(mentionedJID=["4915100000003@s.whatsapp.net", "4915100000004@s.whatsapp.net"])
    message = wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="x", contextInfo=mention))
    odd = arrived(message).SerializeToString().replace(b"4915100000004", b"\xff915100000004")
    [event] = convert(17, odd, CONTEXT)
    assert isinstance(event, MessageReceived)
    assert event.message.mentions[0] == "4915100000003@s.whatsapp.net"


def test_what_is_no_message_at_all_is_a_note() -> None:
    assert [getattr(each, "level", None) for each in convert(17, b"\xff\xff", CONTEXT)] == ["error"]
    assert [getattr(each, "level", None) for each in convert(18, b"\xff\xff", CONTEXT)] == ["error"]


@pytest.mark.parametrize("ref", ["", "!", "AAAA", "k" * 500, "bm90IG1zZ3BhY2s"])
def test_a_file_handle_that_is_none_is_refused(ref: str) -> None:
    with pytest.raises(InvalidInput):
        decode_ref(ref)
