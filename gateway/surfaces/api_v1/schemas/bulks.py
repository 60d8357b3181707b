"""Wire format of bulks. Moments are milliseconds since 1970, as this surface's clients know them from here."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.bulks import (
    MOST_RECIPIENTS,
    BulkOrder,
    BulkProgress,
    BulkRecipient,
    BulkSend,
    BulkState,
    FailureStrategy,
    SendState,
)
from gateway.domain.errors import InvalidInput

MOST_VARIABLES = 100
LONGEST_DELAY = 3_600_000
MOST_ATTEMPTS = 10
_LONGEST_ADDRESS = 255
_RECIPIENTS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": MOST_RECIPIENTS,
    "items": {
        "type": "object",
        "required": ["to"],
        "properties": {
            "to": {"type": "string", "minLength": 1, "maxLength": _LONGEST_ADDRESS},
            "name": {"type": "string", "maxLength": 255, "description": "What `{name}` stands for."},
            "customMessage": {"type": "string", "description": "Goes out instead of `message`, as it is written."},
        },
    },
}


class BulkBody(Struct, frozen=True, rename="camel"):
    """A text for many. In `message`, `{phone}`, `{name}` and the names in `templateVariables` are replaced."""

    recipients: Annotated[Any, Meta(description="1 to 100 of them, in order.", extra_json_schema=_RECIPIENTS)] = None
    message: Annotated[Any, Meta(extra_json_schema={"type": "string", "minLength": 1})] = None
    delay_between_messages: Annotated[float, Meta(ge=0, le=LONGEST_DELAY)] | None = None
    """Milliseconds from the end of one send to the beginning of the next; 1000 when left out."""
    template_variables: Annotated[dict[str, str | int | float], Meta(max_length=MOST_VARIABLES)] | None = None
    failure_strategy: FailureStrategy | None = None
    """`abort` sends to nobody else once somebody was not reached."""
    retry_attempts: Annotated[int, Meta(ge=0, le=MOST_ATTEMPTS)] | None = None
    """Tries for each altogether; only what surely did not leave is tried again."""

    def to_order(self) -> BulkOrder:
        """What is asked for. Raises InvalidInput naming the part."""
        if not isinstance(self.recipients, list) or not self.recipients:
            raise InvalidInput("Recipients array is required and must not be empty", field="recipients")
        if not isinstance(self.message, str) or not self.message:
            raise InvalidInput("Message is required and must be a string", field="message")
        if len(self.recipients) > MOST_RECIPIENTS:
            raise InvalidInput(f"Maximum {MOST_RECIPIENTS} recipients allowed per bulk message", field="recipients")
        return BulkOrder(
            recipients=tuple(_recipient(place, each) for place, each in enumerate(self.recipients)),
            message=self.message,
            variables={name: str(value) for name, value in (self.template_variables or {}).items()},
            delay_ms=1000 if self.delay_between_messages is None else round(self.delay_between_messages),
            strategy=self.failure_strategy or FailureStrategy.CONTINUE,
            attempts=max(1, self.retry_attempts or 1),
        )


def _recipient(place: int, given: Any) -> BulkRecipient:
    where = f"recipients[{place}]"
    to = given.get("to") if isinstance(given, dict) else None
    if not isinstance(to, str) or not to.strip() or len(to) > _LONGEST_ADDRESS:
        raise InvalidInput('Each recipient must have a valid "to" field', field=f"{where}.to")
    name, custom = given.get("name"), given.get("customMessage")
    if name is not None and not (isinstance(name, str) and len(name) <= 255):
        raise InvalidInput(f"{where}.name must be a string of at most 255 characters", field=f"{where}.name")
    if custom is not None and not isinstance(custom, str):
        raise InvalidInput(f"{where}.customMessage must be a string", field=f"{where}.customMessage")
    return BulkRecipient(to=to.strip(), name=name or "", custom_message=custom or None)


class BulkResult(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of one recipient. `unknown`: it may have been sent, and is not repeated; it counts as a failure."""

    recipient: str
    success: bool
    status: SendState
    attempts: int
    timestamp: int | None
    message_id: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, send: BulkSend) -> "BulkResult":
        return cls(
            recipient=send.recipient.to,
            success=send.state is SendState.SENT,
            status=send.state,
            attempts=send.attempts,
            timestamp=_milliseconds(send.at),
            message_id=send.message_id,
            error=send.error,
        )


_RENAMED = {
    "total_recipients": "totalRecipients",
    "success_count": "successCount",
    "failure_count": "failureCount",
    "pending_count": "pendingCount",
    "skipped_count": "skippedCount",
    "start_time": "startTime",
    "end_time": "endTime",
    "total_duration": "totalDuration",
}


class BulkSummary(Struct, frozen=True, kw_only=True, rename=_RENAMED):
    """How far a bulk is. `success` says that nobody has failed, as far as it is."""

    success: bool
    bulk_id: str
    status: BulkState
    status_url: str
    total_recipients: int
    success_count: int
    failure_count: int
    pending_count: int
    skipped_count: int
    """Who got nothing because it was aborted or cancelled."""
    start_time: int | None
    end_time: int | None
    total_duration: int | None

    @classmethod
    def of(cls, progress: BulkProgress, status_url: str) -> "BulkSummary":
        return cls(**_summed(progress, status_url))


class BulkReply(BulkSummary, frozen=True, kw_only=True, rename=_RENAMED):
    """The same with those who had their turn, in order."""

    results: list[BulkResult]

    @classmethod
    def of(cls, progress: BulkProgress, status_url: str) -> "BulkReply":
        had_their_turn = [
            BulkResult.of(each)
            for each in progress.sends
            if each.state in {SendState.SENT, SendState.FAILED, SendState.UNKNOWN}
        ]
        return cls(**_summed(progress, status_url), results=had_their_turn)


class BulkAccepted(Struct, frozen=True, rename={"total_recipients": "totalRecipients"}):
    """It is kept and being sent: ask `status_url`."""

    success: bool
    bulk_id: str
    status: BulkState
    status_url: str
    total_recipients: int


class BulkList(Struct, frozen=True):
    """Bulks of one instance, newest first; `total` counts all of them."""

    success: bool
    data: list[BulkSummary]
    count: int
    total: int
    limit: int
    offset: int


def _summed(progress: BulkProgress, status_url: str) -> dict[str, Any]:
    bulk, failed = progress.bulk, progress.count(SendState.FAILED, SendState.UNKNOWN)
    return {
        "success": failed == 0,
        "bulk_id": bulk.id,
        "status": bulk.state,
        "status_url": status_url,
        "total_recipients": bulk.total,
        "success_count": progress.count(SendState.SENT),
        "failure_count": failed,
        "pending_count": progress.count(SendState.WAITING, SendState.SENDING),
        "skipped_count": progress.count(SendState.SKIPPED),
        "start_time": _milliseconds(bulk.started_at),
        "end_time": _milliseconds(bulk.finished_at),
        "total_duration": _between(bulk.started_at or bulk.created_at, bulk.finished_at),
    }


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _between(began: datetime, ended: datetime | None) -> int | None:
    return None if ended is None else round((ended - began).total_seconds() * 1000)
