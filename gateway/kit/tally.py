"""How often a cache had what it was asked for."""

from __future__ import annotations


class Tally:
    """Counts; a cache adds to it at every question."""

    __slots__ = ("hits", "misses")

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
