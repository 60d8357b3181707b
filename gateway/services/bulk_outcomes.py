"""What a refusal means for one recipient of a bulk: that it failed, that nobody knows, or that it may be tried again.

Tried again is only what surely did not leave. Waiting for one's turn, for a connection or for the database is no try.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct, structs

from gateway.domain.bulks import Bulk, BulkSend, SendState
from gateway.domain.errors import (
    GatewayError,
    NetworkUnreachable,
    NotConnected,
    NotFound,
    StorageUnavailable,
    TooManyRequests,
    Unavailable,
)
from gateway.domain.usage_limits import LIMIT_EXCEEDED

RETRY_PAUSE: Final = 0.5
"""Seconds before the second try; twice as many before each further one."""
LONGEST_RETRY_PAUSE: Final = 30.0
LOOK_PAUSE: Final = 1.0
"""Seconds between looks at whether an instance is connected again."""
PATIENCE: Final = 300.0
"""Seconds that a bulk waits for a connection, the network's leave or the database, counted from its last send; then
what cannot be sent fails at once."""
UNSURE = "It may have been sent and is not repeated."


class Outcome(Struct, frozen=True, kw_only=True):
    """One recipient after a try, as it is to be kept, and the seconds until the next try of the bulk."""

    send: BulkSend
    pause: float = 0.0
    asked: bool = False
    """Whether the network had a say, so that waiting for it is over."""

    @property
    def is_settled(self) -> bool:
        """Whether this recipient has had their turn."""
        return self.send.state is not SendState.WAITING

    @property
    def is_failure(self) -> bool:
        """Whether somebody was not reached, or nobody knows."""
        return self.send.state in {SendState.FAILED, SendState.UNKNOWN}


def sent(bulk: Bulk, send: BulkSend, message_id: str | None, now: datetime) -> Outcome:
    """The network took it."""
    return _settled(bulk, send, SendState.SENT, None, now, message_id=message_id)


def unsure(bulk: Bulk, send: BulkSend, why: str, now: datetime) -> Outcome:
    """Nobody knows whether the network took it."""
    return _settled(bulk, send, SendState.UNKNOWN, f"{why} {UNSURE}", now)


def after(
    refusal: GatewayError, bulk: Bulk, send: BulkSend, now: datetime, *, comes_back: bool, waited: float
) -> Outcome:
    """What follows from a refusal.

    `comes_back`: an instance that is not connected is expected to be again. `waited`: for how many seconds this bulk
    has only been waiting.
    """
    why = refusal.sentence
    match refusal:
        case TooManyRequests() if refusal.code == LIMIT_EXCEEDED:
            return _failed_here(send, why, now)  # it may take hours to free, and nobody else fares better meanwhile
        case TooManyRequests() if refusal.code == "paced" or waited + refusal.retry_after <= PATIENCE:
            return _later(send, why, now, refusal.retry_after)
        case NotConnected() if comes_back and waited < PATIENCE:
            return _later(send, why, now, LOOK_PAUSE)
        case StorageUnavailable() if waited < PATIENCE:
            return _later(send, why, now, max(LOOK_PAUSE, refusal.retry_after))  # before the send: nothing left
        case TooManyRequests() | NotConnected() | StorageUnavailable() | NotFound():
            return _failed_here(send, why, now)
        case NetworkUnreachable(maybe_sent=False) if send.attempts < bulk.attempts:
            pause = min(LONGEST_RETRY_PAUSE, RETRY_PAUSE * 2 ** (send.attempts - 1))
            return Outcome(
                send=structs.replace(send, state=SendState.WAITING, error=why, at=now), pause=pause, asked=True
            )
        case NetworkUnreachable(maybe_sent=True):
            return unsure(bulk, send, why, now)
        case Unavailable() if refusal.code == "sent_not_recorded":
            return _settled(bulk, send, SendState.SENT, why, now)
        case Unavailable():
            return unsure(bulk, send, why, now)
        case _:
            return _settled(bulk, send, SendState.FAILED, why, now)


def _settled(
    bulk: Bulk, send: BulkSend, state: SendState, error: str | None, now: datetime, *, message_id: str | None = None
) -> Outcome:
    is_last = send.place == bulk.total - 1
    return Outcome(
        send=structs.replace(send, state=state, error=error, message_id=message_id, at=now),
        pause=0.0 if is_last else bulk.delay_ms / 1000,
        asked=True,
    )


def _failed_here(send: BulkSend, why: str, now: datetime) -> Outcome:
    """The network was not asked, so nobody has to wait for the next."""
    return Outcome(send=structs.replace(send, state=SendState.FAILED, error=why, at=now))


def _later(send: BulkSend, why: str, now: datetime, pause: float) -> Outcome:
    back = structs.replace(send, state=SendState.WAITING, attempts=send.attempts - 1, error=why, at=now)
    return Outcome(send=back, pause=pause)
