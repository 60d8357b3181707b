"""`/api/v1/logs`: the gateway's own log. It tells of every tenant, so it is for administrators."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from gateway.domain.errors import InvalidInput
from gateway.services.logs import LogLevel
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import LENIENT
from gateway.surfaces.api_v1.schemas.logs import (
    Asked,
    AskedLines,
    LatestData,
    LatestReply,
    LogData,
    LogHealth,
    LogHealthReply,
    LogLine,
    LogsReply,
    StatsData,
    StatsReply,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, iso, services

Tail = Annotated[int, QueryParameter(ge=1, le=10_000, description="How many lines at most, the last ones.")]
Level = Annotated[str | None, QueryParameter(description="Only lines of this level: error, warn, info, http, debug.")]
Latest = Annotated[int, QueryParameter(ge=1, le=1000, description="How many lines at most, the last ones.")]
Analysed = Annotated[int, QueryParameter(ge=100, le=10_000, description="How many of the last lines to count.")]

_REFUSALS = refusals(400, 403)


@get("/", opt=LENIENT, summary="The gateway's log", responses=_REFUSALS)
async def logs(request: AnyRequest, who: Who, tail: Tail = 100, level: Level = None) -> LogsReply:
    """Its last lines, oldest first: of this process and, where there is a log file, of those before it."""
    given = services(request)
    page = given.logs.last(who, tail, _level_of(level))
    return LogsReply(True, LogData.of(page), Asked(tail, (level or "all").lower(), iso(given.clock.now())))


@get("/latest", opt=LENIENT, summary="The last lines", responses=_REFUSALS)
async def latest(request: AnyRequest, who: Who, lines: Latest = 50) -> LatestReply:
    """The same without the rest, for programs that ask again and again."""
    given = services(request)
    found = [LogLine.of(each) for each in given.logs.last(who, lines).entries]
    return LatestReply(True, LatestData(found, len(found)), AskedLines(lines, iso(given.clock.now())))


@get("/stats", opt=LENIENT, summary="Lines by level", responses=_REFUSALS)
async def stats(request: AnyRequest, who: Who, lines: Analysed = 1000) -> StatsReply:
    """How many of the last lines are of which level, and how large the log file is."""
    given = services(request)
    counts = given.logs.by_level(who, lines)
    return StatsReply(True, StatsData.of(counts, given.logs.file(who), iso(given.clock.now())))


@get("/health", opt=LENIENT, summary="Is the log kept", responses=refusals(403))
async def health(request: AnyRequest, who: Who) -> LogHealthReply:
    """Whether the log file can be written, and how large it is."""
    given = services(request)
    return LogHealthReply(True, LogHealth.of(given.logs.file(who)), iso(given.clock.now()))


def _level_of(word: str | None) -> LogLevel | None:
    if not word:
        return None
    try:
        return LogLevel(word.lower())
    except ValueError:
        there = ", ".join(LogLevel)
        raise InvalidInput(f"level must be one of: {there}", field="level") from None


HANDLERS = [logs, latest, stats, health]
