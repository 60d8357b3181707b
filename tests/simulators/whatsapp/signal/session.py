"""One pairwise session: X3DH to begin with, then the double ratchet.

A message changes the state only after its MAC proved it genuine, so a session survives forgeries and latecomers.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulators.whatsapp.curve import DJB, KeyPair, aes_cbc_decrypt, aes_cbc_encrypt, hkdf, hmac_sha256, verify
from tests.simulators.whatsapp.signal import wire
from tests.simulators.whatsapp.signal.chains import Chain, message_keys, next_key, seed_of

_MAC = 8
_FIRST_SECRET = b"\xff" * 32
_CHAINS_KEPT = 5

PREKEY_MESSAGE = "pkmsg"
MESSAGE = "msg"


class NotGenuine(Exception):
    """A MAC or a signature is wrong."""


class OneTimeKey(NamedTuple):
    """A prekey for one session only."""

    id: int
    public: bytes


@dataclass(frozen=True)
class Bundle:
    """What a device publishes so that others can open a session with it."""

    registration_id: int
    identity: bytes
    signed_id: int
    signed: bytes
    signature: bytes
    one_time: OneTimeKey | None = None


class Sealed(NamedTuple):
    """`kind` is pkmsg while the other side has not answered yet, then msg."""

    kind: str
    data: bytes


class _Opening(NamedTuple):
    """Repeated in front of every message until the other side answers."""

    one_time_id: int | None
    signed_id: int
    base: bytes


class Session:
    """One state of a conversation between two devices."""

    def __init__(self, own: KeyPair, registration_id: int, their_identity: bytes, ratchet: KeyPair) -> None:
        self.their_identity = their_identity
        self.base = b""
        self._own = own
        self._registration_id = registration_id
        self._ratchet = ratchet
        self._root = b""
        self._sending = b""
        self._sent = 0
        self._sent_before = 0
        self._receiving: dict[bytes, Chain] = {}
        self._opening: _Opening | None = None

    @classmethod
    def open(cls, own: KeyPair, registration_id: int, bundle: Bundle) -> Session:
        """Begin as the one who writes first; raises NotGenuine for a bundle its owner did not sign."""
        if not verify(bundle.identity, DJB + bundle.signed, bundle.signature):
            raise NotGenuine("the signed prekey was signed by somebody else")
        base = KeyPair()
        secret = _FIRST_SECRET + own.agree(bundle.signed) + base.agree(bundle.identity) + base.agree(bundle.signed)
        if bundle.one_time is not None:
            secret += base.agree(bundle.one_time.public)
        session = cls(own, registration_id, bundle.identity, KeyPair())
        root, chain = _halves(hkdf(secret, 64, info=b"WhisperText"))
        session._receiving[bundle.signed] = Chain(chain)
        session._root, session._sending = _turn(root, session._ratchet, bundle.signed)
        one_time_id = bundle.one_time.id if bundle.one_time is not None else None
        session._opening = _Opening(one_time_id, bundle.signed_id, base.public)
        return session

    @classmethod
    def answer(
        cls,
        own: KeyPair,
        registration_id: int,
        their_identity: bytes,
        base: bytes,
        signed: KeyPair,
        one_time: KeyPair | None,
    ) -> Session:
        """Begin as the one who was written to, with the prekeys the other side chose."""
        secret = _FIRST_SECRET + signed.agree(their_identity) + own.agree(base) + signed.agree(base)
        if one_time is not None:
            secret += one_time.agree(base)
        session = cls(own, registration_id, their_identity, signed)
        session._root, session._sending = _halves(hkdf(secret, 64, info=b"WhisperText"))
        session.base = base
        return session

    def encrypt(self, plain: bytes) -> Sealed:
        keys = message_keys(seed_of(self._sending))
        body = wire.VERSION + wire.write_fields(
            (1, DJB + self._ratchet.public),
            (2, self._sent),
            (3, self._sent_before),
            (4, aes_cbc_encrypt(keys.cipher, keys.iv, plain)),
        )
        message = body + _mac(keys.mac, self._own.public, self.their_identity, body)
        self._sending = next_key(self._sending)
        self._sent += 1
        if self._opening is None:
            return Sealed(MESSAGE, message)
        opening = wire.write_fields(
            (1, self._opening.one_time_id),
            (2, DJB + self._opening.base),
            (3, DJB + self._own.public),
            (4, message),
            (5, self._registration_id),
            (6, self._opening.signed_id),
        )
        return Sealed(PREKEY_MESSAGE, wire.VERSION + opening)

    def decrypt(self, message: bytes) -> bytes:
        """Raises NotGenuine, MessageLost or Garbled, and then has changed nothing."""
        body, mac = message[:-_MAC], message[-_MAC:]
        fields = wire.read_fields(body[1:])
        ratchet, counter = wire.public_key(fields, 1), wire.number(fields, 2)
        chain = self._receiving.get(ratchet)
        root = b""
        if chain is None:
            root, key = _turn(self._root, self._ratchet, ratchet)
            chain = Chain(key)
        moved = chain.look(counter)
        keys = message_keys(moved.seed)
        if not hmac.compare_digest(_mac(keys.mac, self.their_identity, self._own.public, body), mac):
            raise NotGenuine("wrong MAC")
        chain.move(moved)
        if root:
            self._advance(root, ratchet, chain)
        self._opening = None
        return aes_cbc_decrypt(keys.cipher, keys.iv, wire.data(fields, 4))

    def _advance(self, root: bytes, ratchet: bytes, chain: Chain) -> None:
        self._receiving[ratchet] = chain
        while len(self._receiving) > _CHAINS_KEPT:
            del self._receiving[next(iter(self._receiving))]
        self._sent_before, self._sent = max(self._sent - 1, 0), 0
        self._ratchet = KeyPair()
        self._root, self._sending = _turn(root, self._ratchet, ratchet)


def _turn(root: bytes, own: KeyPair, theirs: bytes) -> tuple[bytes, bytes]:
    return _halves(hkdf(own.agree(theirs), 64, salt=root, info=b"WhisperRatchet"))


def _halves(key: bytes) -> tuple[bytes, bytes]:
    return key[:32], key[32:]


def _mac(key: bytes, sender: bytes, receiver: bytes, body: bytes) -> bytes:
    return hmac_sha256(key, DJB, sender, DJB, receiver, body)[:_MAC]
