from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.secrets import (
    PasswordHasher,
    Sealer,
    SealError,
    digest,
    key_matches,
    key_prefix,
    new_api_key,
    new_instance_key,
    new_webhook_secret,
    same_text,
)
from gateway.settings import EncryptionKey

OLD, NEW = EncryptionKey("k1", b"a" * 32), EncryptionKey("k2", b"b" * 32)
HERE = {"table": "instances", "row": "i-1", "column": "credentials"}


@given(st.text())
def test_what_is_sealed_for_a_place_opens_there(plain: str) -> None:
    try:
        plain.encode()
    except UnicodeEncodeError:
        return
    sealer = Sealer([NEW, OLD])
    sealed = sealer.seal(plain, **HERE)
    assert sealed.startswith("k2.")
    assert sealer.open(sealed, **HERE) == plain


@pytest.mark.parametrize("elsewhere", [{"row": "i-2"}, {"table": "endpoints"}, {"column": "config"}])
def test_it_opens_nowhere_else(elsewhere: dict[str, str]) -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal("token", **HERE)
    with pytest.raises(SealError, match="damaged or was moved"):
        sealer.open(sealed, **{**HERE, **elsewhere})


def test_two_sealings_of_the_same_text_differ_and_hide_it() -> None:
    sealer = Sealer([OLD])
    one, two = sealer.seal("token", **HERE), sealer.seal("token", **HERE)
    assert one != two
    assert b"token" not in base64.urlsafe_b64decode(one.partition(".")[2])


def test_a_new_first_key_seals_while_the_old_one_still_opens() -> None:
    sealed = Sealer([OLD]).seal("token", **HERE)
    rotated = Sealer([NEW, OLD])
    assert rotated.open(sealed, **HERE) == "token"
    assert rotated.needs_reseal(sealed)
    assert not rotated.needs_reseal(rotated.seal("token", **HERE))
    with pytest.raises(SealError, match="'k1'; add it to ENCRYPTION_KEYS"):
        Sealer([NEW]).open(sealed, **HERE)


@pytest.mark.parametrize("damaged", ["", "k1", "k1.", "k1.!!!", "k1.AAAA", "k1." + "A" * 60, "zz.AAAA"])
def test_damage_is_a_seal_error_and_never_says_what_it_held(damaged: str) -> None:
    with pytest.raises(SealError) as caught:
        Sealer([OLD]).open(damaged, **HERE)
    assert caught.value.__cause__ is None


def test_any_changed_byte_is_noticed() -> None:
    sealer = Sealer([OLD])
    raw = bytearray(base64.urlsafe_b64decode(sealer.seal("token", **HERE).partition(".")[2]))
    for at in range(len(raw)):
        raw[at] ^= 1
        with pytest.raises(SealError):
            sealer.open("k1." + base64.urlsafe_b64encode(raw).decode(), **HERE)
        raw[at] ^= 1


def test_places_cannot_be_confused_by_a_colon() -> None:
    with pytest.raises(ValueError, match="no colon"):
        Sealer([OLD]).seal("token", table="a:b", row="c", column="d")


def test_a_sealer_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Sealer([])


async def test_a_password_is_recognised_and_another_is_not() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("correct horse battery staple")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify(stored, "correct horse battery staple")
    assert not await hasher.verify(stored, "correct horse battery stapl")
    assert not hasher.needs_rehash(stored)


async def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    hasher = PasswordHasher()
    assert await hasher.verify(await hasher.hash("pässwörter"), "pa\u0308sswo\u0308rter")


async def test_nobody_and_nonsense_never_match() -> None:
    hasher = PasswordHasher()
    assert not await hasher.verify(None, "anything")
    assert not await hasher.verify("not a hash", "anything")
    assert not await hasher.verify(None, "lone \ud800 surrogate")


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> Verifications:
    """What reaches the argon2 library, and from how many threads at once."""
    watched = Verifications()
    theirs = argon2.PasswordHasher.verify

    def verify(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        with watched.one(stored):
            return theirs(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return watched


class Verifications:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most_at_once = 0
        self.stored: list[str] = []
        self.threads: set[int] = set()

    @contextmanager
    def one(self, stored: str) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.stored.append(stored)
            self.threads.add(threading.get_ident())
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


async def test_nobody_costs_one_whole_hash_like_anybody(verifications: Verifications) -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("somebody's password")
    assert not await hasher.verify(stored, "anything")
    assert not await hasher.verify(None, "anything")
    somebody, nobody = (argon2.extract_parameters(each) for each in verifications.stored)
    assert somebody == nobody


async def test_weaker_parameters_ask_for_a_rehash() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("password")
    assert PasswordHasher().needs_rehash(weak)


async def test_a_burst_of_logins_is_checked_off_the_event_loop_and_a_few_at_a_time(
    verifications: Verifications,
) -> None:
    hasher = PasswordHasher(at_once=2)
    stored = await hasher.hash("right")
    assert all(await asyncio.gather(*(hasher.verify(stored, "right") for _ in range(12))))
    assert len(verifications.stored) == 12
    assert verifications.most_at_once <= 2
    assert threading.get_ident() not in verifications.threads


def test_keys_have_a_prefix_to_find_them_and_a_digest_to_recognise_them() -> None:
    for made, kind in ((new_api_key(), "gw"), (new_instance_key(), "gwi")):
        found_kind, prefix, random = made.text.split("_", 2)
        assert (found_kind, prefix) == (kind, made.prefix)
        assert len(base64.urlsafe_b64decode(random + "=")) == 32
        assert key_prefix(made.text) == made.prefix
        assert made.digest == digest(made.text)
        assert key_matches(made.text, made.digest)
        assert not key_matches(made.text + "x", made.digest)
        assert not key_matches(made.text, None)
        assert made.text not in repr(made)


def test_a_key_an_operator_chose_is_found_by_its_digest() -> None:
    chosen = "an-old-key-from-the-former-system-0001"
    assert key_prefix(chosen) == digest(chosen)[:8]


def test_no_two_keys_are_alike() -> None:
    assert len({new_api_key().text for _ in range(200)}) == 200


def test_texts_compare_whatever_they_hold() -> None:
    assert same_text("тест", "тест")
    assert not same_text("тест", "test")
    assert not same_text("\ud800", "x")


def test_a_webhook_secret_is_what_standard_webhooks_expects() -> None:
    prefix, _, encoded = new_webhook_secret().partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(encoded, validate=True)) == 32
