"""Stored messages of several chats or instances at once: which of them, and how many."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import ProviderName
from gateway.domain.usage import Calendar


class MessageChoice(Struct, frozen=True, kw_only=True):
    """Which messages, of those within reach; None is no restriction."""

    instance_id: InstanceId | None = None
    label: str | None = None
    """Only of instances with this label."""
    provider: ProviderName | None = None
    chats: frozenset[Address] | None = None
    is_group: bool | None = None


class Periods(Struct, frozen=True):
    """When the present day, week and month began."""

    today: datetime
    week: datetime
    month: datetime

    @classmethod
    def at(cls, now: datetime, calendar: Calendar) -> Periods:
        """Those of a moment. A week begins on Monday, and every day at midnight of the calendar's zone."""
        today = calendar.day_of(now)
        monday = today - timedelta(days=today.weekday())
        return cls(*(calendar.midnight(day) for day in (today, monday, today.replace(day=1))))


class MessageCounts(Struct, frozen=True, kw_only=True):
    """How many messages there are. Everything that is not said in a group counts as private."""

    total: int
    text: int
    media: int
    group: int
    today: int
    this_week: int
    this_month: int

    @property
    def private(self) -> int:
        """How many were not said in a group."""
        return self.total - self.group
