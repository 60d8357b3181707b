"""The few protobuf messages of the Signal protocol, read and written by field number, and padding of plaintexts."""

from __future__ import annotations

import random

VERSION = b"\x33"
"""Current and highest supported version, in front of every message."""

Fields = dict[int, int | bytes]

_VARINT, _BYTES = 0, 2


class Garbled(Exception):
    """The bytes are no such message."""


def write_fields(*fields: tuple[int, int | bytes | None]) -> bytes:
    """A protobuf message of numbers and bytes; fields that are None are left out."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            _write_varint(out, number << 3 | _VARINT)
            _write_varint(out, value)
        elif value is not None:
            _write_varint(out, number << 3 | _BYTES)
            _write_varint(out, len(value))
            out += value
    return bytes(out)


def read_fields(data: bytes) -> Fields:
    """The last value of every field; raises Garbled."""
    fields: Fields = {}
    place = 0
    try:
        while place < len(data):
            key, place = _read_varint(data, place)
            value, place = _read_varint(data, place)
            if key & 7 == _VARINT:
                fields[key >> 3] = value
            elif key & 7 == _BYTES:
                fields[key >> 3] = data[place : place + value]
                place += value
            else:
                raise Garbled(f"wire type {key & 7}")
    except IndexError as error:
        raise Garbled("it ends too early") from error
    return fields


def number(fields: Fields, place: int) -> int:
    """A number, 0 when it is missing as protobuf has it."""
    value = fields.get(place, 0)
    if not isinstance(value, int):
        raise Garbled(f"field {place} is no number")
    return value


def data(fields: Fields, place: int) -> bytes:
    value = fields.get(place)
    if not isinstance(value, bytes):
        raise Garbled(f"field {place} is missing")
    return value


def public_key(fields: Fields, place: int) -> bytes:
    """A key without its type byte."""
    return data(fields, place)[1:]


def pad(plain: bytes) -> bytes:
    """Up to fifteen bytes that hide the length, as WhatsApp appends them."""
    count = random.randrange(1, 16)
    return plain + bytes((count,)) * count


def unpad(padded: bytes) -> bytes:
    return padded[: -padded[-1]]


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _read_varint(source: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = source[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
