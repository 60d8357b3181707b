"""How long an Ogg Opus file plays, read from its pages without decoding. Pure (RFC 3533, RFC 7845)."""

from __future__ import annotations

import struct
from typing import Final

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_RATE: Final = 48_000
"""Granule positions of Opus count samples of this rate, whatever was recorded."""


def is_opus(data: bytes) -> bool:
    """Whether it is what WhatsApp plays as a voice note."""
    return data[:4] == b"OggS" and b"OpusHead" in data[:64]


def seconds_of(data: bytes) -> int | None:
    """Whole seconds, at least one; None when the pages do not tell."""
    last = data.rfind(b"OggS")
    if last < 0 or len(data) - last < _PAGE.size:
        return None
    granule = _PAGE.unpack_from(data, last)[3]
    return max(1, round(granule / _RATE)) if granule > 0 else None
