"""What the receiver does with a request: answers, and the ways an answer can go wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from msgspec import Struct, field

Kind = Literal[
    "answer",  # status, headers and body, at once
    "stall",  # nothing until `release`, then the answer
    "drip",  # the head, then one byte of body every `interval` seconds, for ever
    "endless",  # a chunked body that never ends, as fast as it is read
    "gzip_bomb",  # 50 MB of zeros as 48 KB of gzip, announced as such
    "huge_headers",  # `count` headers of `size` bytes each, then the answer's body
    "drop",  # half of the announced body, then the connection is reset
    "close",  # the connection is closed without a byte
]


class Behaviour(Struct, frozen=True, kw_only=True):
    """One way to treat a request."""

    kind: Kind = "answer"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    times: int | None = None
    """After so many requests the next behaviour of the path takes over; None is for ever."""
    interval: float = 0.02
    count: int = 4000
    size: int = 60

    @property
    def accepts(self) -> bool:
        """Whether a sender that gets this has to take its delivery as done."""
        return self.kind == "answer" and 200 <= self.status < 300

    def head(self, *framing: str) -> bytes:
        """Status line and headers, the caller's framing headers first."""
        phrase = HTTPStatus(self.status).phrase if self.status in HTTPStatus._value2member_map_ else "Odd"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *framing, *(f"{k}: {v}" for k, v in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def answer(self) -> bytes:
        """The whole answer as it goes over the wire."""
        if self.status in (204, 304):  # they end with their head, RFC 9112 section 6.3
            return self.head()
        return self.head(f"Content-Length: {len(self.body)}") + self.body


class Script:
    """The behaviours of one path, one after the other; then a plain 200."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._waiting = list(behaviours)
        self._now = Behaviour()
        self._left: int | None = 0
        self._encoded = b""
        self._advance()

    def take(self) -> tuple[Behaviour, bytes]:
        """The behaviour for the request at hand, with its plain answer ready to write."""
        if self._left is not None:
            if self._left == 0:
                self._advance()
            if self._left is not None:
                self._left -= 1
        return self._now, self._encoded

    def _advance(self) -> None:
        self._now = self._waiting.pop(0) if self._waiting else Behaviour()
        self._left = self._now.times
        self._encoded = self._now.answer()
