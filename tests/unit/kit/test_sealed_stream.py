from __future__ import annotations

import io

import pytest

from gateway.kit.envelope import EnvelopeError, seal, unseal
from gateway.kit.passphrase import LOG_N
from gateway.kit.sealed_stream import MAGIC, PIECE, SealingWriter, UnsealingReader

WORDS = "nobody else knows this sentence"
HEADER = 35 + 16


def sealed(content: bytes, passphrase: str = WORDS, *, log_n: int = 10) -> bytes:
    file = io.BytesIO()
    writer = SealingWriter(file, passphrase, log_n=log_n)
    for start in range(0, len(content), 300_001):
        writer.write(content[start : start + 300_001])
    writer.finish()
    return file.getvalue()


def opened(file: bytes, passphrase: str = WORDS) -> bytes:
    reader = UnsealingReader(io.BytesIO(file), passphrase)
    parts = []
    while part := reader.read(10_240):
        assert len(part) <= 10_240
        parts.append(part)
    return b"".join(parts)


def test_guessing_is_made_expensive_unless_somebody_says_otherwise() -> None:
    file = io.BytesIO()
    SealingWriter(file, WORDS).finish()
    assert file.getvalue()[len(MAGIC) + 1] == LOG_N == 17
    assert sealed(b"")[len(MAGIC) + 1] == 10
    assert opened(file.getvalue()) == opened(sealed(b"")) == b""


THREE_PIECES = bytes(range(256)) * (PIECE // 256) * 2 + b"the end"


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_what_was_sealed_is_opened_whatever_its_size(size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    file = sealed(content)
    assert opened(file) == content
    assert b"0123456789abcdef" not in file


def test_the_same_content_is_never_sealed_alike() -> None:
    assert sealed(b"x") != sealed(b"x")


def test_a_passphrase_may_be_typed_on_another_keyboard() -> None:
    assert opened(sealed(b"x", "passphrase é"), "passphrase e\u0301") == b"x"


def test_another_passphrase_is_told_from_damage() -> None:
    with pytest.raises(EnvelopeError, match="passphrase is wrong"):
        opened(sealed(b"x"), "another")
    damaged = bytearray(sealed(b"x"))
    damaged[-1] ^= 1
    with pytest.raises(EnvelopeError, match="damaged or incomplete"):
        opened(bytes(damaged))


def test_pieces_that_are_missing_exchanged_or_cut_short_are_noticed() -> None:
    file = sealed(THREE_PIECES)
    head, body = file[:HEADER], file[HEADER:]
    one, two, rest = body[: PIECE + 16], body[PIECE + 16 : 2 * (PIECE + 16)], body[2 * (PIECE + 16) :]
    assert opened(head + one + two + rest) == THREE_PIECES
    for spoilt in (one + two, one + rest, two + one + rest, one + two + rest[:-1], one + two + rest + one, one, b""):
        with pytest.raises(EnvelopeError, match="damaged or incomplete"):
            opened(head + spoilt)


def test_a_file_of_another_kind_is_refused_in_both_directions() -> None:
    for other in (b"", b"PK\x03\x04 and more", seal(b"x", WORDS), MAGIC):
        with pytest.raises(EnvelopeError, match="not a backup"):
            opened(other)
    with pytest.raises(EnvelopeError, match="not an export"):
        unseal(sealed(b"x"), WORDS)


def test_figures_that_would_take_all_memory_and_later_formats_are_refused() -> None:
    file = bytearray(sealed(b"x"))
    file[9] = 30
    with pytest.raises(EnvelopeError, match="more memory"):
        opened(bytes(file))
    file[8] = 9
    with pytest.raises(EnvelopeError, match="upgrade"):
        opened(bytes(file))
