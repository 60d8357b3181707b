"""Calls read Go's maps side by side; a writer is alone with them, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.providers.whatsapp.gate import Gate

PATIENCE = 30.0


class Refused(Exception):
    pass


class Maps:
    """A shared dict that notices when it is read while it is changed, as Go would, but lives on."""

    def __init__(self) -> None:
        self.entries = {number: number for number in range(50)}
        self.reading = 0
        self.changing = 0
        self.overlaps = 0
        self._lock = threading.Lock()

    def look_up(self, breathe: threading.Event) -> int:
        with self._lock:
            self.reading += 1
            self.overlaps += self.changing > 0
        found = sum(self.entries.get(number, 0) for number in range(50))
        with self._lock:
            self.reading -= 1
        breathe.wait(0.002)  # the network, long after the look-up
        return found

    def change(self, number: int) -> None:
        with self._lock:
            self.changing += 1
            self.overlaps += self.reading > 0
        for place in range(300):
            self.entries[1_000 + place] = number
        for place in range(300):
            self.entries.pop(1_000 + place, None)
        with self._lock:
            self.changing -= 1


def storm(look_up: Callable[[threading.Event], int], change: Callable[[int], None]) -> None:
    """Sixteen callers that never rest, until two writers at once have had their turns."""
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            look_up(over)

    def write() -> None:
        for number in range(4):
            change(number)

    with ThreadPoolExecutor(18) as threads:
        callers = [threads.submit(call) for _ in range(16)]
        writers = [threads.submit(write) for _ in range(2)]
        try:
            for work in writers:
                work.result(PATIENCE)
        finally:
            over.set()
        for work in callers:
            work.result(PATIENCE)


def always() -> bool:
    return True


def test_no_write_ever_meets_a_look_up() -> None:
    maps = Maps()
    gate = Gate(lookup=0.2)  # what takes Go a microsecond takes Python, and a busy machine, much longer

    def change(number: int) -> None:
        with gate.writing():
            maps.change(number)

    storm(gate.run(always, Refused, maps.look_up), change)
    assert maps.overlaps == 0


def test_without_the_gate_a_look_up_and_a_write_are_seen_to_collide() -> None:
    maps = Maps()
    both = threading.Barrier(2)

    def look_up() -> None:
        with maps._lock:
            maps.reading += 1
        both.wait(PATIENCE)
        both.wait(PATIENCE)

    reader = threading.Thread(target=look_up)
    reader.start()
    both.wait(PATIENCE)
    maps.change(1)
    both.wait(PATIENCE)
    reader.join(PATIENCE)
    assert maps.overlaps == 1


def test_a_writer_lets_a_call_get_past_its_look_up_and_does_not_wait_for_its_end() -> None:
    gate = Gate()
    inside, leave = threading.Event(), threading.Event()

    def call() -> bool:
        inside.set()
        return leave.wait(PATIENCE)

    with ThreadPoolExecutor(2) as threads:
        calling = threads.submit(gate.run(always, Refused, call))
        assert inside.wait(PATIENCE)
        threads.submit(gate.begin_writing).result(PATIENCE)
        assert not calling.done()
        gate.end_writing()
        leave.set()
        assert calling.result(PATIENCE)


def test_calls_that_come_during_a_write_wait_for_its_end() -> None:
    gate = Gate()
    entered: list[int] = []
    with ThreadPoolExecutor(8) as threads:
        gate.begin_writing()
        calls = [threads.submit(gate.run(always, Refused, entered.append), number) for number in range(8)]
        assert entered == []
        gate.end_writing()
        for call in calls:
            call.result(PATIENCE)
    assert sorted(entered) == list(range(8))


def test_a_refused_call_never_enters_and_leaves_nothing_behind() -> None:
    gate = Gate()
    entered: list[int] = []
    refused = gate.run(lambda: False, Refused, entered.append)
    with pytest.raises(Refused):
        refused(1)
    with gate.writing():
        pass
    assert entered == []


def test_a_call_that_waited_out_a_write_is_asked_about_only_then() -> None:
    gate = Gate()
    live = [True]
    with ThreadPoolExecutor(1) as threads:
        gate.begin_writing()
        waiting: Future[int] = threads.submit(gate.run(lambda: live[0], Refused, lambda: 1))
        live[0] = False
        gate.end_writing()
        with pytest.raises(Refused):
            waiting.result(PATIENCE)


def test_a_call_that_fails_does_not_keep_writers_out() -> None:
    gate = Gate()

    def breaks() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gate.run(always, Refused, breaks)()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(gate.begin_writing).result(PATIENCE)
    gate.end_writing()


def test_writers_come_one_after_the_other() -> None:
    gate = Gate()
    alone: list[bool] = []
    writing = threading.Lock()

    def write() -> None:
        with gate.writing():
            alone.append(writing.acquire(blocking=False))
            writing.release()

    with ThreadPoolExecutor(8) as threads:
        for work in [threads.submit(write) for _ in range(40)]:
            work.result(PATIENCE)
    assert alone == [True] * 40


def test_ending_a_write_that_nobody_began_does_nothing() -> None:
    gate = Gate()
    gate.end_writing()
    assert gate.run(always, Refused, lambda: 7)() == 7
