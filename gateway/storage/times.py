"""Milliseconds since 1970 and aware UTC datetimes, one way and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970; exact, unlike a float timestamp."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(value: int) -> datetime:
    """An aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=value)


def maybe_from_ms(value: int | None) -> datetime | None:
    """The same, keeping None."""
    return None if value is None else from_ms(value)
