"""Linking by eight characters that a person types into the phone, instead of a QR code to scan.

Both ends send each other a fresh key encrypted under the code; what they agree on proves that the same code was used.
Source: whatsmeow's pair-code.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.curve import KeyPair, hkdf
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import SERVER
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.pairing import NoSuchCode, Pairing
from tests.simulators.whatsapp.refusals import Refused
from tests.simulators.whatsapp.world import World

_ROUNDS = 2 << 16


@dataclass
class _Attempt:
    """One candidate that waits for its code to be typed."""

    connection: Connection
    reference: str
    wrapped: bytes
    theirs: bytes = b""
    own: KeyPair = field(default_factory=KeyPair)
    user: User | None = None


class PairingCode:
    """Attempts by phone number: a number has one at a time, the newest."""

    def __init__(self, world: World, pairing: Pairing) -> None:
        self._world = world
        self._pairing = pairing
        self._attempts: dict[str, _Attempt] = {}

    def request(self, connection: Connection, request: Node, asked: Node) -> None:
        """A candidate's `link_code_companion_reg`, of either stage."""
        if connection.candidate is None:
            raise Refused(403)
        phone = asked.jid("jid").user
        if asked.get("stage") == "companion_hello":
            wrapped = asked.child("link_code_pairing_wrapped_companion_ephemeral_pub")
            if wrapped is None:
                raise Refused(400)
            attempt = _Attempt(connection, secrets.token_urlsafe(16), wrapped.data())
            self._attempts[phone] = attempt
            reference = Node("link_code_pairing_ref", {}, attempt.reference.encode())
            connection.result(request, [Node("link_code_companion_reg", {}, [reference])])
            return
        self._finish(connection, request, asked, self._attempts.pop(phone, None))

    def enter(self, user: User, code: str) -> None:
        """The person types the code that the candidate shows; raises NoSuchCode when nobody waits for one."""
        attempt = self._attempts.get(user.phone)
        if attempt is None:
            raise NoSuchCode(f"no device waits for a code of {user.phone}")
        typed = code.replace("-", "").upper()
        attempt.theirs = _cipher(typed, attempt.wrapped[:32], attempt.wrapped[32:48], attempt.wrapped[48:80])
        attempt.user = user
        salt, iv = os.urandom(32), os.urandom(16)
        wrapped = salt + iv + _cipher(typed, salt, iv, attempt.own.public)
        content = [
            Node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
            Node("primary_identity_pub", {}, user.handset.party.identity.public),
            Node("link_code_pairing_ref", {}, attempt.reference.encode()),
        ]
        attrs = {
            "from": SERVER,
            "id": secrets.token_hex(4),
            "type": "link_code_companion_reg",
            "t": str(int(time.time())),
        }
        stage = Node("link_code_companion_reg", {"stage": "primary_hello"}, content)
        attempt.connection.send(Node("notification", attrs, [stage]))

    def _finish(self, connection: Connection, request: Node, asked: Node, attempt: _Attempt | None) -> None:
        bundle = asked.child("link_code_pairing_wrapped_key_bundle")
        if attempt is None or attempt.user is None or bundle is None:
            raise Refused(400)
        connection.result(request)
        sealed, shared = bundle.data(), attempt.own.agree(attempt.theirs)
        key = hkdf(shared, 32, salt=sealed[:32], info=b"link_code_pairing_key_bundle_encryption_key")
        try:
            opened = AESGCM(key).decrypt(sealed[32:44], sealed[44:], None)
        except InvalidTag:
            self._world.stats["pairing code wrong"] += 1
            self._world.log("a wrong pairing code was typed for", attempt.user.phone)
            return
        identity, random_part = opened[:32], opened[64:96]
        own = attempt.user.handset.party.identity
        secret = hkdf(shared + own.agree(identity) + random_part, 32, info=b"adv_secret")
        self._pairing.accept(connection, attempt.user, secret)


def _cipher(code: str, salt: bytes, iv: bytes, data: bytes) -> bytes:
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, _ROUNDS, 32)
    cipher = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()
