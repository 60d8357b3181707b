"""Bulks: one text made out to many people and sent to them one after the other, however long that takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from gateway.domain.ids import BulkId, InstanceId, TenantId

MOST_RECIPIENTS = 100
LONGEST_TEXT = 65_536
"""Characters of one message as it is sent: what WhatsApp takes. A network that takes less says so for each."""
CANCELLED = "Not sent: the bulk was cancelled."
ABORTED = "Not sent: somebody before was not reached, and failureStrategy is abort."
"""Why somebody was passed over."""
_PLACEHOLDER = re.compile(r"\{([^{}\s]{1,64})\}")


class FailureStrategy(StrEnum):
    """What becomes of the others when one recipient was not reached."""

    CONTINUE = "continue"
    ABORT = "abort"


class BulkState(StrEnum):
    """Where a bulk stands."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    """Everybody had their turn, whatever came of it."""
    ABORTED = "aborted"
    CANCELLING = "cancelling"
    """One message is on its way still; nobody else gets one."""
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self not in {BulkState.PROCESSING, BulkState.CANCELLING}


class SendState(StrEnum):
    """What became of one recipient."""

    WAITING = "waiting"
    SENDING = "sending"
    """Committed before anything leaves: whoever stands there when the gateway dies may have got the message."""
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may have left. It is not sent again: better once too few than twice."""
    SKIPPED = "skipped"


class BulkRecipient(Struct, frozen=True, kw_only=True):
    """Somebody who gets the text. `custom_message` goes out instead of it, just as it is written."""

    to: str
    name: str = ""
    custom_message: str | None = None


class BulkOrder(Struct, frozen=True, kw_only=True):
    """What is asked for. `attempts` counts tries altogether, of what surely did not leave."""

    recipients: tuple[BulkRecipient, ...]
    message: str
    variables: Mapping[str, str] = field(default_factory=dict)
    delay_ms: int = 1000
    """Milliseconds from the end of one send to the beginning of the next."""
    strategy: FailureStrategy = FailureStrategy.CONTINUE
    attempts: int = 1


class Bulk(Struct, frozen=True, kw_only=True):
    """A bulk as it is kept. `started_at` is when the first message was about to leave."""

    id: BulkId
    tenant_id: TenantId
    instance_id: InstanceId
    state: BulkState
    message: str
    variables: Mapping[str, str]
    delay_ms: int
    strategy: FailureStrategy
    attempts: int
    total: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class BulkSend(Struct, frozen=True, kw_only=True):
    """One recipient's place in a bulk, from 0, and what came of it. `at` is when it last changed."""

    bulk_id: BulkId
    place: int
    recipient: BulkRecipient
    state: SendState = SendState.WAITING
    attempts: int = 0
    message_id: str | None = None
    error: str | None = None
    at: datetime | None = None


class BulkProgress(Struct, frozen=True, kw_only=True):
    """A bulk and how many of its recipients stand where; `sends` when they were asked for."""

    bulk: Bulk
    counts: Mapping[SendState, int]
    sends: tuple[BulkSend, ...] = ()

    def count(self, *states: SendState) -> int:
        """How many stand in one of these."""
        return sum(self.counts.get(state, 0) for state in states)

    @classmethod
    def of(cls, bulk: Bulk, sends: Iterable[BulkSend]) -> BulkProgress:
        kept = tuple(sends)
        return cls(bulk=bulk, counts=Counter(each.state for each in kept), sends=kept)


def words_for(recipient: BulkRecipient, variables: Mapping[str, str]) -> dict[str, str]:
    """What the placeholders of a text stand for. A recipient's own name wins over a variable `name`."""
    own = {"phone": recipient.to}
    if recipient.name:
        own["name"] = recipient.name
    return {**variables, **own}


def text_for(message: str, recipient: BulkRecipient, variables: Mapping[str, str]) -> str:
    """The words that one recipient gets. What is put in is not looked through for placeholders again."""
    if recipient.custom_message:
        return recipient.custom_message
    words = words_for(recipient, variables)
    return _PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), message)


class Lengths:
    """How long a text becomes, without making it: a short one may stand for more than there is memory."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._uses = Counter(_PLACEHOLDER.findall(message))

    def of(self, recipient: BulkRecipient, variables: Mapping[str, str]) -> int:
        """Characters that this recipient gets."""
        if recipient.custom_message:
            return len(recipient.custom_message)
        words = words_for(recipient, variables)
        return len(self._message) + sum(
            self._uses[name] * (len(word) - len(name) - 2) for name, word in words.items() if name in self._uses
        )
