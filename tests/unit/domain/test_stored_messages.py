"""When the present day, week and month began."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.stored_messages import Periods
from gateway.domain.usage import Calendar

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("zone", "now", "today", "week", "month"),
    [
        # A Sunday's week began six days before it.
        ("UTC", "2026-03-01T23:59:59", "2026-03-01T00:00", "2026-02-23T00:00", "2026-03-01T00:00"),
        ("UTC", "2026-03-02T00:00:00", "2026-03-02T00:00", "2026-03-02T00:00", "2026-03-01T00:00"),
        # Over the turn of the year.
        ("UTC", "2026-01-01T12:00:00", "2026-01-01T00:00", "2025-12-29T00:00", "2026-01-01T00:00"),
        # It is Monday the first there already, and half a day behind on the other side.
        ("Pacific/Auckland", "2026-05-31T12:00:00", "2026-05-31T12:00", "2026-05-31T12:00", "2026-05-31T12:00"),
        ("Pacific/Pago_Pago", "2026-06-01T10:59:59", "2026-05-31T11:00", "2026-05-25T11:00", "2026-05-01T11:00"),
        # The clock went forward this Sunday morning: midnight was in winter time, tomorrow's is not.
        (BERLIN, "2026-03-29T12:00:00", "2026-03-28T23:00", "2026-03-22T23:00", "2026-02-28T23:00"),
        (BERLIN, "2026-03-29T22:00:00", "2026-03-29T22:00", "2026-03-29T22:00", "2026-02-28T23:00"),
    ],
)
def test_they_begin_at_midnight_of_the_zone(zone: str, now: str, today: str, week: str, month: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert Periods.at(at(now), Calendar(ZoneInfo(zone))) == Periods(at(today), at(week), at(month))
