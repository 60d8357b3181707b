"""Values as every database takes them. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

_NUL = b"\\u0000"
"""How JSON writes the NUL character, which no text means anything by and PostgreSQL refuses."""


def printable(value: T) -> T:
    """The value without NUL characters, so that one odd message does not stop those behind it at the store.

    Raises what msgspec raises for a value that could not be stored, or not be read again: text that is bytes, say.
    """
    msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type(value))
    return _without_nul(value) if _NUL in msgspec.json.encode(value) else value


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, StrEnum) else value.replace("\0", "")
    if isinstance(value, tuple):
        return tuple(_without_nul(each) for each in value)
    if isinstance(value, Struct):
        news = {name: _without_nul(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **news)
    return value
