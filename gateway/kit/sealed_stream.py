"""What an envelope is to a value, for what does not fit into memory: sealed and opened piece by piece.

    magic 8 | version 1 | log2 N 1 | r 1 | p 1 | salt 16 | prefix 7 | key check 16, then pieces of 1 MiB and a tag each

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015): the nonce of a piece is the prefix, its
number, and whether it is the last, so pieces cannot be exchanged, left out or cut off at the end. The key check, a tag
over nothing, tells a wrong passphrase from a damaged piece.
"""

from __future__ import annotations

import secrets
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.kit.envelope import EnvelopeError
from gateway.kit.passphrase import LOG_N, SALT, Excessive, P, R, derive_key

MAGIC = b"GWSTREAM"
PIECE = 1024 * 1024
"""Bytes of content sealed at a time; only the last piece is shorter."""
_VERSION = 1
_HEADER = struct.Struct(">8sBBBB16s7s")
_TAG = 16
_MORE, _LAST, _CHECK = 0, 1, 2


class SealingWriter:
    """Write to it as to a file; `finish` when all is written, or what was written cannot be opened."""

    def __init__(self, file: BinaryIO, passphrase: str, *, log_n: int = LOG_N) -> None:
        """`log_n` is what guessing costs, as a power of two; the file says it, so any reader knows."""
        salt, self._prefix = secrets.token_bytes(SALT), secrets.token_bytes(7)
        self._header = _HEADER.pack(MAGIC, _VERSION, log_n, R, P, salt, self._prefix)
        self._file = file
        self._cipher = AESGCM(derive_key(passphrase, salt, log_n))
        self._waiting = bytearray()
        self._number = 0
        file.write(self._header + self._cipher.encrypt(_nonce(self._prefix, 0, _CHECK), b"", self._header))

    def write(self, data: bytes) -> int:
        """Take all of it; whole pieces go to the file at once."""
        self._waiting += data
        while len(self._waiting) > PIECE:  # not at equality: what is here may be the end
            self._seal(bytes(self._waiting[:PIECE]), _MORE)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        """Write the last piece. The file is the caller's to close."""
        self._seal(bytes(self._waiting), _LAST)
        self._waiting.clear()

    def _seal(self, piece: bytes, which: int) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._prefix, self._number, which), piece, self._header))
        self._number += 1


class UnsealingReader:
    """Read from it as from a file. What it gives is authentic; that it is complete is known at its end alone."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        """Raises EnvelopeError when this is no such file or the passphrase is another."""
        self._header = file.read(_HEADER.size)
        check = file.read(_TAG)
        if not self._header.startswith(MAGIC) or len(check) < _TAG:
            raise EnvelopeError("This is not a backup of this gateway.")
        _, version, log_n, r, p, salt, self._prefix = _HEADER.unpack(self._header)
        if version != _VERSION:
            raise EnvelopeError(f"The file has format {version}, which this version cannot read; upgrade the gateway.")
        try:
            self._cipher = AESGCM(derive_key(passphrase, salt, log_n, r, p))
            self._cipher.decrypt(_nonce(self._prefix, 0, _CHECK), check, self._header)
        except Excessive:
            raise EnvelopeError("The file asks for more memory than a backup does.") from None
        except InvalidTag:
            raise EnvelopeError("The passphrase is wrong, or the file is damaged at its beginning.") from None
        self._file = file
        self._sealed = file.read(PIECE + _TAG)
        self._opened = b""
        self._number = 0
        self._ended = False

    def read(self, size: int = PIECE) -> bytes:
        """Up to `size` bytes, none at the end. Raises EnvelopeError when the file is damaged or was cut off."""
        while len(self._opened) < size and not self._ended:
            self._opened += self._next()
        given, self._opened = self._opened[:size], self._opened[size:]
        return given

    def _next(self) -> bytes:
        following = self._file.read(PIECE + _TAG)
        self._ended = not following
        nonce = _nonce(self._prefix, self._number, _LAST if self._ended else _MORE)
        try:
            piece = self._cipher.decrypt(nonce, self._sealed, self._header)
        except InvalidTag:
            raise EnvelopeError("The file is damaged or incomplete; copy it again.") from None
        self._sealed = following
        self._number += 1
        return piece


def _nonce(prefix: bytes, number: int, which: int) -> bytes:
    return prefix + struct.pack(">IB", number, which)
