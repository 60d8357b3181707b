"""A file only a passphrase opens: scrypt makes the key, AES-256-GCM seals and binds everything before it.

    magic 8 | version 1 | log2 N 1 | r 1 | p 1 | salt 16 | nonce 12 | ciphertext and tag | SHA-256 of all before 32

The last field is no protection: it tells a damaged file from a wrong passphrase, which GCM alone cannot.
"""

from __future__ import annotations

import hashlib
import secrets
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.kit.passphrase import LOG_N, SALT, Excessive, P, R, derive_key

MAGIC = b"GWEXPORT"
_VERSION = 1
_HEADER = struct.Struct(">8sBBBB16s12s")
_CHECKSUM = 32


class EnvelopeError(Exception):
    """It cannot be opened; the text says why and holds no secret."""


def seal(data: bytes, passphrase: str) -> bytes:
    """`data` as a file that this passphrase opens."""
    salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(12)
    header = _HEADER.pack(MAGIC, _VERSION, LOG_N, R, P, salt, nonce)
    sealed = header + AESGCM(derive_key(passphrase, salt)).encrypt(nonce, data, header)
    return sealed + hashlib.sha256(sealed).digest()


def unseal(file: bytes, passphrase: str) -> bytes:
    """What was sealed. Raises EnvelopeError."""
    if not file.startswith(MAGIC):
        raise EnvelopeError("This is not an export of this gateway.")
    sealed, checksum = file[:-_CHECKSUM], file[-_CHECKSUM:]
    if len(sealed) < _HEADER.size + 16 or hashlib.sha256(sealed).digest() != checksum:
        raise EnvelopeError("The file is damaged or incomplete; copy it again.")
    header, body = sealed[: _HEADER.size], sealed[_HEADER.size :]
    _, version, log_n, r, p, salt, nonce = _HEADER.unpack(header)
    if version != _VERSION:
        raise EnvelopeError(f"The file has format {version}, which this version cannot read; upgrade the gateway.")
    try:
        return AESGCM(derive_key(passphrase, salt, log_n, r, p)).decrypt(nonce, body, header)
    except Excessive:
        raise EnvelopeError("The file asks for more memory than an export does.") from None
    except InvalidTag:
        raise EnvelopeError("The passphrase is wrong.") from None
