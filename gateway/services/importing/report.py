"""What an import did: counts, and every row that was left out or changed, by table and id."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import datetime
from typing import Final

from gateway.domain.tenants import User
from gateway.services.importing.row import OldRow, printable

USERS, COMPANIES, INSTANCES, WEBHOOKS = "users", "companies", "instances", "webhooks"
CONTACTS, MESSAGES, USAGE = "contacts", "messages", "usage"
"""The nouns that imports count."""

MOST_REMARKS: Final = 1000
"""Kept by name; the rest is counted."""


class Report:
    """Filled while the import runs."""

    def __init__(self) -> None:
        self.new: Tally[str] = Tally()
        self.known: Tally[str] = Tally()
        """What was here already, or is there twice."""
        self.skipped: Tally[str] = Tally()
        self.remarks: list[str] = []
        self.unnamed = 0
        """How many remarks more there are."""
        self.without_password: list[User] = []
        """Who is new here, and cannot log in until a password is set."""
        self.left: dict[str, int] = {}
        """Rows of what no import takes over."""
        self.oldest: datetime | None = None
        """When the oldest of the new messages was stored there."""
        self._orphans: Tally[tuple[str, str]] = Tally()

    def skip(self, noun: str, row: OldRow, why: str) -> None:
        """A row is left out."""
        self.skipped[noun] += 1
        self._remark(f"{noun} {row.label}: left out. {why}")

    def orphan(self, noun: str, instance_id: str) -> None:
        """A row is left out because its instance is not here; told once an instance, because there may be many."""
        self.skipped[noun] += 1
        self._orphans[noun, printable(instance_id)] += 1

    def note(self, noun: str, row: OldRow, what: str) -> None:
        """A row is taken, but not as it was."""
        self._remark(f"{noun} {row.label}: {what}")

    def lines(self) -> list[str]:
        """Every remark, one a line."""
        orphans = [
            f"{noun}: {count} left out, because their instance {instance_id or 'NULL'} was not imported."
            for (noun, instance_id), count in sorted(self._orphans.items())[:MOST_REMARKS]
        ]
        more = [f"... and {self.unnamed} more."] if self.unnamed else []
        return self.remarks + more + orphans

    def _remark(self, line: str) -> None:
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(line)
        else:
            self.unnamed += 1
