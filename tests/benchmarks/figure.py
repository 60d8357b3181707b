"""One measured figure beside what it is compared with and what is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

from msgspec import Struct


class AtLeast(Struct, frozen=True, tag="at_least"):
    """Ours, or with `ratio` its share of bare, should not be lower."""

    value: float
    ratio: bool = False


class AtMost(Struct, frozen=True, tag="at_most"):
    """Ours should not be higher."""

    value: float


class Figure(Struct, frozen=True, kw_only=True):
    """What was measured. `bare` is the same work without us, in the same unit and the same run."""

    name: str
    database: str
    unit: str
    ours: float
    bare: float | None = None
    expected: AtLeast | AtMost | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a share of bare."""
        return None if self.bare is None else self.ours / self.bare

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or nothing where nothing was promised."""
        if self.expected is None:
            return ""
        return "ok" if self._is_good(self.expected) else "short"

    def _is_good(self, expected: AtLeast | AtMost) -> bool:
        if isinstance(expected, AtMost):
            return self.ours <= expected.value
        if expected.ratio:
            return self.ratio is not None and self.ratio >= expected.value
        return self.ours >= expected.value

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        bare = "" if self.bare is None else _number(self.bare)
        return (self.name, self.database, self.unit, bare, _number(self.ours), ratio, self._expectation, self.verdict)

    @property
    def _expectation(self) -> str:
        match self.expected:
            case None:
                return ""
            case AtMost(value):
                return f"ours ≤ {_number(value)}"
            case AtLeast(value, ratio=True):
                return f"ratio ≥ {value:.2f}"
            case AtLeast(value):
                return f"ours ≥ {_number(value)}"


HEADINGS = ("figure", "database", "unit", "bare", "ours", "ratio", "expected", "")


def table(figures: Sequence[Figure]) -> str:
    """All figures in columns, numbers to the right."""
    rows = [HEADINGS, *(each.row() for each in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    numbers = (3, 4, 5)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of the values do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
