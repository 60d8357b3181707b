"""The encrypted handshake of every connection: Noise_XX_25519_AESGCM_SHA256, as the responder, with WhatsApp's
certificate chain in it. Clients check that chain against a key built into them, which the test hook replaces.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from neonize.proto.waCert.WACert_pb2 import CertChain
from neonize.proto.waWa6.WAWebProtobufsWa6_pb2 import ClientPayload, HandshakeMessage

from tests.simulators.whatsapp.curve import KeyPair, hkdf

_PATTERN = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
_DAY = 86_400


class Handshaken(NamedTuple):
    """Who connected and how to go on: AES-GCM per direction, nonces counting from 0."""

    client_key: bytes
    payload: Any  # a ClientPayload: who wants to log in, or the keys of a device that wants to be linked
    receiving: AESGCM
    sending: AESGCM


class Identity:
    """WhatsApp's side of every handshake: a static key, certified by a root that is ours."""

    def __init__(self) -> None:
        self.root = KeyPair()
        self.static = KeyPair()
        self.chain = _certify(self.root, self.static.public)


class Responder:
    """One handshake. `prologue` is what the client sent before its first message."""

    def __init__(self, identity: Identity, prologue: bytes) -> None:
        self._identity = identity
        self._ephemeral = KeyPair()
        self._hash = self._salt = _PATTERN
        self._key = AESGCM(_PATTERN)
        self._counter = 0
        self._authenticate(prologue)

    def hello(self, message: bytes) -> bytes:
        """The answer to the client's hello."""
        client = HandshakeMessage.FromString(message).clientHello.ephemeral
        self._authenticate(client)
        self._authenticate(self._ephemeral.public)
        self._mix(self._ephemeral.agree(client))
        static = self._encrypt(self._identity.static.public)
        self._mix(self._identity.static.agree(client))
        answer = HandshakeMessage()
        answer.serverHello.ephemeral = self._ephemeral.public
        answer.serverHello.static = static
        answer.serverHello.payload = self._encrypt(self._identity.chain)
        return bytes(answer.SerializeToString())

    def finish(self, message: bytes) -> Handshaken:
        """What the client's second message says; raises InvalidTag if it was made for another handshake."""
        finish = HandshakeMessage.FromString(message).clientFinish
        client_key = self._decrypt(finish.static)
        self._mix(self._ephemeral.agree(client_key))
        payload = ClientPayload.FromString(self._decrypt(finish.payload))
        keys = hkdf(b"", 64, salt=self._salt)
        return Handshaken(client_key, payload, AESGCM(keys[:32]), AESGCM(keys[32:]))

    def _authenticate(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix(self, secret: bytes) -> None:
        keys = hkdf(secret, 64, salt=self._salt)
        self._salt, self._key, self._counter = keys[:32], AESGCM(keys[32:]), 0

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = self._key.encrypt(nonce(self._counter), plain, self._hash)
        self._counter += 1
        self._authenticate(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = self._key.decrypt(nonce(self._counter), sealed, self._hash)
        self._counter += 1
        self._authenticate(sealed)
        return plain


def nonce(counter: int) -> bytes:
    """The nonce of the message with that number."""
    return counter.to_bytes(12, "big")


def _certify(root: KeyPair, leaf: bytes) -> bytes:
    """Serial numbers and issuers as clients demand them: the root is 0, the intermediate 1."""
    middle = KeyPair()
    now = int(time.time())
    period = {"notBefore": now - _DAY, "notAfter": now + 365 * _DAY}
    details = CertChain.NoiseCertificate.Details
    chain = CertChain()
    chain.intermediate.details = details(serial=1, issuerSerial=0, key=middle.public, **period).SerializeToString()
    chain.intermediate.signature = root.sign(chain.intermediate.details)
    chain.leaf.details = details(serial=2, issuerSerial=1, key=leaf, **period).SerializeToString()
    chain.leaf.signature = middle.sign(chain.leaf.details)
    return bytes(chain.SerializeToString())
