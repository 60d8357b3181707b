"""How the routes of one instance say no: as everywhere on this surface, but in the sentences their clients look for."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from gateway.domain.errors import GatewayError, NotConnected, Unauthenticated, Unsupported
from gateway.domain.instances import Instance, ProviderName
from gateway.surfaces.api_v1.errors import ErrorBody, refuse
from gateway.surfaces.http import bearer_of, header

NO_CREDENTIAL = "Missing or invalid Authorization header"
BAD_CREDENTIAL = "Invalid API key"
NOT_IMPLEMENTED = 501


class ClientNotReady(NotConnected):
    """The instance is not paired, or its session is away."""

    def __init__(self, instance: Instance) -> None:
        GatewayError.__init__(self, f"{network_of(instance)} client not ready. Please try again later.")


def network_of(instance: Instance) -> str:
    """The network of an instance as a sentence names it."""
    return "WhatsApp" if instance.provider is ProviderName.WHATSAPP else instance.provider.value.capitalize()


def require_ready(instance: Instance) -> None:
    """Raises ClientNotReady unless messages flow."""
    if not instance.flows:
        raise ClientNotReady(instance)


def refuse_for_one(request: Request[Any, Any, Any], problem: Exception) -> Response[ErrorBody]:
    """As `refuse`. What a network has no notion of is 501 here: clients take it for a group that cannot do that."""
    if isinstance(problem, Unauthenticated):
        came = bearer_of(request.scope) or header(request.scope, b"x-api-key")
        return refuse(request, Unauthenticated(BAD_CREDENTIAL if came else NO_CREDENTIAL))
    answer = refuse(request, problem)
    if isinstance(problem, Unsupported):
        answer.status_code = NOT_IMPLEMENTED
    return answer


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: refuse_for_one}
"""For the routers of these routes."""
