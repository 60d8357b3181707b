"""Chains of message keys: each step forgets the one before; keys that were skipped are kept for latecomers."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulators.whatsapp.curve import hkdf, hmac_sha256

MOST_SKIPPED = 2000
"""How far ahead of the last message one may be (libsignal's limit)."""


class MessageLost(Exception):
    """This message cannot be read (again): its counter was used, or lies too far ahead."""


class MessageKeys(NamedTuple):
    """What encrypts one message."""

    cipher: bytes
    mac: bytes
    iv: bytes


class Moved(NamedTuple):
    """A chain after a message was found on it; to be kept only once that message proved genuine."""

    seed: bytes
    key: bytes
    counter: int
    skipped: dict[int, bytes]


class Chain:
    """The receiving side of a chain; `seed` names what a key is stretched from."""

    __slots__ = ("counter", "key", "skipped")

    def __init__(self, key: bytes, counter: int = 0) -> None:
        self.key = key
        self.counter = counter
        self.skipped: dict[int, bytes] = {}

    def look(self, counter: int) -> Moved:
        """The seed of that message, and where the chain stands then. Changes nothing; raises MessageLost."""
        if counter == self.counter:
            return Moved(seed_of(self.key), next_key(self.key), counter + 1, self.skipped)
        if counter < self.counter:
            if counter not in self.skipped:
                raise MessageLost(f"counter {counter} was used before, the chain is at {self.counter}")
            left = {each: seed for each, seed in self.skipped.items() if each != counter}
            return Moved(self.skipped[counter], self.key, self.counter, left)
        if counter - self.counter > MOST_SKIPPED:
            raise MessageLost(f"counter {counter} is too far from {self.counter}")
        key, skipped = self.key, dict(self.skipped)
        for each in range(self.counter, counter):
            skipped[each] = seed_of(key)
            key = next_key(key)
        return Moved(seed_of(key), next_key(key), counter + 1, skipped)

    def move(self, moved: Moved) -> None:
        self.key, self.counter, self.skipped = moved.key, moved.counter, moved.skipped


def seed_of(chain_key: bytes) -> bytes:
    return hmac_sha256(chain_key, b"\x01")


def next_key(chain_key: bytes) -> bytes:
    return hmac_sha256(chain_key, b"\x02")


def message_keys(seed: bytes) -> MessageKeys:
    stretched = hkdf(seed, 80, info=b"WhisperMessageKeys")
    return MessageKeys(stretched[:32], stretched[32:64], stretched[64:])
