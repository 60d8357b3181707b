"""What a churn tells, apart from it because it imports neonize, which only its own process should."""

from __future__ import annotations

import os

import msgspec

SECONDS = float(os.environ.get("CHURN_SECONDS", "15"))


class Usage(msgspec.Struct, frozen=True):
    """What the process holds: threads of Python and of Go, open descriptors, resident bytes."""

    threads: int
    descriptors: int
    rss: int


class Report(msgspec.Struct, frozen=True):
    """What happened in so many seconds."""

    seconds: float
    sent: int
    failed: int
    opened: int
    closed: int
    refused: int
    """Openings that the network did not answer."""
    before: Usage
    after: Usage
