"""Weekdays mean what cron means by them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.kit.cron import cron_trigger, weekday_names

SATURDAY = datetime(2026, 1, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "fri,sat,sun"),
        ("*/3", "sun,wed,sat"),
        ("1,3,mon", "mon,wed"),
        ("mon-fri", "mon-fri"),
        ("sat", "sat"),
    ],
)
def test_numbers_become_the_days_cron_means(field: str, names: str) -> None:
    assert weekday_names(field) == names


def test_zero_fires_on_sunday() -> None:
    fires = cron_trigger("30 4 * * 0").get_next_fire_time(None, SATURDAY)
    assert fires == datetime(2026, 1, 4, 4, 30, tzinfo=UTC)
