"""`/api/v1/instances`: many at once."""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import structs

from gateway.domain.errors import GatewayError, InstanceNotFound, InvalidInput, NotFound, NotYours
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import LENIENT, STRICT
from gateway.surfaces.api_v1.schemas.batch import (
    MOST_ASKED,
    MOST_CHANGED,
    BatchError,
    BatchItem,
    BatchOptions,
    BatchStatusBody,
    BatchStatusReply,
    BatchUpdateBody,
    BatchUpdateReply,
    Sums,
    SumsReply,
)
from gateway.surfaces.api_v1.schemas.instances import Container, InstanceHealth
from gateway.surfaces.api_v1.schemas.memory import Memory
from gateway.surfaces.api_v1.schemas.new_instances import InstanceChangesBody
from gateway.surfaces.api_v1.shared import AnyRequest, Here
from gateway.surfaces.api_v1.words import auth_status_of, task_status_of
from gateway.surfaces.http import Who, iso, services

Ids = Annotated[str | None, QueryParameter(description="Only these, comma separated.")]


@post("/batch/status", status_code=200, opt=LENIENT, summary="Ask many", responses=refusals(400, 403, 413))
async def status(request: AnyRequest, who: Who, data: JSONBody[BatchStatusBody]) -> BatchStatusReply:
    """How up to fifty instances are doing. One that is not there for the caller says so in its own place."""
    require_person(who)
    asked = data.instance_ids
    if not isinstance(asked, list) or not asked or not all(isinstance(each, str) for each in asked):
        raise InvalidInput("instance_ids array is required", field="instance_ids")
    if len(asked) > MOST_ASKED:
        raise InvalidInput(f"Maximum {MOST_ASKED} instances per batch request", field="instance_ids")
    options = data.options or BatchOptions()
    items = {each: await _item(request, who, each, options) for each in dict.fromkeys(asked)}
    return BatchStatusReply(True, len(items), items, iso(services(request).clock.now()))


async def _item(request: AnyRequest, who: Principal, instance_id: str, options: BatchOptions) -> BatchItem:
    given = services(request)
    try:
        instance = await given.instances.get(who, InstanceId(instance_id))
    except NotFound:
        return BatchItem(id=instance_id, status="not_found")
    vitals = await given.vitals.of(who, instance.id) if options.include_memory else None
    return BatchItem(
        id=instance.id,
        status=task_status_of(instance).value,
        health=InstanceHealth.of(instance) if options.include_health else None,
        memory=Memory.of(vitals, Here.of(request)) if vitals else None,
        auth=auth_status_of(instance) if options.include_auth else None,
        containers=[Container.of(instance, given.clock.now())] if options.include_containers else None,
    )


@post("/batch/update", status_code=200, opt=STRICT, summary="Change many", responses=refusals(400, 403, 413))
async def update(request: AnyRequest, who: Who, data: JSONBody[BatchUpdateBody]) -> BatchUpdateReply:
    """Change up to twenty instances, each for itself: what goes wrong with one is told and stops no other."""
    require_person(who)
    updates = data.updates
    if not isinstance(updates, list) or not updates:
        raise InvalidInput("updates array is required", field="updates")
    if len(updates) > MOST_CHANGED:
        raise InvalidInput(f"Maximum {MOST_CHANGED} instances per batch update", field="updates")
    pairs = [_pair(each) for each in updates]
    failed: list[BatchError] = []
    for instance_id, changes in pairs:
        try:
            await _change(request, who, instance_id, changes)
        except (NotYours, InstanceNotFound):
            failed.append(BatchError(id=instance_id, error="Instance not found"))
        except GatewayError as refusal:
            failed.append(BatchError(id=instance_id, error=refusal.sentence))
    now = iso(services(request).clock.now())
    return BatchUpdateReply(len(pairs) - len(failed), len(failed), failed, len(pairs), now)


def _pair(update: Any) -> tuple[str, dict[str, Any]]:
    match update:
        case {"id": str(instance_id), "data": dict(changes)}:
            return instance_id, changes
        case _:
            raise InvalidInput("Each update must have id and data fields", field="updates")


async def _change(request: AnyRequest, who: Principal, instance_id: str, changes: dict[str, Any]) -> None:
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    try:
        body = msgspec.convert(changes, InstanceChangesBody)
    except msgspec.ValidationError as problem:
        raise InvalidInput(str(problem)) from None
    endpoint = await given.webhooks.first_of(who, instance.id)
    await given.instances.update(who, instance.id, body.to_change(instance.provider, instance.options, endpoint))


@get("/stats/aggregated", opt=LENIENT, summary="Many at a glance", responses=refusals(400, 403))
async def aggregated(request: AnyRequest, who: Who, instance_ids: Ids = None) -> SumsReply:
    """All instances within reach, or those that were named."""
    require_person(who)
    given = services(request)
    seen = await given.vitals.overview(who)
    asked = {each.strip() for each in (instance_ids or "").split(",") if each.strip()}
    if asked:
        seen = structs.replace(seen, instances=[each for each in seen.instances if each.id in asked])
    chosen = "filtered" if asked else "all"
    return SumsReply(True, Sums.of(seen), chosen, len(seen.instances), iso(given.clock.now()))


HANDLERS = [status, update, aggregated]
