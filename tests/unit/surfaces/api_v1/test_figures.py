"""Figures as people read them, and ports that nobody needs."""

from __future__ import annotations

import pytest

from gateway.domain.errors import InvalidInput
from gateway.kit.logbook import Logbook
from gateway.services.logs import LogLevel, Logs
from gateway.services.principals import OPERATOR
from gateway.services.stress import StressPlan
from gateway.surfaces.api_v1.schemas.caches import StressBody
from gateway.surfaces.api_v1.schemas.logs import LogLine
from gateway.surfaces.api_v1.schemas.ports import PortCounts, PortsReply
from gateway.surfaces.api_v1.schemas.resources import megabytes, percent, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 minutes"),
        (59.9, "0 minutes"),
        (3599, "59 minutes"),
        (5 * 3600 + 12 * 60, "5 hours, 12 minutes"),
        (8 * 86400 + 13 * 3600 + 59, "8 days, 13 hours"),
        (86400, "1 days, 0 hours"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_shares_and_sizes_are_texts() -> None:
    assert (percent(12.34), percent(0), megabytes(47 * 1024**2), megabytes(0)) == ("12.3%", "0.0%", "47MB", "0MB")


@pytest.mark.parametrize(("own", "total", "first"), [(3000, 5000, 3001), (3001, 4999, 3002), (7999, 4999, 3001)])
def test_the_gateways_own_port_is_the_one_that_is_used(own: int, total: int, first: int) -> None:
    ports = PortsReply.of(own)
    assert (ports.used, ports.used_ports, ports.total_ports) == ([own], 1, total)
    assert ports.used_ports + ports.available_ports + ports.reserved_ports == ports.total_ports
    assert (ports.available[0], own in ports.available, ports.in_words) == (first, False, "3001-7999")
    assert PortCounts.of(own).port_range == ports.port_range


def test_a_stress_test_is_asked_for_in_two_spellings() -> None:
    assert StressBody().to_plan() == StressPlan(concurrent=10, seconds=30.0, waves=None)
    assert StressBody(concurrent_requests=5, duration=6000).to_plan() == StressPlan(concurrent=5, seconds=6.0)
    assert StressBody(concurrent=5, iterations=3).to_plan() == StressPlan(concurrent=5, waves=3)
    assert StressBody(concurrent=5, concurrent_requests=5).to_plan().concurrent == 5
    with pytest.raises(InvalidInput):
        StressBody(concurrent=5, concurrent_requests=6).to_plan()


def test_a_line_of_the_log_is_its_event_and_its_fields() -> None:
    book = Logbook()
    book.keep(
        "warning", '{"event":"slow","retry_in":2.5,"reason":"gone","level":"warning","time":"2026-01-01T00:00:00.5Z"}'
    )
    book.keep("critical", '{"event":"down"}')
    book.keep("trace", '{"event":"odd"}')
    page = Logs(book).last(OPERATOR, 10)
    first, second, third = [LogLine.of(each) for each in page.entries]
    assert (first.timestamp, first.level) == ("2026-01-01T00:00:00.500Z", LogLevel.WARN)
    assert first.message == "slow retry_in=2.5 reason=gone"
    assert (second.level, second.message, second.timestamp) == (LogLevel.ERROR, "down", "")
    assert third.level is LogLevel.INFO
    only = Logs(book).last(OPERATOR, 10, LogLevel.ERROR)
    assert (len(only.entries), only.total) == (1, 1)
    assert Logs(book).by_level(OPERATOR, 2) == {LogLevel.ERROR: 1, LogLevel.INFO: 1}
