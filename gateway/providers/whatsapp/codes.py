"""neonize's numbers for what it tells, and which of it is for whom."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """neonize's numbers for its events (neonize/events.py)."""

    DEVICE = 0
    CONNECTED = 3
    KEEP_ALIVE_TIMEOUT = 4
    KEEP_ALIVE_RESTORED = 5
    LOGGED_OUT = 6
    STREAM_REPLACED = 7
    TEMPORARY_BAN = 8
    CONNECT_FAILURE = 9
    CLIENT_OUTDATED = 10
    STREAM_ERROR = 11
    DISCONNECTED = 12
    HISTORY_SYNC = 13
    MESSAGE = 17
    RECEIPT = 18
    CHAT_PRESENCE = 19
    PRESENCE = 20
    JOINED_GROUP = 21
    GROUP_INFO = 22
    PICTURE = 23
    IDENTITY_CHANGE = 24
    BLOCKLIST = 30
    BLOCKLIST_CHANGE = 31
    CALL_OFFER = 36
    CALL_OFFER_NOTICE = 40
    CALL_TERMINATE = 42
    UNDECRYPTABLE_MESSAGE = 44


SIGNS = frozenset(code for code in Code if Code.DEVICE <= code <= Code.DISCONNECTED)
"""Told about the connection: taken at once, never stored."""
PASSING = frozenset({Code.CHAT_PRESENCE, Code.PRESENCE})
"""Told to whoever listens now: not worth a file."""
NEWS = tuple(code for code in Code if code > Code.DISCONNECTED)
"""What happened among people, which must not be lost."""


def news(*, history: bool) -> tuple[Code, ...]:
    """What a session asks to be told, with what was said before it was linked or without."""
    return tuple(code for code in NEWS if history or code is not Code.HISTORY_SYNC)
