"""Every row of the Instance Manager's routes is asked by a recorded exchange, for each status its clients may meet.

The exchanges themselves are replayed against running processes on both databases, by `test_recorded_exchanges.py` and
`test_over_whatsapp.py`; here nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.contract.api_v1.rows import BEFORE, ROUTES
from tests.contract.exchanges import Step, read, stories

FOLDER = Path(__file__).parent


def steps() -> Iterator[Step]:
    """Every recorded request."""
    linked = [f"whatsapp/{path.stem}" for path in sorted((FOLDER / "whatsapp").glob("*.json"))]
    for name in [*stories(FOLDER), *linked]:
        yield from (step for step in read(FOLDER, name).steps if step.request)


@cache
def recorded() -> tuple[tuple[str, int], ...]:
    """Method and path of each, with its status."""
    return tuple((step.request.partition("?")[0], step.status) for step in steps())


def matches(route: str, request: str) -> bool:
    """Whether a recorded request is one of a route."""
    template = re.escape(route.rstrip("/")).replace(re.escape("{}"), "[^/]+")
    return re.fullmatch(template, request.rstrip("/")) is not None


@pytest.mark.parametrize("route", [*ROUTES, *BEFORE])
def test_a_row_is_recorded_with_every_status(route: str) -> None:
    found = {status for request, status in recorded() if matches(route, request)}
    assert found, f"{route} is never recorded"
    assert ROUTES.get(route, frozenset()) - found == set(), f"{route} is never recorded with these"


def test_no_row_of_the_union_is_missing() -> None:
    assert len(ROUTES) == 120
    assert not matches("GET /api/v1/groups/{}", "GET /api/v1/groups/{group}/messages")
    assert matches("GET /api/v1/", "GET /api/v1")
