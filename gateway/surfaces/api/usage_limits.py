"""Usage limits: of an instance, of a user for each of their instances, and of everybody else."""

from typing import Any

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import InstanceId, UserId
from gateway.domain.tenants import Principal
from gateway.domain.usage_limits import EVERYBODY, LimitOwner
from gateway.services.checks import require_person
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.usage_limits import AllowanceReply, LimitsBody, LimitsReply
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, services

_READ = refusals(401, 403, 404, 429, 500)
_SET = refusals(400, 401, 403, 404, 413, 429, 500)
_FIELDS = {"window_hours": "timeWindowHours"}


@get("/instances/{instance_id:str}/usage-limits", summary="What an instance may do and has done", responses=_READ)
async def show_instance(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> AllowanceReply:
    """The limits that hold for it, its own or wider ones, and what it used of them. Over a limit, a send answers 429
    `limit_exceeded`, and the hourly job stops the instance until the window has moved on.
    """
    return AllowanceReply.of_allowance(await services(request).limiting.allowance(who, InstanceId(instance_id)))


@put("/instances/{instance_id:str}/usage-limits", summary="Limit an instance", responses=_SET)
async def set_instance(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[LimitsBody]
) -> LimitsReply:
    """Set its own limits, which come before all others. For administrators."""
    return await _set(request, who, LimitOwner(instance_id=InstanceId(instance_id)), data)


@delete("/instances/{instance_id:str}/usage-limits", status_code=200, summary="Unlimit an instance", responses=_READ)
async def unset_instance(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> LimitsReply:
    """Take its own limits away; those of its user, or of everybody, hold. For administrators."""
    return await _unset(request, who, LimitOwner(instance_id=InstanceId(instance_id)))


@get("/users/{user_id:str}/usage-limits", summary="A user's limits", responses=_READ)
async def show_user(request: AnyRequest, who: Who, user_id: FromPath[str]) -> LimitsReply:
    """What each of the user's instances may do that has no limits of its own. For administrators."""
    return await _show(request, who, LimitOwner(user_id=UserId(user_id)))


@put("/users/{user_id:str}/usage-limits", summary="Limit a user", responses=_SET)
async def set_user(request: AnyRequest, who: Who, user_id: FromPath[str], data: JSONBody[LimitsBody]) -> LimitsReply:
    """Set what each of the user's instances may do. For administrators."""
    return await _set(request, who, LimitOwner(user_id=UserId(user_id)), data)


@delete("/users/{user_id:str}/usage-limits", status_code=200, summary="Unlimit a user", responses=_READ)
async def unset_user(request: AnyRequest, who: Who, user_id: FromPath[str]) -> LimitsReply:
    """Take the user's limits away; those of everybody hold. For administrators."""
    return await _unset(request, who, LimitOwner(user_id=UserId(user_id)))


@get("/usage-limits", summary="Everybody's limits", responses=refusals(401, 403, 429, 500))
async def show_default(request: AnyRequest, who: Who) -> LimitsReply:
    """What every instance may do that has no limits of its own or of its user. For administrators."""
    return await _show(request, who, EVERYBODY)


@put("/usage-limits", summary="Limit everybody", responses=refusals(400, 401, 403, 413, 429, 500))
async def set_default(request: AnyRequest, who: Who, data: JSONBody[LimitsBody]) -> LimitsReply:
    """Set what every instance may do that has no limits of its own or of its user. For administrators."""
    return await _set(request, who, EVERYBODY, data)


@delete("/usage-limits", status_code=200, summary="Unlimit everybody", responses=refusals(401, 403, 429, 500))
async def unset_default(request: AnyRequest, who: Who) -> LimitsReply:
    """Take everybody's limits away. For administrators."""
    return await _unset(request, who, EVERYBODY)


async def _show(request: AnyRequest, who: Principal, owner: LimitOwner) -> LimitsReply:
    require_person(who)
    return LimitsReply.of(await services(request).limit_settings.get(who, owner))


async def _set(request: AnyRequest, who: Principal, owner: LimitOwner, data: LimitsBody) -> LimitsReply:
    require_person(who)
    with fields_named(_FIELDS):
        return LimitsReply.of(await services(request).limit_settings.put(who, owner, data.to_limits()))


async def _unset(request: AnyRequest, who: Principal, owner: LimitOwner) -> LimitsReply:
    require_person(who)
    await services(request).limit_settings.remove(who, owner)
    return LimitsReply(limits=None)


HANDLERS: list[Any] = [
    show_instance,
    set_instance,
    unset_instance,
    show_user,
    set_user,
    unset_user,
    show_default,
    set_default,
    unset_default,
]
