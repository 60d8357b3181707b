from __future__ import annotations

import pytest

from gateway.kit.envelope import MAGIC, EnvelopeError, seal, unseal

WORDS = "twelve words nobody guesses"
SEALED = seal(b"keys", WORDS)


def test_what_was_sealed_opens_with_the_passphrase() -> None:
    assert unseal(SEALED, WORDS) == b"keys"
    assert b"keys" not in SEALED


def test_a_wrong_passphrase_is_said_to_be_wrong() -> None:
    with pytest.raises(EnvelopeError, match="passphrase is wrong"):
        unseal(SEALED, "something else")


@pytest.mark.parametrize("place", [0, 8, 9, 10, 11, 12, 27, 28, 39, 40, 44, len(SEALED) - 33, len(SEALED) - 1])
def test_a_changed_byte_in_any_field_is_noticed(place: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1
    with pytest.raises(EnvelopeError, match=r"damaged|not an export"):
        unseal(bytes(changed), WORDS)


@pytest.mark.parametrize("length", [0, 7, 8, 40, len(SEALED) - 1])
def test_a_cut_file_is_noticed(length: int) -> None:
    with pytest.raises(EnvelopeError, match=r"damaged|not an export"):
        unseal(SEALED[:length], WORDS)


def test_a_forged_file_cannot_ask_for_all_memory() -> None:
    import hashlib

    forged = MAGIC + bytes((1, 40, 8, 1)) + bytes(60)
    with pytest.raises(EnvelopeError, match="more memory"):
        unseal(forged + hashlib.sha256(forged).digest(), WORDS)
