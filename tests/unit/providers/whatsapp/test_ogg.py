"""How long a voice note plays is told by its pages."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers.whatsapp.outbound.ogg import is_opus, seconds_of

RATE = 48_000


def page(granule: int, body: bytes = b"", kind: int = 0) -> bytes:
    """A page of one packet (RFC 3533, 6)."""
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return struct.pack("<4sBBqIIIB", b"OggS", 0, kind, granule, 7, 0, 0, len(lacing)) + lacing + body


def voice(*granules: int, skip: int = 312, body: bytes = b"\xfc" * 300) -> bytes:
    """An Opus stream whose audio pages end at these samples (RFC 7845)."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, skip, RATE, 0, 0)
    return page(0, head, 2) + page(0, b"OpusTags" + bytes(8)) + b"".join(page(granule, body) for granule in granules)


@pytest.mark.parametrize(
    ("samples", "seconds"), [(960, 1), (RATE, 1), (RATE * 3 // 2 + 1, 2), (RATE * 61, 61), (RATE * 24 * 3600, 86_400)]
)
def test_the_last_page_tells_the_length(samples: int, seconds: int) -> None:
    assert seconds_of(voice(480, samples + 312)) == seconds


def test_samples_before_the_sound_begins_do_not_count() -> None:
    assert seconds_of(voice(RATE * 2, skip=RATE)) == 1


def test_a_page_on_which_no_packet_ends_tells_nothing() -> None:
    assert seconds_of(voice(RATE * 5, -1)) == 5


def test_a_page_mark_within_the_sound_is_no_page() -> None:
    assert seconds_of(voice(RATE * 5, body=b"\xfcOggS" + b"\x7f" * 60)) == 5


def test_a_file_that_was_cut_off_tells_what_is_there() -> None:
    whole = voice(RATE * 5, RATE * 6)
    assert seconds_of(whole[:-500]) == 5


@pytest.mark.parametrize("data", [b"", b"OggS", b"ID3" + bytes(100), voice(), voice(-1), voice(2**62), voice(100)])
def test_what_does_not_tell_has_no_length(data: bytes) -> None:
    assert seconds_of(data) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for odd in (data, b"OggS" + data, voice(RATE) + data, voice()[:40] + data):
        seconds = seconds_of(odd)
        assert seconds is None or 1 <= seconds <= 86_400


def test_only_opus_in_ogg_is_what_phones_play_as_a_voice_note() -> None:
    assert is_opus(voice(RATE))
    assert not is_opus(page(0, b"\x01vorbis" + bytes(20), 2))
    assert not is_opus(b"OpusHead")
    assert not is_opus(b"")
