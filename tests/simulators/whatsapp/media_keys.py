"""How WhatsApp encrypts files: one random key per file, stretched per kind, so that the media host sees only noise.

Source of the labels and the layout (iv | cipher key | mac key | reference key): whatsmeow's download code.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulators.whatsapp.curve import aes_cbc_decrypt, aes_cbc_encrypt, hkdf, hmac_sha256

LABELS: Mapping[str, bytes] = {
    "image": b"WhatsApp Image Keys",
    "sticker": b"WhatsApp Image Keys",
    "video": b"WhatsApp Video Keys",
    "audio": b"WhatsApp Audio Keys",
    "document": b"WhatsApp Document Keys",
    "history": b"WhatsApp History Keys",
    "app-state": b"WhatsApp App State Keys",
    "thumbnail": b"WhatsApp Link Thumbnail Keys",
}

_MAC_LENGTH = 10
_EXPANDED_LENGTH = 112


@dataclass(frozen=True)
class EncryptedFile:
    """A file as the media host stores it, and what its reader must know."""

    blob: bytes
    key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    length: int


class DamagedFile(Exception):
    """The stored blob was not encrypted with this key and kind."""


def encrypt_file(data: bytes, kind: str, key: bytes | None = None) -> EncryptedFile:
    """What a phone uploads for `data`; `kind` is a key of LABELS."""
    key = key or os.urandom(32)
    iv, cipher_key, mac_key = _expand(key, kind)
    body = aes_cbc_encrypt(cipher_key, iv, data)
    blob = body + hmac_sha256(mac_key, iv, body)[:_MAC_LENGTH]
    return EncryptedFile(blob, key, hashlib.sha256(data).digest(), hashlib.sha256(blob).digest(), len(data))


def decrypt_file(blob: bytes, kind: str, key: bytes) -> bytes:
    """The file inside a blob; raises DamagedFile when key, kind and blob do not belong together."""
    iv, cipher_key, mac_key = _expand(key, kind)
    body, mac = blob[:-_MAC_LENGTH], blob[-_MAC_LENGTH:]
    if not hmac.compare_digest(hmac_sha256(mac_key, iv, body)[:_MAC_LENGTH], mac):
        raise DamagedFile(f"the blob of {len(blob)} bytes is no {kind} under this key")
    return aes_cbc_decrypt(cipher_key, iv, body)


def _expand(key: bytes, kind: str) -> tuple[bytes, bytes, bytes]:
    expanded = hkdf(key, _EXPANDED_LENGTH, info=LABELS[kind])
    return expanded[:16], expanded[16:48], expanded[48:80]
