"""`/api/v1/instances/{id}`: what it has been through, and its log."""

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from gateway.domain.ids import InstanceId
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.history import (
    ActivityStatsReply,
    ErrorHistory,
    InstanceLogs,
    KeyHistory,
    KeyLine,
    LogData,
    LogLine,
    QrHistory,
    QrLine,
    StatusHistory,
    StatusLine,
)
from gateway.surfaces.api_v1.schemas.instances import Done, container_name
from gateway.surfaces.api_v1.schemas.memory import ErrorLine
from gateway.surfaces.api_v1.shared import AnyRequest, Limit
from gateway.surfaces.api_v1.words import task_status_of
from gateway.surfaces.http import Who, services

_LIST = refusals(400, 404)
Tail = Annotated[int, QueryParameter(ge=1, le=1000, description="How many lines at most, of the end.")]


@get("/{instance_id:str}/status-history", summary="Where its session has stood", responses=_LIST)
async def status_history(request: AnyRequest, who: Who, instance_id: FromPath[str], limit: Limit = 50) -> StatusHistory:
    """Every change of state, newest first."""
    found = await services(request).histories.states(who, InstanceId(instance_id), limit=limit)
    return StatusHistory(True, [StatusLine.of(each) for each in found], len(found), limit)


@get("/{instance_id:str}/qr-history", summary="Login codes it has shown", responses=_LIST)
async def qr_history(request: AnyRequest, who: Who, instance_id: FromPath[str], limit: Limit = 20) -> QrHistory:
    """When a person was asked to log in, newest first; the codes are masked."""
    found = await services(request).histories.logins(who, InstanceId(instance_id), limit=limit)
    return QrHistory(True, [QrLine.of(each) for each in found], len(found), limit)


@get("/{instance_id:str}/api-key-history", summary="Keys it has had", responses=_LIST)
async def api_key_history(request: AnyRequest, who: Who, instance_id: FromPath[str], limit: Limit = 20) -> KeyHistory:
    """Its keys and how often each was used, newest first; the keys are masked."""
    found = await services(request).histories.keys(who, InstanceId(instance_id), limit=limit)
    return KeyHistory(True, [KeyLine.of(each) for each in found], len(found), limit)


@get("/{instance_id:str}/activity-stats", summary="How much it does", responses=refusals(404))
async def activity_stats(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ActivityStatsReply:
    """What it did today, and a score of how well it is."""
    return ActivityStatsReply.of(await services(request).vitals.of(who, InstanceId(instance_id)))


@get("/{instance_id:str}/errors", summary="What went wrong", responses=_LIST)
async def errors(request: AnyRequest, who: Who, instance_id: FromPath[str], limit: Limit = 50) -> ErrorHistory:
    """Whenever messages stopped flowing though they should, newest first, since the errors were last cleared."""
    found = await services(request).histories.errors(who, InstanceId(instance_id), limit=limit)
    return ErrorHistory(True, [ErrorLine.of(each) for each in found], len(found), limit)


@post("/{instance_id:str}/clear-errors", status_code=200, summary="Clear its errors", responses=refusals(403, 404))
async def clear_errors(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """No longer show the errors there are."""
    require_person(who)
    await services(request).histories.clear_errors(who, InstanceId(instance_id))
    return Done(True, "Errors cleared successfully")


@get("/{instance_id:str}/logs", summary="Its log", responses=_LIST)
async def logs(request: AnyRequest, who: Who, instance_id: FromPath[str], tail: Tail = 100) -> InstanceLogs:
    """The last lines of its session, oldest first: its states of all time, its notes since the process began."""
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    name = container_name(instance.id)
    found = await given.histories.lines(who, instance.id, limit=tail)
    lines = [LogLine.of(line, name) for line in found]
    text = "\n".join(line.text for line in lines)
    return InstanceLogs(True, {name: text}, LogData(lines, len(lines), tail), task_status_of(instance))


HANDLERS = [status_history, qr_history, api_key_history, activity_stats, errors, clear_errors, logs]
