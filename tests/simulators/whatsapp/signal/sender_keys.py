"""Sender keys: one chain per sender and group, handed to every member once, so that a message is encrypted once."""

from __future__ import annotations

import os
import random

from tests.simulators.whatsapp.curve import (
    DJB,
    SIGNATURE_SIZE,
    KeyPair,
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    hkdf,
    verify,
)
from tests.simulators.whatsapp.signal import wire
from tests.simulators.whatsapp.signal.chains import Chain, next_key, seed_of
from tests.simulators.whatsapp.signal.session import NotGenuine


class NoSenderKey(Exception):
    """A group message came from somebody whose sender key was never distributed here."""


class OwnSenderKey:
    """The key one's own messages to a group are encrypted and signed with."""

    def __init__(self) -> None:
        self._id = random.randrange(1, 2**31)
        self._chain = os.urandom(32)
        self._counter = 0
        self._signing = KeyPair()

    def distribution(self) -> bytes:
        """What members need to read everything from now on."""
        return wire.VERSION + wire.write_fields(
            (1, self._id), (2, self._counter), (3, self._chain), (4, DJB + self._signing.public)
        )

    def encrypt(self, plain: bytes) -> bytes:
        iv, key = _keys(seed_of(self._chain))
        body = wire.VERSION + wire.write_fields((1, self._id), (2, self._counter), (3, aes_cbc_encrypt(key, iv, plain)))
        self._counter += 1
        self._chain = next_key(self._chain)
        return body + self._signing.sign(body)


class TheirSenderKeys:
    """The keys of one sender in one group, by id: a new one replaces an old one, latecomers may still need that."""

    def __init__(self) -> None:
        self._chains: dict[int, tuple[Chain, bytes]] = {}

    def take(self, distribution: bytes) -> None:
        fields = wire.read_fields(distribution[1:])
        chain = Chain(wire.data(fields, 3), wire.number(fields, 2))
        self._chains[wire.number(fields, 1)] = (chain, wire.public_key(fields, 4))

    def decrypt(self, message: bytes) -> bytes:
        """Raises NoSenderKey, NotGenuine, MessageLost or Garbled, and then has changed nothing."""
        body, signature = message[:-SIGNATURE_SIZE], message[-SIGNATURE_SIZE:]
        fields = wire.read_fields(body[1:])
        known = self._chains.get(wire.number(fields, 1))
        if known is None:
            raise NoSenderKey("that sender key was never handed out here")
        chain, signing = known
        if not verify(signing, body, signature):
            raise NotGenuine("wrong signature of the sender key")
        moved = chain.look(wire.number(fields, 2))
        chain.move(moved)
        iv, key = _keys(moved.seed)
        return aes_cbc_decrypt(key, iv, wire.data(fields, 3))


def _keys(seed: bytes) -> tuple[bytes, bytes]:
    stretched = hkdf(seed, 48, info=b"WhisperGroup")
    return stretched[:16], stretched[16:]
