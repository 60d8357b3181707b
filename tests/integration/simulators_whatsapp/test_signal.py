"""The Signal protocol by itself: what is read, in which order, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.whatsapp.signal.chains import MOST_SKIPPED, MessageLost
from tests.simulators.whatsapp.signal.party import NoSession, Party, PrekeyGone
from tests.simulators.whatsapp.signal.sender_keys import NoSenderKey
from tests.simulators.whatsapp.signal.session import NotGenuine, Sealed
from tests.simulators.whatsapp.signal.wire import Garbled, read_fields, write_fields

GROUP = "1@g.us"


class Pair:
    """Ann and Ben; Ann has opened a session."""

    def __init__(self) -> None:
        self.ann, self.ben = Party(), Party()
        self.ann.open("ben", self.ben.bundle())

    def to_ben(self, text: bytes) -> Sealed:
        return self.ann.encrypt("ben", text)

    def to_ann(self, text: bytes) -> Sealed:
        return self.ben.encrypt("ann", text)

    def ben_reads(self, sealed: Sealed) -> bytes:
        return self.ben.decrypt("ann", *sealed, self.ann.identity.public)

    def ann_reads(self, sealed: Sealed) -> bytes:
        return self.ann.decrypt("ben", *sealed, self.ben.identity.public)


def broken(sealed: Sealed) -> Sealed:
    return Sealed(sealed.kind, sealed.data[:-1] + bytes((sealed.data[-1] ^ 1,)))


def test_a_session_is_opened_until_the_other_side_answers() -> None:
    pair = Pair()
    first, second = pair.to_ben(b"one"), pair.to_ben(b"two")
    assert (first.kind, second.kind) == ("pkmsg", "pkmsg")
    assert [pair.ben_reads(first), pair.ben_reads(second)] == [b"one", b"two"]
    assert pair.ann_reads(pair.to_ann(b"three")) == b"three"
    assert pair.to_ben(b"four").kind == "msg"


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), st.lists(st.booleans(), max_size=8))
def test_messages_are_read_in_any_order_after_any_conversation(order: list[int], turns: list[bool]) -> None:
    pair = Pair()
    assert pair.ben_reads(pair.to_ben(b"open")) == b"open"
    for ann_speaks in turns:
        if ann_speaks:
            assert pair.ben_reads(pair.to_ben(b"ann")) == b"ann"
        else:
            assert pair.ann_reads(pair.to_ann(b"ben")) == b"ben"
    sealed = [pair.to_ben(b"%d" % number) for number in range(6)]
    assert [pair.ben_reads(sealed[place]) for place in order] == [b"%d" % place for place in order]


def test_a_message_is_read_once() -> None:
    pair = Pair()
    sealed = pair.to_ben(b"once")
    pair.ben_reads(sealed)
    with pytest.raises(MessageLost):
        pair.ben_reads(sealed)


def test_a_forgery_is_refused_and_harms_nothing() -> None:
    pair = Pair()
    pair.ben_reads(pair.to_ben(b"open"))
    pair.ann_reads(pair.to_ann(b"answered"))
    sealed = pair.to_ben(b"genuine")
    with pytest.raises(NotGenuine):
        pair.ben_reads(broken(sealed))
    assert pair.ben_reads(sealed) == b"genuine"
    with pytest.raises(Garbled):
        pair.ben_reads(Sealed("msg", b"\x33nonsense that is long enough"))


def test_a_message_too_far_ahead_is_refused() -> None:
    pair = Pair()
    for _ in range(MOST_SKIPPED + 1):
        pair.to_ben(b"never arrives")
    with pytest.raises(MessageLost):
        pair.ben_reads(pair.to_ben(b"far ahead"))


def test_a_one_time_key_opens_one_session() -> None:
    ann, other, ben = Party(), Party(), Party()
    bundle = ben.bundle()
    for party in (ann, other):
        party.open("ben", bundle)
    assert ben.decrypt("ann", *ann.encrypt("ben", b"mine"), ann.identity.public) == b"mine"
    with pytest.raises(PrekeyGone):
        ben.decrypt("other", *other.encrypt("ben", b"mine too"), other.identity.public)


def test_somebody_else_s_identity_is_refused() -> None:
    pair = Pair()
    with pytest.raises(NotGenuine):
        pair.ben.decrypt("ann", *pair.to_ben(b"hello"), Party().identity.public)
    forged = pair.ben.bundle().__class__(
        1, pair.ben.identity.public, 1, pair.ann.identity.public, pair.ben.bundle().signature
    )
    with pytest.raises(NotGenuine):
        pair.ann.open("ben", forged)


def test_a_forgotten_session_is_opened_anew() -> None:
    pair = Pair()
    pair.ben_reads(pair.to_ben(b"open"))
    pair.ann_reads(pair.to_ann(b"answered"))
    pair.ben.forget("ann")
    with pytest.raises(NoSession):
        pair.ben_reads(pair.to_ben(b"unreadable"))
    late = pair.to_ben(b"late")
    pair.ann.open("ben", pair.ben.bundle())
    assert pair.ben_reads(pair.to_ben(b"fresh")) == b"fresh"
    with pytest.raises(NotGenuine):
        pair.ben_reads(late)


def test_two_who_write_first_at_the_same_time_understand_each_other() -> None:
    pair = Pair()
    pair.ben.open("ann", pair.ann.bundle())
    one, two = pair.to_ben(b"one"), pair.to_ann(b"two")
    assert (pair.ben_reads(one), pair.ann_reads(two)) == (b"one", b"two")
    for number in range(3):
        assert pair.ben_reads(pair.to_ben(b"%d" % number)) == b"%d" % number
        assert pair.ann_reads(pair.to_ann(b"%d" % number)) == b"%d" % number


def test_a_group_message_is_read_by_whoever_was_given_the_key() -> None:
    ann, ben, stranger = Party(), Party(), Party()
    ben.take_distribution(GROUP, "ann", ann.distribution(GROUP))
    sealed = [ann.encrypt_for_group(GROUP, b"%d" % number) for number in range(4)]
    assert [ben.decrypt_in_group(GROUP, "ann", sealed[place]) for place in (2, 0, 3, 1)] == [b"2", b"0", b"3", b"1"]
    with pytest.raises(MessageLost):
        ben.decrypt_in_group(GROUP, "ann", sealed[0])
    with pytest.raises(NotGenuine):
        ben.decrypt_in_group(GROUP, "ann", ann.encrypt_for_group(GROUP, b"x")[:-1] + b"\0")
    with pytest.raises(NoSenderKey):
        stranger.decrypt_in_group(GROUP, "ann", sealed[0])


def test_a_latecomer_reads_a_group_from_the_key_on() -> None:
    ann, late = Party(), Party()
    ann.distribution(GROUP)
    before = ann.encrypt_for_group(GROUP, b"before")
    late.take_distribution(GROUP, "ann", ann.distribution(GROUP))
    assert late.decrypt_in_group(GROUP, "ann", ann.encrypt_for_group(GROUP, b"after")) == b"after"
    with pytest.raises(MessageLost):
        late.decrypt_in_group(GROUP, "ann", before)


@given(st.dictionaries(st.integers(1, 100), st.integers(0, 2**40) | st.binary(max_size=300)))
def test_fields_survive_being_written(fields: dict[int, int | bytes]) -> None:
    assert read_fields(write_fields(*fields.items())) == fields
