"""Cron lines as everybody writes them, for APScheduler: it counts weekdays from Monday, cron from Sunday."""

from __future__ import annotations

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def cron_trigger(line: str) -> CronTrigger:
    """The trigger for a five-field cron line, in UTC. Weekdays are 0 or 7 for Sunday, or names."""
    minute, hour, day, month, weekday = line.split()
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekday_names(weekday), timezone="UTC"
    )


def weekday_names(field: str) -> str:
    """The weekday field with names for numbers: `1-5` becomes `mon,tue,wed,thu,fri`."""
    if not any(sign.isdigit() for sign in field):
        return field
    names: list[str] = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = 0, 6
        else:
            ends = [_number(end) for end in span.split("-")]
            first, last = ends[0], ends[-1]
        if last < first:
            last += 7  # `fri-mon` goes over the end of the week
        names += [_DAYS[number % 7] for number in range(first, last + 1, int(step or 1))]
    return ",".join(dict.fromkeys(names))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _DAYS.index(text.lower())
