"""What WhatsApp answers when it does not do what was asked: an error stanza with a number and a word."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.node import Node

WORDS = {
    304: "not-modified",
    400: "bad-request",
    401: "not-authorized",
    403: "forbidden",
    404: "item-not-found",
    406: "not-acceptable",
    409: "conflict",
    410: "gone",
}

Handler = Callable[[Connection, Node], None]


class Refused(Exception):
    """Raised inside a handler: the client gets `<error code text>`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code} {WORDS[code]}")
        self.code = code
        self.text = WORDS[code]


def refusing(handler: Callable[[Any, Connection, Node], None]) -> Callable[[Any, Connection, Node], None]:
    """Let a request handler say no by raising `Refused`."""

    @wraps(handler)
    def answer(feature: Any, connection: Connection, request: Node) -> None:
        try:
            handler(feature, connection, request)
        except Refused as refusal:
            connection.refuse(request, refusal.code, refusal.text)

    return answer
