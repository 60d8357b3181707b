"""Telling whether two tables hold the same rows, whatever databases they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

_SIZE = 32
_MODULUS = 1 << (8 * _SIZE)


class TableDigest:
    """Rows are counted and summed up; two tables with equal `count` and `checksum` are equal.

    A row's digest is the SHA-256 of its values in the order of the columns; a table's is the sum of these modulo 2^256,
    so the order of the rows does not matter. It must not: PostgreSQL sorts text keys by its collation and SQLite by
    bytes, and sorting a large table anew on either would cost more than copying it. It finds accidents; somebody
    who forges rows on purpose is not its business.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take in rows as Python values: None, bool, int, str, date, aware datetime."""
        for row in rows:
            # MessagePack keeps apart what would read alike in text: 1, True and "1"; None and "".
            self._sum += int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(row)).digest(), "big")
        self._sum %= _MODULUS
        self.count += len(rows)

    @property
    def checksum(self) -> str:
        """64 hexadecimal digits."""
        return self._sum.to_bytes(_SIZE, "big").hex()
