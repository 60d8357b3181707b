"""WhatsApp's dictionaries of words that travel as one or two bytes, read out of the library that is installed.

The library keeps them as one array of Go string headers (pointer, length): 235 words for one byte, then four
dictionaries of 256. It is found by its first words, so the simulator speaks the very version the client speaks.
"""

from __future__ import annotations

import ctypes
import importlib.util
import struct
from pathlib import Path
from typing import NamedTuple

SINGLES = 236
DOUBLES = 4
DOUBLE_SIZE = 256

_FIRST = (b"xmlstreamstart", b"xmlstreamend", b"s.whatsapp.net", b"type", b"participant")
_HEADER = struct.Struct("<QQ")
_LONGEST = 64


class Tokens(NamedTuple):
    """`singles[0]` is unused, because a zero byte means an empty list."""

    singles: list[str]
    doubles: list[list[str]]


def library_path() -> Path:
    """The shared library inside the installed neonize."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("neonize is not installed")
    return next(Path(spec.submodule_search_locations[0]).glob("neonize-linux-*.so"))


def read_tokens() -> Tokens:
    """Load the library if need be and find the dictionaries in its memory (Linux)."""
    library = library_path()
    ctypes.CDLL(str(library))
    memory = _Memory(library)
    for address in memory.find(_HEADER.pack(0, len(_FIRST[0]))[8:]):
        start = address - 8
        if all(memory.string(start + _HEADER.size * place) == word for place, word in enumerate(_FIRST)):
            count = SINGLES - 1 + DOUBLES * DOUBLE_SIZE
            words = [memory.string(start + _HEADER.size * place) for place in range(count)]
            texts = ["", *(word.decode() for word in words if word is not None)]
            if len(texts) == count + 1:
                doubles = [texts[SINGLES + DOUBLE_SIZE * n :][:DOUBLE_SIZE] for n in range(DOUBLES)]
                return Tokens(texts[:SINGLES], doubles)
    raise LookupError(f"{library.name} holds no token dictionary that looks like WhatsApp's")


class _Memory:
    """What this process has mapped of one file."""

    def __init__(self, library: Path) -> None:
        self._parts: list[tuple[int, bytes]] = []
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5] == str(library) and "r" in fields[1]:
                start, end = (int(number, 16) for number in fields[0].split("-"))
                self._parts.append((start, ctypes.string_at(start, end - start)))

    def find(self, needle: bytes) -> list[int]:
        """Addresses, aligned to eight bytes, where `needle` stands."""
        found = []
        for start, data in self._parts:
            place = data.find(needle, 8)
            while place >= 0:
                if place % 8 == 0:
                    found.append(start + place)
                place = data.find(needle, place + 1)
        return found

    def string(self, header: int) -> bytes | None:
        """The Go string whose header is at that address; None when there is none."""
        raw = self._read(header, _HEADER.size)
        if raw is None:
            return None
        pointer, length = _HEADER.unpack(raw)
        return self._read(pointer, length) if 0 < length < _LONGEST else None

    def _read(self, address: int, size: int) -> bytes | None:
        for start, data in self._parts:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        return None
