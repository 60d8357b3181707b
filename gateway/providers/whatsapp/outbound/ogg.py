"""How long an Ogg Opus file plays, read from its pages without decoding. Pure (RFC 3533, RFC 7845)."""

from __future__ import annotations

import struct
from typing import Final

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_RATE: Final = 48_000
"""Granule positions of Opus count samples of this rate, whatever was recorded."""
_LONGEST: Final = 24 * 3600 * _RATE


def is_opus(data: bytes) -> bool:
    """Whether it is what WhatsApp plays as a voice note."""
    return data[:4] == b"OggS" and b"OpusHead" in data[:64]


def seconds_of(data: bytes) -> int | None:
    """Whole seconds, at least one; None when the pages do not tell, or tell more than a day."""
    position, end, skip = 0, 0, _pre_skip(data)
    while len(data) - position >= _PAGE.size:
        mark, _, _, granule, _, _, _, segments = _PAGE.unpack_from(data, position)
        if mark != b"OggS":
            break
        end = max(end, granule)  # -1 where no packet ends on the page
        lacing = data[position + _PAGE.size : position + _PAGE.size + segments]
        position += _PAGE.size + segments + sum(lacing)
    samples = end - skip
    return max(1, round(samples / _RATE)) if 0 < samples <= _LONGEST else None


def _pre_skip(data: bytes) -> int:
    """Samples a decoder makes before the sound begins (RFC 7845, 5.1)."""
    head = data.find(b"OpusHead", 0, 64)
    return int.from_bytes(data[head + 10 : head + 12], "little") if head >= 0 else 0
