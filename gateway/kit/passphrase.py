"""A key from words: scrypt, with OWASP's figures, bounded when the figures come from a file."""

from __future__ import annotations

import hashlib
import unicodedata

LOG_N, R, P = 17, 8, 1
"""OWASP's figures for scrypt: 128 MB and about half a second."""
SALT = 16
"""Bytes."""
_MOST_MEMORY = 1024**3


class Excessive(ValueError):
    """The figures ask for more memory or time than any file of ours: a forged one must not take either."""


def derive_key(passphrase: str, salt: bytes, log_n: int = LOG_N, r: int = R, p: int = P) -> bytes:
    """32 bytes. Raises Excessive."""
    if not (1 <= log_n <= 20 and 1 <= r <= 32 and 1 <= p <= 4 and 128 * r * 2**log_n <= _MOST_MEMORY):
        raise Excessive
    # NFKC, as for passwords: the same words typed on another keyboard may be composed differently.
    words = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(words, salt=salt, n=2**log_n, r=r, p=p, maxmem=2 * _MOST_MEMORY - 1, dklen=32)
