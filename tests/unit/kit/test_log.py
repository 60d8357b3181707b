from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.kit.log import bound, configure, get_logger

BOT_TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
log = get_logger("tests.log")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A place to log to. Afterwards `logging` and structlog are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    known = {name: each.level for name, each in root.manager.loggerDict.items() if isinstance(each, logging.Logger)}
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, each in root.manager.loggerDict.items():
        if isinstance(each, logging.Logger):
            each.setLevel(known.get(name, logging.NOTSET))
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_logger_and_fields(stream: io.StringIO) -> None:
    configure(level="info", json=True, stream=stream)
    log.info("session_lost", reason="gone", retry_in=2.5)
    log.debug("not_heard")
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "session_lost",
        "level": "info",
        "logger": "tests.log",
        "reason": "gone",
        "retry_in": 2.5,
    }


async def test_bound_fields_follow_the_task_and_the_tasks_it_starts_and_no_other(stream: io.StringIO) -> None:
    configure(level="info", json=True, stream=stream)

    async def work(request_id: str) -> None:
        with bound(request_id=request_id):
            await asyncio.sleep(0)
            await asyncio.create_task(child())

    async def child() -> None:
        log.info("worked")

    await asyncio.gather(work("r1"), work("r2"))
    log.info("after")
    assert [line.get("request_id") for line in lines(stream)] == ["r1", "r2", None]


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_leave_fields_texts_tracebacks_and_library_lines(stream: io.StringIO, as_json: bool) -> None:
    configure(level="debug", json=as_json, stream=stream)
    local_secret = "local-" + BOT_TOKEN  # a pretty traceback would print this variable
    try:
        raise ValueError(f"GET /bot{BOT_TOKEN}/getMe failed", len(local_secret))
    except ValueError:
        log.exception("call_failed", url=f"https://api.telegram.org/bot{BOT_TOKEN}/getMe", api_key="short")
        logging.getLogger("aiogram").exception("while polling %s", BOT_TOKEN)
    logging.getLogger("httpx").info('HTTP Request: GET https://t.example/bot%s/getMe "200 OK"', BOT_TOKEN)
    shown = stream.getvalue()
    assert BOT_TOKEN not in shown
    assert "short" not in shown
    assert shown.count("Traceback") == 2
    assert shown.count("/bot***/getMe") >= 4


@pytest.mark.parametrize(
    "library", ["aiogram.event", "uvicorn.access", "neonize.client", "httpx", "apscheduler.scheduler"]
)
def test_libraries_are_heard_from_warning_up_unless_we_debug(stream: io.StringIO, library: str) -> None:
    logger = logging.getLogger(library)
    configure(level="info", json=True, stream=stream)
    logger.info("chatter")
    logger.warning("careful")
    assert [line["event"] for line in lines(stream)] == ["careful"]
    assert lines(stream)[0]["logger"] == library
    configure(level="debug", json=True, stream=stream)
    logger.info("chatter")
    assert lines(stream)[-1]["event"] == "chatter"


def test_a_library_that_brought_its_own_handler_loses_it(stream: io.StringIO) -> None:
    own = io.StringIO()
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(own))
    configure(level="info", json=True, stream=stream)
    logging.getLogger("uvicorn").error("boom")
    assert own.getvalue() == ""
    assert len(lines(stream)) == 1


def test_database_statements_are_not_logged_even_when_we_debug(stream: io.StringIO) -> None:
    configure(level="debug", json=True, stream=stream)
    logging.getLogger("httpcore").debug("executing insert into messages values ('hello')")
    assert stream.getvalue() == ""


def test_a_warning_becomes_a_log_line(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure(level="info", json=True, stream=stream)
        warnings.warn("old ways", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old ways" in lines(stream)[0]["event"]


def test_values_json_does_not_know_are_written_as_text(stream: io.StringIO) -> None:
    configure(level="info", json=True, stream=stream)
    log.info("odd", value=object, error=ValueError("no"))
    assert lines(stream)[0]["error"] == "no"


def test_the_console_is_plain_text_where_there_is_no_terminal(stream: io.StringIO) -> None:
    configure(level="info", json=False, stream=stream)
    log.info("session_lost", reason="gone")
    assert "session_lost" in stream.getvalue()
    assert "\x1b[" not in stream.getvalue()
