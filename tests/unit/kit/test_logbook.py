"""The last lines of a log: bounded in memory and on disk, and there after a restart."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.kit.log import configure, get_logger
from gateway.kit.logbook import Logbook
from tests.unit.kit.test_log import stream

__all__ = ["stream"]

log = get_logger("tests.logbook")


@pytest.fixture
def book() -> Iterator[Logbook]:
    book = Logbook()
    yield book
    book.close()


def raw(number: int) -> str:
    return json.dumps({"event": f"line {number}", "level": "info"})


def events(book: Logbook) -> list[str]:
    return [json.loads(each.raw)["event"] for each in book.lines()]


def test_the_oldest_lines_go_when_there_are_too_many_or_they_take_too_much() -> None:
    few, small = Logbook(most_lines=3), Logbook(most_bytes=3 * len(raw(1)))
    for number in range(5):
        few.keep("info", raw(number))
        small.keep("info", raw(number))
    assert events(few) == events(small) == ["line 2", "line 3", "line 4"]
    small.keep("error", json.dumps({"event": "x" * 1000}))
    assert len(small.lines()) == 1  # the last one stays, whatever it takes


def test_what_was_said_before_there_was_a_file_is_in_it_and_comes_back(tmp_path: Path, book: Logbook) -> None:
    path = tmp_path / "logs" / "gateway.log"
    book.keep("info", raw(1))
    book.write_to(path)
    book.keep("info", raw(2))
    assert path.read_text() == f"{raw(1)}\n{raw(2)}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    after = Logbook()
    after.keep("info", raw(3))
    after.write_to(path)
    assert events(after) == ["line 1", "line 2", "line 3"]
    assert path.read_text() == "".join(f"{raw(number)}\n" for number in (1, 2, 3))
    after.close()


def test_lines_that_are_none_of_ours_are_passed_over(tmp_path: Path, book: Logbook) -> None:
    path = tmp_path / "gateway.log"
    path.write_text(f'plain text\n{raw(1)}\n[1]\n{{"event": "cut o')
    book.write_to(path)
    assert events(book) == ["line 1"]


def test_a_file_that_is_full_becomes_an_older_one_and_those_are_few(tmp_path: Path, book: Logbook) -> None:
    path = tmp_path / "gateway.log"
    book.write_to(path, most_bytes=2 * len(raw(1)) + 2, older=2)
    for number in range(9):
        book.keep("info", raw(number))
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["gateway.log", "gateway.log.1", "gateway.log.2"]
    assert all(each.stat().st_size <= 2 * len(raw(1)) + 2 for each in tmp_path.iterdir())
    assert path.read_text().splitlines()[-1] == raw(8)


def test_a_file_that_cannot_be_written_is_told_and_hurts_nobody(tmp_path: Path, book: Logbook) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no full disk to offer")
    path = tmp_path / "gateway.log"
    path.symlink_to(full)
    book.write_to(path)
    book.keep("info", raw(1))
    assert book.file is not None
    assert book.file.problem
    assert events(book) == ["line 1"]
    # The control: the same with room on the disk.
    other = Logbook()
    other.write_to(tmp_path / "other.log")
    other.keep("info", raw(1))
    assert other.file is not None
    assert other.file.problem is None
    other.close()


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_kept_is_what_is_printed_with_its_secrets_masked(
    stream: io.StringIO, as_json: bool, book: Logbook
) -> None:
    configure(level="info", json=as_json, stream=stream, book=book)
    log.warning("call_failed", url="https://api.telegram.org/bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/getMe")
    log.debug("not_heard")
    (line,) = book.lines()
    assert line.level == "warning"
    assert json.loads(line.raw) == {
        "event": "call_failed",
        "url": "https://api.telegram.org/bot***/getMe",
        "logger": "tests.logbook",
        "level": "warning",
        "time": json.loads(line.raw)["time"],
    }
