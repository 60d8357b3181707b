from __future__ import annotations

from gateway.webhooks.breaker import Breaker, BreakerState


def broken(failures: int = 10, at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker.failed(at)
    return breaker


def test_nine_failures_are_too_few_to_open() -> None:
    assert broken(9).room(0) is None


def test_ten_failures_open_it_for_half_a_minute() -> None:
    breaker = broken()
    assert breaker.room(0) == 0
    assert breaker.wait(0) == 30
    assert breaker.room(29.9) == 0
    assert breaker.room(30) == 1


def test_under_seventy_percent_of_failures_it_stays_closed() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.succeeded(0)
    for _ in range(9):
        breaker.failed(0)
    assert breaker.room(0) is None  # 9 of 13
    breaker.failed(0)
    assert breaker.room(0) == 0  # 10 of 14


def test_what_is_older_than_five_minutes_no_longer_counts() -> None:
    breaker = broken(9, at=0)
    breaker.failed(301)
    assert breaker.room(301) is None


def test_one_probe_at_a_time_and_its_success_closes() -> None:
    breaker = broken()
    assert breaker.room(30) == 1
    breaker.started()
    assert breaker.room(30) == 0
    assert breaker.wait(30) is None
    breaker.succeeded(31)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.room(31) is None


def test_a_failed_probe_doubles_the_pause_up_to_an_hour() -> None:
    breaker = broken()
    now, pauses = 0.0, []
    for _ in range(10):
        wait = breaker.wait(now)
        assert wait is not None
        pauses.append(wait)
        now += wait
        assert breaker.room(now) == 1
        breaker.started()
        breaker.failed(now)
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_success_after_reopening_starts_the_pauses_anew() -> None:
    breaker = broken()
    for now in (30, 90):
        assert breaker.room(now) == 1
        breaker.started()
        (breaker.failed if now == 30 else breaker.succeeded)(now)
    for _ in range(10):
        breaker.failed(100)
    assert breaker.wait(100) == 30


def test_results_of_tries_begun_before_the_opening_change_nothing() -> None:
    breaker = broken()
    breaker.failed(1)
    breaker.succeeded(2)
    assert breaker.wait(2) == 28


def test_a_person_may_ask_for_a_probe_at_once() -> None:
    breaker = broken()
    breaker.probe_now()
    assert breaker.room(0) == 1


def test_an_abandoned_probe_gives_its_place_back() -> None:
    breaker = broken()
    assert breaker.room(30) == 1
    breaker.started()
    breaker.abandoned()
    assert breaker.room(30) == 1


def test_its_memory_does_not_grow_with_traffic() -> None:
    breaker = Breaker()
    for tick in range(100_000):
        breaker.succeeded(tick / 100)
    assert len(breaker._slices) <= 31
