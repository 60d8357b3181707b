"""Which instance a request without one in its path is about: that of its key, or the one that a person names.

`dependencies={"instance": INSTANCE}` behind `authenticated` hands it to handlers as `instance: OneInstance`. Routes
that anybody may ask take `PUBLIC_INSTANCE` instead, and must tell nothing but how the instance is doing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from gateway.domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.surfaces.http import bearer_of, caller_ip, header, services


def named_instance(request: Request[Any, Any, Any]) -> InstanceId | None:
    """The instance that `X-Instance-Id` or `?instance_id=` names."""
    named = header(request.scope, b"x-instance-id") or request.query_params.get("instance_id")
    return InstanceId(named) if named else None


async def provide_instance(request: Request[Any, Any, Any]) -> Instance:
    """The instance of this request's key; a person's credential has to name one. Counts as an API call of it.

    Raises InvalidInput (code `instance_required`) when nobody names one, InstanceNotFound or NotYours for another's.
    """
    who: Principal = request.scope["user"]
    instance_id = named_instance(request) or who.instance_id
    if instance_id is None:
        raise InvalidInput(
            "Come with the key of an instance, or name an instance of yours in X-Instance-Id or ?instance_id=.",
            code="instance_required",
        )
    given = services(request)
    instance = await given.instances.get(who, instance_id)
    given.usage.count_call(instance.tenant_id, instance.id)
    return instance


async def provide_public_instance(request: Request[Any, Any, Any]) -> Instance:
    """The same for a route that asks for no credential; a key that comes along names its instance all the same.

    Raises InvalidInput (code `instance_required`), InstanceNotFound, and Unauthenticated for a key that is none.
    """
    instance_id = named_instance(request)
    bearer = bearer_of(request.scope)
    given = services(request)
    if instance_id is None and bearer is not None:
        who = await given.auth.authenticate(bearer=bearer, api_key=None, ip=caller_ip(request), bot_tokens=True)
        instance_id = who.instance_id
    if instance_id is None:
        raise InvalidInput("Name an instance in X-Instance-Id or ?instance_id=.", code="instance_required")
    return await given.instances.known(instance_id)


async def caller_of(request: Request[Any, Any, Any], instance: Instance) -> Principal | None:
    """Who asks a public route about this instance, when they may see more of it than anybody; else None."""
    bearer, api_key = bearer_of(request.scope), header(request.scope, b"x-api-key")
    if bearer is None and api_key is None:
        return None
    given = services(request)
    try:
        who = await given.auth.authenticate(bearer=bearer, api_key=api_key, ip=caller_ip(request), bot_tokens=True)
        await given.instances.get(who, instance.id)
    except (Unauthenticated, Forbidden, NotFound):
        return None  # they are anybody
    return who


PUBLIC_INSTANCE = Provide(provide_public_instance)
INSTANCE = Provide(provide_instance)
"""The provider behind `instance`: `dependencies={"instance": INSTANCE}` on a router."""

OneInstance: TypeAlias = NamedDependency[SkipValidation[Instance]]
"""The type of a handler's parameter `instance`."""
