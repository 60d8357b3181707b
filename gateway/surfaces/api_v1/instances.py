"""`/api/v1/instances`: made, listed, shown, removed; and the sums over all of them."""

from collections.abc import Callable

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.services.checks import require_person
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.rates import LENIENT, STRICT
from gateway.surfaces.api_v1.schemas.instances import CreatedInstance, Done, InstanceList, ShownInstance
from gateway.surfaces.api_v1.schemas.memory import Memory, MemoryReply, MemorySums, MemorySumsReply
from gateway.surfaces.api_v1.schemas.new_instances import NewInstanceBody
from gateway.surfaces.api_v1.shared import AnyRequest, CompanyId, Here, Provider, UserId, within_budget
from gateway.surfaces.api_v1.webhook_schema import WEBHOOK_FIELDS
from gateway.surfaces.api_v1.words import provider_of
from gateway.surfaces.http import Who, fields_named, iso, services


@post("/", opt=STRICT, summary="Create an instance", responses=refusals(400, 403, 409, 413))
async def create(request: AnyRequest, who: Who, data: JSONBody[NewInstanceBody]) -> CreatedInstance:
    """Store an instance and start it in the background: it answers before its network has."""
    require_person(who)
    given = services(request)
    with fields_named(WEBHOOK_FIELDS):
        making = given.instances.create(who, data.to_new_instance(), most=given.settings.instance_limit)
        made = await within_budget(given.settings.manager_timeout, making)
    return CreatedInstance.of(made.instance, Here.of(request), key=made.key)


@get("/", opt=LENIENT, summary="List instances", responses=refusals(400, 403))
async def list_instances(
    request: AnyRequest,
    who: Who,
    company_id: CompanyId = None,
    user_id: UserId = None,
    provider: Provider = None,
) -> InstanceList:
    """Every instance within reach, oldest first."""
    require_person(who)
    label = company_id if company_id is not None else user_id
    network = provider_of(provider) if provider else None

    def chosen(instance: Instance) -> bool:
        return (label is None or instance.label == label) and (network is None or instance.provider is network)

    return await listed(request, who, chosen)


async def listed(request: AnyRequest, who: Principal, chosen: Callable[[Instance], bool]) -> InstanceList:
    """Those within reach that were chosen, oldest first."""
    given = services(request)
    seen = await given.vitals.overview(who)
    firsts = [each for each in await given.webhooks.list(who) if each.is_first]
    endpoints = {str(each.instance_id): each for each in firsts if each.instance_id is not None}
    return InstanceList.of(seen, [each for each in seen.instances if chosen(each)], endpoints, Here.of(request))


@get("/memory/stats", opt=LENIENT, summary="Sums over all instances", responses=refusals(403))
async def memory_stats(request: AnyRequest, who: Who) -> MemorySumsReply:
    """How many there are, how many are well, and what they did today."""
    require_person(who)
    return MemorySumsReply(True, MemorySums.of(await services(request).vitals.overview(who)))


@get("/{instance_id:str}", opt=LENIENT, summary="Show an instance", responses=refusals(404))
async def show(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ShownInstance:
    """One instance, with everything that is known about its session."""
    given = services(request)
    vitals = await given.vitals.of(who, InstanceId(instance_id))
    endpoint = await given.webhooks.first_of(who, vitals.instance.id)
    return ShownInstance.of(vitals, endpoint, Here.of(request))


@get("/{instance_id:str}/memory", summary="What is known about its session", responses=refusals(404))
async def memory(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> MemoryReply:
    """Its state, messages, starts and errors. Counted where they happen, and kept over restarts."""
    vitals = await services(request).vitals.of(who, InstanceId(instance_id))
    return MemoryReply(True, Memory.of(vitals, Here.of(request)), iso(vitals.now))


@delete("/{instance_id:str}", status_code=200, opt=STRICT, summary="Delete an instance", responses=refusals(403, 404))
async def remove(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Done:
    """Stop it and remove it with its messages, contacts, events, webhooks and linked device."""
    require_person(who)
    given = services(request)
    await within_budget(given.settings.manager_timeout, given.instances.delete(who, InstanceId(instance_id)))
    return Done(True, "Instance deleted successfully")


HANDLERS = [create, list_instances, memory_stats, show, memory, remove]
