"""Every row of the WhatsApp Multi-Instance API is asked by a recorded exchange, for each status its clients may meet.

The exchanges themselves are replayed against running processes on both databases, by `test_recorded_exchanges.py` and
`test_over_whatsapp.py`; here nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.contract.api.rows import PERIODS, ROUTES, RULES
from tests.contract.api.test_over_whatsapp import REFUSING
from tests.contract.exchanges import Step, read, stories
from tests.proofs import is_there

FOLDER = Path(__file__).parent
ALL_STORIES = [*stories(FOLDER), *(f"whatsapp/{path.stem}" for path in sorted((FOLDER / "whatsapp").glob("*.json")))]


def steps() -> Iterator[Step]:
    """Every recorded request."""
    for name in ALL_STORIES:
        yield from (step for step in read(FOLDER, name).steps if step.request)


def matches(route: str, request: str) -> bool:
    """Whether a recorded request is one of a route."""
    template = re.escape(route).replace(re.escape("{}"), "[^/]+").replace(re.escape("{c}"), "[^/]+")
    return re.fullmatch(template, request.partition("?")[0]) is not None


@pytest.mark.parametrize("route", ROUTES)
def test_a_row_is_recorded_with_every_status(route: str) -> None:
    found = {step.status for step in steps() if matches(route, step.request)}
    assert ROUTES[route] - found == set(), f"{route} is never recorded with these"


def test_every_route_of_one_instance_is_asked_by_those_who_may_not() -> None:
    asked = {re.sub(r"/1(?=/|$)", "/{c}", each) for each in REFUSING}
    of_one = {route for route in ROUTES if "{}" in route}
    later = {
        "POST /api/instances/{}/send-file",
        "GET /api/instances/{}/chats/{c}/history",
        "POST /api/whatsapp/{}/contacts/add",
    }
    assert of_one - later <= asked


@pytest.mark.parametrize("path", PERIODS)
def test_every_period_is_recorded(path: str) -> None:
    queries = [step.request.partition("?")[2] for step in steps() if matches(f"GET {path}", step.request)]
    assert {parse_qs(query).get("period", [None])[0] for query in queries} >= set(PERIODS[path])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_proofs(rule: str) -> None:
    assert RULES[rule]
    assert [proof for proof in RULES[rule] if not is_there(proof)] == []


def test_a_request_is_of_one_route_only() -> None:
    assert matches("GET /api/instances/{}", "GET /api/instances/{instance}?x=1")
    assert not matches("GET /api/instances/{}", "GET /api/instances/{instance}/status")
    assert not matches("GET /api/instances/{}", "GET /api/instances")
