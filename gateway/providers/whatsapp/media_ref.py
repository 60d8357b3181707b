"""The handle of a file on WhatsApp's media host: everything a download needs, in one text.

Nothing else of the message is needed later, so a file can be fetched after the message was pruned, and by any session
of the account. Field meanings: whatsmeow's `DownloadMediaWithPath`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from gateway.domain.errors import InvalidInput

FileKind: TypeAlias = Literal["image", "video", "audio", "document", "sticker"]
"""Which keys a file is encrypted with. A sticker uses an image's, a voice note an audio's."""


class MediaRef(Struct, frozen=True, array_like=True):
    """Where a file lies and how to read it. `media_key` is empty for a channel's file, which is not encrypted."""

    kind: FileKind
    direct_path: str
    media_key: bytes
    file_enc_sha256: bytes
    file_sha256: bytes
    file_length: int


def encode_ref(ref: MediaRef) -> str:
    """The text form, URL-safe."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(ref)).decode().rstrip("=")


def decode_ref(text: str) -> MediaRef:
    """What `encode_ref` made. Raises InvalidInput for anything else."""
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=MediaRef)
    except (binascii.Error, ValueError) as error:  # msgspec's DecodeError is a ValueError
        raise InvalidInput("This is no file of a WhatsApp message.", field="ref") from error
