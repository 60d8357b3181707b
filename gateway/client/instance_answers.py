"""What the routes of one instance under `/api/v1` answer."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class SentMessage(Struct, frozen=True, rename="camel"):
    """The network has taken it."""

    message_id: str


class BulkResult(Struct, frozen=True, rename="camel", kw_only=True):
    """What became of one recipient."""

    recipient: str
    success: bool
    message_id: str | None = None
    error: str | None = None
    attempts: int = 0


class BulkReport(Struct, frozen=True, kw_only=True):
    """What became of a whole list."""

    success: bool
    """Whether it reached everybody."""
    bulk_id: str
    status: str
    """processing, completed, aborted, cancelling or cancelled."""
    total_recipients: int = field(name="totalRecipients")
    success_count: int = field(name="successCount")
    failure_count: int = field(name="failureCount")
    results: list[BulkResult]


class BulkStarted(Struct, frozen=True):
    """A list that is being worked through in the background."""

    bulk_id: str
    status: str


class InstanceStatus(Struct, frozen=True, kw_only=True):
    """How an instance is doing."""

    provider: str
    status: str
    """connected, disconnected or error."""
    state: str
    info: dict[str, Any] | None = None


class ContactItem(Struct, frozen=True):
    """Somebody the instance knows."""

    name: str
    number: str
