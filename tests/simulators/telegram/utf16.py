"""Lengths and cuts in UTF-16 code units, the unit of every entity offset in the Bot API."""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """How many UTF-16 code units `text` takes."""
    return len(text) + sum(1 for character in text if character > "\uffff") if not text.isascii() else len(text)


def cut(text: str, offset: int, length: int) -> str:
    """`length` code units of `text` from `offset`."""
    raw = text.encode("utf-16-le")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le")
