"""Small things every surface relies on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import errors
from gateway.surfaces import http


class Body(msgspec.Struct):
    name: str
    counts: list[int] = []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123Z", datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00 02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),  # an unencoded "+" in a query
        (" 2026-01-31 ", datetime(2026, 1, 31, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_read_as_utc(text: str | None, expected: datetime | None) -> None:
    assert http.moment_of(text, "from") == expected
    assert http.day_of(text, "from") == (expected.date() if expected else None)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "0001-01-01T00:00:00+14:00", "٢٠٢٦-٠١-٠١", "\x00", "12"])
def test_what_is_no_moment_names_its_field(text: str) -> None:
    with pytest.raises(errors.InvalidInput, match="since") as refusal:
        http.moment_of(text, "since")
    assert refusal.value.field == "since"


@given(text=st.text(max_size=40))
def test_no_text_crashes_the_reader_of_moments(text: str) -> None:
    try:
        moment = http.moment_of(text, "since")
    except errors.InvalidInput:
        return
    assert moment is None or moment.tzinfo is UTC


def test_moments_are_written_as_javascript_does() -> None:
    moment = datetime(2026, 1, 31, 14, 0, 0, 5999, tzinfo=timezone(timedelta(hours=2)))
    assert http.iso(moment) == "2026-01-31T12:00:00.005Z"
    assert http.maybe_iso(None) is None


def test_pages_are_capped_and_negative_ones_refused() -> None:
    assert http.page_of(None, None) == (50, 0)
    assert http.page_of(10_000, 7) == (500, 7)
    for limit, skip, field in ((0, 0, "limit"), (-1, 0, "limit"), (1, -1, "skip"), (1, 2**31, "skip")):
        with pytest.raises(errors.InvalidInput) as refusal:
            http.page_of(limit, skip)
        assert refusal.value.field == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": 1}', "name"),
        (b'{"name": "x", "counts": [1, "2"]}', "counts[1]"),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
        (b"\xff", None),
        (b'{"name": "x", "more": ' + b"[" * 100_000, None),
    ],
)
def test_bodies_are_read_strictly(body: bytes, field: str | None) -> None:
    with pytest.raises(errors.InvalidInput) as refusal:
        http.decode(body, Body)
    assert refusal.value.field == field
    assert "$" not in refusal.value.sentence


def test_every_refusal_has_a_status() -> None:
    expected = {
        errors.InvalidInput("x"): 400,
        errors.Unsupported("x"): 400,
        errors.Unauthenticated(): 401,
        errors.Forbidden("x"): 403,
        errors.NotFound("x"): 404,
        errors.NotYours("x"): 404,
        errors.Conflict("x"): 409,
        errors.AlreadyExists("x"): 409,
        errors.TooLarge("x"): 413,
        errors.TooManyRequests("x", retry_after=1): 429,
        errors.NotConnected("i"): 503,
        errors.NetworkRefused("x"): 502,
        errors.NetworkUnreachable("x"): 504,
        errors.StorageFull("x"): 503,
        errors.GatewayError("x"): 500,
    }
    for refusal, status in expected.items():
        assert http.status_of(refusal) == status


def test_a_wait_is_told_in_whole_seconds_rounded_up() -> None:
    assert http.headers_of(errors.TooManyRequests("x", retry_after=0.01)) == {"Retry-After": "1"}
    assert http.headers_of(errors.Unavailable("x", retry_after=2.1)) == {"Retry-After": "3"}
    assert http.headers_of(errors.NotFound("x")) == {}


async def test_the_edge_adds_what_is_missing_and_leaves_what_a_page_has_set() -> None:
    sent: list[Any] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        own = [(b"Content-Security-Policy", b"default-src 'self'"), (b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": own})

    async def keep(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        raise AssertionError("the edge reads no body")

    scope: Any = {"type": "http", "headers": []}
    await http.edge(page, https=True)(scope, nothing, keep)
    headers = [(name.lower(), value) for name, value in sent[0]["headers"]]
    assert len(headers) == len(dict(headers)), "no header twice"
    found = dict(headers)
    assert found[b"content-security-policy"] == b"default-src 'self'"
    assert found[b"cache-control"] == b"max-age=60"
    assert found[b"x-content-type-options"] == b"nosniff"
    assert found[b"strict-transport-security"].startswith(b"max-age=")
    assert found[b"x-request-id"].decode() == http.request_id(scope)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ([(b"content-type", b"application/json")], b"application/json; charset=utf-8"),
        ([(b"content-type", b"text/plain")], b"text/plain"),
        ([(b"content-type", b"application/json"), (b"content-disposition", b"attachment")], b"application/json"),
    ],
    ids=["our own", "another type", "a file of somebody's"],
)
async def test_the_edge_says_that_json_of_our_own_is_utf_8(given: list[tuple[bytes, bytes]], shown: bytes) -> None:
    sent: list[Any] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": given})

    async def keep(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        raise AssertionError("the edge reads no body")

    scope: Any = {"type": "http", "headers": []}
    await http.edge(page)(scope, nothing, keep)
    assert [value for name, value in sent[0]["headers"] if name == b"content-type"] == [shown]


async def test_the_edge_leaves_other_protocols_alone() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    await http.edge(app)({"type": "lifespan"}, "receive", "send")  # type: ignore[arg-type]  # only passed through
    assert seen == [({"type": "lifespan"}, "receive", "send")]
