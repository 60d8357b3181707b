"""Curve25519 as Signal uses it: key agreement, XEdDSA signatures, and the few symmetric primitives around them.

XEdDSA signs with a Diffie-Hellman key. It needs a nonce point of the Edwards curve and the sign of the public key's
image there; both come from the `cryptography` package: the nonce is a fresh Ed25519 key, and the sign is found once
per key by trying the two possibilities.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

DJB = b"\x05"
"""The type byte in front of a public key wherever Signal stores or signs it."""

SIGNATURE_SIZE = 64

_ORDER = 2**252 + 27742317777372353535851937790883648493
_PRIME = 2**255 - 19
_BLOCK = 16


class KeyPair:
    """A Diffie-Hellman key that can also sign."""

    __slots__ = ("_key", "_signing", "private", "public")

    def __init__(self, private: bytes | None = None) -> None:
        self.private = _clamp(private or os.urandom(32))
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes_raw()
        self._signing: int | None = None

    def agree(self, public: bytes) -> bytes:
        """The secret shared with the owner of `public`."""
        return self._key.exchange(X25519PublicKey.from_public_bytes(public))

    def sign(self, message: bytes) -> bytes:
        if self._signing is None:
            scalar = int.from_bytes(self.private, "little")
            probe = _sign(scalar, self.public, b"")
            # The image of the public key with sign 0 belongs to this scalar or to its negative.
            self._signing = scalar if verify(self.public, b"", probe) else _ORDER - scalar % _ORDER
        return _sign(self._signing, self.public, message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a Diffie-Hellman key signed this."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    sign = signature[63] & 0x80
    edwards = bytearray(_edwards(public))
    edwards[31] |= sign
    try:
        Ed25519PublicKey.from_public_bytes(bytes(edwards)).verify(
            signature[:63] + bytes((signature[63] & 0x7F,)), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, parts[0] if len(parts) == 1 else b"".join(parts), "sha256")


def hkdf(secret: bytes, length: int, salt: bytes = b"", info: bytes = b"") -> bytes:
    """HKDF with SHA-256 (RFC 5869)."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    out = block = b""
    number = 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes((number,)), "sha256")
        out += block
        number += 1
    return out[:length]


def aes_cbc_encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """With PKCS #7 padding."""
    missing = _BLOCK - len(plain) % _BLOCK
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return cipher.update(plain + bytes((missing,)) * missing) + cipher.finalize()


def aes_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Whatever was padded by PKCS #7; the caller has checked a MAC before."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    plain = cipher.update(data) + cipher.finalize()
    return plain[: -plain[-1]]


def _clamp(private: bytes) -> bytes:
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return bytes(scalar)


@lru_cache(maxsize=4096)
def _edwards(public: bytes) -> bytes:
    """The point of the Edwards curve for a Montgomery coordinate, its sign bit left 0."""
    u = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return ((u - 1) * pow(u + 1, _PRIME - 2, _PRIME) % _PRIME).to_bytes(32, "little")


def _sign(scalar: int, public: bytes, message: bytes) -> bytes:
    seed = os.urandom(32)
    nonce_point = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    nonce = int.from_bytes(_clamp(hashlib.sha512(seed).digest()[:32]), "little")
    challenge = int.from_bytes(hashlib.sha512(nonce_point + _edwards(public) + message).digest(), "little")
    return nonce_point + ((nonce + challenge * scalar) % _ORDER).to_bytes(32, "little")
