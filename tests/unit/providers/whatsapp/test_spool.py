"""What arrives is on disk before anybody is told, in order, and leaves when it is committed."""

from __future__ import annotations

import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.providers.whatsapp.spool import REWRITE_BYTES, Spool

PATIENCE = 30.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def a_spool(path: Path, *, max_records: int = 5_000) -> Spool:
    return Spool(path, on_arrival=_nobody, max_records=max_records)


def after_a_kill(path: Path) -> Iterator[Spool]:
    """What the next process finds: the file as it is right now."""
    copy = path.with_name(f"copy-{next(_copies)}")
    shutil.copyfile(path, copy)
    spool = a_spool(copy)
    yield spool
    spool.release()


def left_on_disk(path: Path) -> list[tuple[int, bytes]]:
    return next(held(spool) for spool in after_a_kill(path))


def held(spool: Spool) -> list[tuple[int, bytes]]:
    return [(each.code, each.payload) for each in spool.head(100_000)]


def test_events_come_out_in_the_order_they_came_in(path: Path) -> None:
    spool = a_spool(path)
    for number in range(5):
        spool.put(17, bytes([number]), keep=True)
    assert [each.payload for each in spool.head(3)] == [b"\0", b"\1", b"\2"]
    spool.done(2)
    assert [each.payload for each in spool.head(9)] == [b"\2", b"\3", b"\4"]
    assert len(spool) == 3
    spool.release()


def test_every_arrival_is_told(path: Path) -> None:
    told: list[int] = []
    spool = Spool(path, on_arrival=lambda: told.append(1))
    spool.put(17, b"a", keep=True)
    spool.put(20, b"b", keep=False)
    assert len(told) == 2
    spool.release()


def test_a_killed_process_leaves_what_was_not_done(path: Path) -> None:
    spool = a_spool(path)
    spool.put(17, b"kept", keep=True)
    spool.put(20, b"passing", keep=False)
    spool.put(18, b"", keep=True)
    assert left_on_disk(path) == [(17, b"kept"), (18, b"")]
    spool.done(3)
    assert path.stat().st_size == 0
    spool.release()


def test_the_next_process_says_how_much_was_left_and_goes_on_behind_it(path: Path) -> None:
    first = a_spool(path)
    first.put(17, b"a", keep=True)
    first.release()
    second = a_spool(path)
    assert second.left_over == 1
    second.put(17, b"b", keep=True)
    assert held(second) == [(17, b"a"), (17, b"b")]
    assert left_on_disk(path) == [(17, b"a"), (17, b"b")]
    second.release()


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_record_that_was_being_written_is_dropped_and_written_over(path: Path, cut: int) -> None:
    spool = a_spool(path)
    spool.put(17, b"whole", keep=True)
    spool.put(17, b"torn", keep=True)
    spool.release()
    path.write_bytes(path.read_bytes()[:-cut])
    after = a_spool(path)
    assert held(after) == [(17, b"whole")]
    after.put(17, b"next", keep=True)
    assert left_on_disk(path) == [(17, b"whole"), (17, b"next")]
    after.release()


def test_a_record_whose_bytes_changed_is_never_handed_out(path: Path) -> None:
    spool = a_spool(path)
    spool.put(17, b"whole", keep=True)
    spool.put(17, b"changed", keep=True)
    spool.release()
    path.write_bytes(path.read_bytes().replace(b"changed", b"chanGed"))
    after = a_spool(path)
    assert held(after) == [(17, b"whole")]
    after.put(17, b"next", keep=True)
    assert left_on_disk(path) == [(17, b"whole"), (17, b"next")]
    after.release()


def test_a_file_of_something_else_is_an_empty_queue(path: Path) -> None:
    path.write_bytes(b"\0" * 100)
    spool = a_spool(path)
    assert spool.left_over == 0
    spool.put(17, b"a", keep=True)
    assert left_on_disk(path) == [(17, b"a")]
    spool.release()


async def test_a_full_queue_holds_the_thread_that_brings_events_until_one_is_done(path: Path) -> None:
    spool = a_spool(path, max_records=2)
    spool.put(17, b"a", keep=True)
    spool.put(17, b"b", keep=True)
    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(spool.put, 17, b"c", keep=True)
        assert len(spool) == 2
        assert left_on_disk(path) == [(17, b"a"), (17, b"b")]
        spool.done(1)
        third.result(PATIENCE)
    assert held(spool) == [(17, b"b"), (17, b"c")]
    spool.release()


def test_many_events_through_a_small_queue_lose_nothing_and_never_overfill_it(path: Path) -> None:
    arrived = threading.Semaphore(0)
    spool = Spool(path, on_arrival=arrived.release, max_records=3)
    taken: list[bytes] = []

    def bring() -> None:
        for number in range(200):
            spool.put(17, str(number).encode(), keep=True)

    with ThreadPoolExecutor(1) as threads:
        bringing = threads.submit(bring)
        while len(taken) < 200:
            assert arrived.acquire(timeout=PATIENCE)
            assert len(spool) <= 3
            batch = spool.head(1)
            taken += [each.payload for each in batch]
            spool.done(len(batch))
        bringing.result(PATIENCE)
    assert taken == [str(n).encode() for n in range(200)]
    spool.release()


def test_closing_lets_the_waiting_thread_go_and_what_it_brought_is_on_disk(path: Path) -> None:
    spool = a_spool(path, max_records=1)
    spool.put(17, b"a", keep=True)
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(spool.put, 17, b"b", keep=True)
        spool.close()
        second.result(PATIENCE)
    spool.put(17, b"c", keep=True)
    assert len(spool) == 1
    spool.release()
    assert left_on_disk(path) == [(17, b"a"), (17, b"b"), (17, b"c")]


def test_after_the_file_is_given_back_nothing_is_written_into_whatever_has_its_number_now(path: Path) -> None:
    spool = a_spool(path)
    spool.close()
    spool.release()
    other = path.with_name("other")
    with other.open("wb"), pytest.raises(ValueError, match="closed"):
        spool.put(17, b"a", keep=True)
    assert other.read_bytes() == b""


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    spool = a_spool(path)
    big = bytes(REWRITE_BYTES // 8)
    modes = set()
    for _ in range(20):
        spool.put(17, big, keep=True)
        if len(spool) > 2:
            spool.done(1)
        modes.add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {0o600}
    spool.release()


def test_a_file_that_never_runs_empty_is_written_anew_and_keeps_what_is_undone(path: Path) -> None:
    spool = a_spool(path)
    megabyte = bytes(1024 * 1024)
    sizes = []
    for number in range(40):
        spool.put(17, bytes([number]) + megabyte, keep=number % 2 == 0)
        if number >= 2:
            spool.done(1)
        sizes.append(path.stat().st_size)
    assert max(sizes) < 2 * REWRITE_BYTES
    assert [payload[0] for _, payload in held(spool)] == [38, 39]
    spool.put(17, b"after", keep=True)
    assert [payload[:1] for _, payload in left_on_disk(path)][-2:] == [bytes([38]), b"a"]
    spool.release()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.tuples(st.integers(0, 255), st.binary(max_size=40), st.booleans())),
        st.tuples(st.just("done"), st.integers(0, 4)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_it_behaves_like_a_list_that_survives(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spool"
        spool = a_spool(path)
        model: list[tuple[int, bytes, bool]] = []
        on_disk: list[tuple[int, bytes]] = []
        for step, argument in steps:
            match step, argument:
                case "put", (int(code), bytes(payload), bool(keep)):
                    spool.put(code, payload, keep=keep)
                    model.append((code, payload, keep))
                    on_disk += [(code, payload)] if keep else []
                case "done", int(number):
                    number = min(number, len(model))
                    spool.done(number)
                    del model[:number]
                    on_disk = on_disk if model else []
                case _:
                    # A small file is only emptied when all is done, so what was done may come once more; never less.
                    spool.release()
                    spool = a_spool(path)
                    model = [(code, payload, True) for code, payload in on_disk]
            assert held(spool) == [(code, payload) for code, payload, _ in model]
        spool.release()


def _nobody() -> None:
    """Nobody is told."""


_copies = count()
