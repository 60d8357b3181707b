"""Structured logs on stdout: JSON lines in production, a readable console in development, secrets taken out of both.

    log = get_logger(__name__)
    with bound(instance_id=instance.id):
        log.info("session_lost", reason=reason, retry_in=delay)

What libraries say through `logging` takes the same road. It is heard from WARNING up, unless the level is debug.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from gateway.kit.logbook import Logbook
from gateway.kit.redact import redact_field

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# These log statements with their parameters, request headers or whole frames at DEBUG: never wanted, not even there.
_NEVER_BELOW_WARNING = ("httpcore", "hpack", "websockets", "asyncio", "multipart", "urllib3")

# These install handlers of their own or set their own levels; both are undone so that there is one road out.
_HANDLED_BY_ROOT = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "aiogram",
    "neonize",
    "whatsmeow",
    "httpx",
    "apscheduler",
)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry `logger=name`. Safe to call at import time: configuration may come later."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def bound(**fields: str) -> AbstractContextManager[None]:
    """Every line logged inside, by this task and those it starts, carries `fields` (request_id, instance_id, ...)."""
    return structlog.contextvars.bound_contextvars(**fields)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that masks secrets in every field, exception text and traceback included."""
    for key, value in event.items():
        if key == "_record":  # structlog's own note on a line that came through `logging`; it removes it later
            continue
        event[key] = redact_field(key, value)
    return event


def configure(*, level: str, json: bool, stream: TextIO | None = None, book: Logbook | None = None) -> None:
    """Send all logs of this process to `stream` (stdout when None), from `level` up. May be called again.

    `level` is one of debug, info, warning, error. `book` keeps the same lines.
    """
    out = stream or sys.stdout
    number = _LEVELS[level]
    shared: list[Processor] = [
        _add_name,
        structlog.contextvars.merge_contextvars,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # before redaction, so that tracebacks are texts by then
        redact_event,
        # After redaction: these are ours, and scanning a timestamp would cost more than the rest of the line.
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    renderer = _json_renderer() if json else _console_renderer(out)
    if book is not None:
        renderer = _kept(renderer, book, is_json=json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda name="": _NamedLogger(name, out),
        cache_logger_on_first_use=False,  # modules take their logger at import, before this is called
    )
    _route_logging(out, shared, renderer, number)


class _NamedLogger(structlog.WriteLogger):
    def __init__(self, name: str, out: TextIO) -> None:
        super().__init__(out)
        self.name = name


def _add_name(logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # A line of a library brings its `logging` record instead of a logger.
    record = event.get("_record")
    event["logger"] = record.name if isinstance(record, logging.LogRecord) else getattr(logger, "name", "")
    return event


def _json_renderer() -> Processor:
    encoder = msgspec.json.Encoder(enc_hook=str)

    def dumps(event: object, **_options: object) -> str:
        return encoder.encode(event).decode()

    return structlog.processors.JSONRenderer(serializer=dumps)


def _kept(renderer: Processor, book: Logbook, *, is_json: bool) -> Processor:
    in_json = renderer if is_json else _json_renderer()

    def keep(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        level = str(event.get("level", ""))
        raw = in_json(logger, method, event)
        book.keep(level, cast(str, raw))
        return raw if is_json else renderer(logger, method, event)  # the console's takes the event apart

    return keep


def _console_renderer(out: TextIO) -> Processor:
    # The plain formatter: the pretty ones print local variables, which nobody has redacted.
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )


def _route_logging(out: TextIO, shared: list[Processor], renderer: Processor, number: int) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if number == logging.DEBUG else max(number, logging.WARNING))
    for name in _HANDLED_BY_ROOT:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.NOTSET)
        library.propagate = True
    for name in _NEVER_BELOW_WARNING:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
