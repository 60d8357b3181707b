"""Secrets at rest: sealing what must be read again, hashing what need only be recognised, making new ones."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import re
import secrets
import string
import unicodedata
from collections.abc import Sequence

import argon2
import msgspec
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.settings import EncryptionKey

_ALPHABET = string.ascii_lowercase + string.digits
_NONCE_BYTES = 12
_ARGON2 = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class SealError(Exception):
    """A sealed text cannot be opened: unknown key, damaged, or moved here from another row. Never says what it held."""


class Sealer:
    """AES-256-GCM bound to a place: what was sealed for one row and column opens there and nowhere else.

    Sealed form: `<key id>.<base64url of nonce and ciphertext>`. The first key seals, all keys open; so a rotation is
    to put a new key first, reseal what `needs_reseal`, then drop the old one.
    """

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        if not keys:
            raise ValueError("A Sealer needs at least one key.")
        self._ciphers = {key.id: AESGCM(key.key) for key in keys}
        self._current = keys[0].id

    def seal(self, plain: str, *, table: str, row: str, column: str) -> str:
        """`plain` sealed for this place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plain.encode(), _place(table, row, column))
        return f"{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, table: str, row: str, column: str) -> str:
        """What was sealed for this place. Raises SealError."""
        key_id, _, encoded = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError(f"{table}.{column} was sealed with key {key_id[:16]!r}; add it to ENCRYPTION_KEYS.")
        try:
            raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _place(table, row, column)).decode()
        except (InvalidTag, ValueError):
            raise SealError(f"{table}.{column} of this row is damaged or was moved from another row.") from None

    def needs_reseal(self, sealed: str) -> bool:
        """Whether an older key sealed it."""
        return sealed.partition(".")[0] != self._current


def _place(table: str, row: str, column: str) -> bytes:
    # With no ":" in table and column the three parts can be read back in one way only, whatever the row's id.
    if ":" in table or ":" in column:
        raise ValueError("Table and column names hold no colon.")
    return f"{table}:{row}:{column}".encode()


class PasswordHasher:
    """argon2id with the parameters of the OWASP password storage sheet (19 MiB, 2 passes, 1 lane).

    Hashing takes some 15 ms of one core: it runs in a thread, a few at a time, so a burst of logins neither stops the
    event loop nor takes all memory.
    """

    def __init__(self, *, at_once: int = 2) -> None:
        self._argon2 = _ARGON2
        self._turn = asyncio.Semaphore(at_once)
        self._dummy = _nobodys()
        self.verifications = 0
        """How many passwords were verified: every login, known user or not, must cost exactly one."""

    async def hash(self, password: str) -> str:
        """The text to store: algorithm, parameters, salt and hash in one."""
        prepared = _prepare(password)
        async with self._turn:
            return await asyncio.to_thread(self._argon2.hash, prepared)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` made `stored`. With None (no such user) it takes as long as any other wrong password."""
        prepared = _prepare(password)
        async with self._turn:
            matches = await asyncio.to_thread(self._matches, stored or self._dummy, prepared)
            self.verifications += 1
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether `stored` was made with older parameters; hash again while the password is at hand."""
        return self._argon2.check_needs_rehash(stored)

    def _matches(self, stored: str, prepared: bytes) -> bool:
        try:
            return self._argon2.verify(stored, prepared)
        except (VerificationError, InvalidHashError):
            return False


@functools.cache
def _nobodys() -> str:
    """A hash that no password made, to verify against when there is no user; one for the process."""
    return _ARGON2.hash(secrets.token_hex(16))


def _prepare(password: str) -> bytes:
    # NFKC: the same password typed on another keyboard may arrive composed differently (NIST SP 800-63B, 5.1.1.2).
    # Lone surrogates cannot be UTF-8; they are kept apart rather than refused, so that verifying never fails.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class NewKey(msgspec.Struct, frozen=True):
    """A key just made. `text` is shown once; `prefix` (to find it) and `digest` (to recognise it) are stored."""

    text: str
    prefix: str
    digest: str

    def __repr__(self) -> str:
        return f"NewKey(prefix={self.prefix!r})"


def new_api_key() -> NewKey:
    """A user's key: `gw_<8 characters>_<32 random bytes>`."""
    return _new_key("gw")


def new_instance_key() -> NewKey:
    """A key that reaches one instance: `gwi_<8 characters>_<32 random bytes>`."""
    return _new_key("gwi")


def _new_key(kind: str) -> NewKey:
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    text = f"{kind}_{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(text, prefix, digest(text))


def key_prefix(key: str) -> str:
    """By which a presented key is looked up: the middle part of one of ours, else the start of its digest.

    The second kind are keys an operator chose (ADMIN_API_KEY): no part of them is stored readable.
    """
    match = re.fullmatch(r"gwi?_([a-z0-9]{8})_[A-Za-z0-9_-]{43}", key)
    return match[1] if match else digest(key)[:8]


def digest(key: str) -> str:
    """SHA-256 in hex. Enough for keys of 128 random bits and more; passwords go through PasswordHasher."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def key_matches(key: str, stored_digest: str | None) -> bool:
    """Whether `key` has this digest, in the same time whether or not; None (no such key) never matches."""
    same = hmac.compare_digest(digest(key), stored_digest or "0" * 64)
    return same and stored_digest is not None


def same_text(one: str, other: str) -> bool:
    """Equality in constant time, for any text."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def new_webhook_secret() -> str:
    """`whsec_` and 32 random bytes in base64, as Standard Webhooks asks of symmetric secrets."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
