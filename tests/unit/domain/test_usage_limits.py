"""What counts within a window, what passes a limit, and when it frees again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.ids import InstanceId
from gateway.domain.usage import UTC_DAYS, Calendar, Counters, UsageDay
from gateway.domain.usage_limits import Exceeded, UsageLimits, exceeded_by, frees_at, used_within

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


def day(number: int, sent: int) -> UsageDay:
    return UsageDay(instance_id=InstanceId("i"), day=date(2026, 3, number), counters=Counters(messages_sent=sent))


DAYS = [day(7, 50), day(8, 30), day(9, 20), day(10, 5)]


@pytest.mark.parametrize(
    ("hours", "sent"), [(1, 0), (15, 0), (16, 5), (24, 5), (40, 25), (48, 25), (72, 55), (200, 105)]
)
def test_a_window_holds_the_days_that_began_within_it(hours: int, sent: int) -> None:
    assert used_within(UsageLimits(window_hours=hours), DAYS, NOW, UTC_DAYS).messages_sent == sent


def test_a_limit_is_passed_by_more_than_it_and_none_and_nought_are_no_limit() -> None:
    used = Counters(messages_sent=10, messages_received=10, media_sent=1)
    limits = UsageLimits(max_messages_sent=10, max_messages_received=9, max_media_sent=0, max_media_received=None)
    assert exceeded_by(limits, used) == (Exceeded(limit="max_messages_received", most=9, used=10),)
    assert exceeded_by(limits, used + Counters(messages_sent=1))[0].limit == "max_messages_sent"
    assert UsageLimits(max_messages_sent=0).is_empty
    assert not UsageLimits(max_webhook_calls=1).is_empty


@pytest.mark.parametrize(
    ("most", "frees"),
    [
        (104, datetime(2026, 3, 10, 0, 0, tzinfo=UTC)),  # the oldest day, of the 7th, leaves after its 72 hours
        (60, datetime(2026, 3, 10, 0, 0, tzinfo=UTC)),
        (50, datetime(2026, 3, 11, 0, 0, tzinfo=UTC)),
        (20, datetime(2026, 3, 12, 0, 0, tzinfo=UTC)),
        (3, datetime(2026, 3, 13, 0, 0, tzinfo=UTC)),
    ],
)
def test_it_frees_when_enough_days_have_left_the_window(most: int, frees: datetime) -> None:
    limits = UsageLimits(max_messages_sent=most, window_hours=72)
    early = datetime(2026, 3, 9, 23, 0, tzinfo=UTC)  # all four days count but the 10th is a little ahead
    used = used_within(limits, DAYS, early, UTC_DAYS)
    assert used.messages_sent == 105
    assert frees_at(limits, DAYS, exceeded_by(limits, used), early, UTC_DAYS) == frees


def test_days_of_another_zone_begin_and_end_with_it() -> None:
    kolkata = Calendar(ZoneInfo("Asia/Kolkata"))  # five and a half hours ahead
    assert kolkata.day_of(datetime(2026, 3, 9, 18, 29, tzinfo=UTC)) == date(2026, 3, 9)
    assert kolkata.day_of(datetime(2026, 3, 9, 18, 30, tzinfo=UTC)) == date(2026, 3, 10)
    assert kolkata.midnight(date(2026, 3, 10)) == datetime(2026, 3, 9, 18, 30, tzinfo=UTC)
    berlin = Calendar(ZoneInfo("Europe/Berlin"))  # on the 29th of March 2026 a day there has 23 hours
    assert berlin.midnight(date(2026, 3, 30)) - berlin.midnight(date(2026, 3, 29)).astimezone(UTC) == timedelta(
        hours=23
    )

    limits = UsageLimits(max_messages_sent=4, window_hours=24)
    assert used_within(limits, DAYS, datetime(2026, 3, 10, 18, 30, tzinfo=UTC), kolkata).messages_sent == 5
    assert used_within(limits, DAYS, datetime(2026, 3, 10, 18, 31, tzinfo=UTC), kolkata).messages_sent == 0
    passed = exceeded_by(limits, Counters(messages_sent=5))
    assert frees_at(limits, DAYS, passed, NOW, kolkata) == datetime(2026, 3, 10, 18, 30, tzinfo=UTC)
