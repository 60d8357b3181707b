"""`/api/v1/webhook/{network}/{id}`: the addresses at which the Instance Manager's networks bring their news.

The same door as `/hooks`: the network proves itself to the session, which knows how, and an answer in the 200s means
that the news is committed. While a session does not run, 503 has the network keep the news and try again.
"""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from gateway.domain.errors import Forbidden, GatewayError, InvalidInput, NotConnected, NotFound
from gateway.domain.ids import InstanceId
from gateway.domain.instances import ProviderName
from gateway.kit.log import get_logger
from gateway.surfaces.api_v1.errors import ErrorBody
from gateway.surfaces.api_v1.schemas.multi_provider import TITLES
from gateway.surfaces.api_v1.words import provider_of
from gateway.surfaces.http import BODY_LIMIT, headers_of, services, status_of

log = get_logger(__name__)

_WITHOUT = {
    ProviderName.DISCORD: "Discord uses WebSocket connection, not webhooks",
    ProviderName.WHATSAPP: "WhatsApp Web uses a linked device, not webhooks",
}
_VERIFIED = frozenset({ProviderName.WHATSAPP_CLOUD, ProviderName.MESSENGER, ProviderName.INSTAGRAM})
"""Networks that ask for their token back before they post (developers.facebook.com/docs/graph-api/webhooks)."""
_WORDS = {
    400: ("Bad request", "INVALID_INPUT"),
    401: ("Unauthorized", "UNAUTHENTICATED"),
    403: ("Forbidden", "FORBIDDEN"),
    404: ("Not found", "NOT_FOUND"),
    413: ("Too large", "TOO_LARGE"),
    429: ("Too many requests", "TOO_MANY_REQUESTS"),
    503: ("Try again later", "UNAVAILABLE"),
}
_PATH = "/{provider:str}/{instance:str}"
_MODE = Annotated[str, QueryParameter(name="hub.mode", description="`subscribe`.")]
_TOKEN = Annotated[str, QueryParameter(name="hub.verify_token", description="The token it was configured with.")]
_CHALLENGE = Annotated[str, QueryParameter(name="hub.challenge", description="What to answer.")]


class Taken(Struct, frozen=True):
    """The news is committed."""

    success: bool


def _responses(*statuses: int) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(ErrorBody, description=_WORDS[status][0], generate_examples=False) for status in statuses
    }


def _refuse(request: Request[Any, Any, Any], problem: Exception) -> Response[ErrorBody]:
    headers: dict[str, str] = {}
    text = None
    if isinstance(problem, GatewayError):
        status = 404 if isinstance(problem, NotFound) else status_of(problem)
        headers = headers_of(problem)
        if isinstance(problem, NotConnected) or status >= 500:
            status = 503  # whatever the reason, the network has to keep the news and bring it again
        if status == 404:
            text = problem.sentence
        log.info("hook_refused", code=problem.code, status=status)
    elif isinstance(problem, HTTPException) and problem.status_code < 500:
        status = problem.status_code
    else:
        log.error("hook_failed", path=request.scope["path"], exc_info=problem)
        status = 503
    words, code = _WORDS.get(status, ("Refused", "REFUSED"))
    return Response(ErrorBody(False, text or words, code), status_code=status, headers=headers)


def _network(word: str) -> ProviderName:
    try:
        network = provider_of(word)
    except InvalidInput:
        raise NotFound("Provider not found") from None
    if network in _WITHOUT:
        raise NotFound(_WITHOUT[network])
    return network


def _address(instance: str, network: ProviderName) -> InstanceId:
    if "\0" in instance:
        raise _nothing(network)
    return InstanceId(instance)


def _nothing(network: ProviderName) -> NotFound:
    return NotFound(f"{TITLES[network]} provider not found")


@post(_PATH, status_code=200, summary="A network's news", responses=_responses(400, 401, 404, 413, 503))
async def receive(request: Request[Any, Any, Any], provider: FromPath[str], instance: FromPath[str]) -> Response[Any]:
    """For messenger networks. Each proves itself in its own way: Telegram by the secret token of its webhook."""
    network = _network(provider)
    try:
        reply = await services(request).hooks.receive(
            network.value, _address(instance, network), dict(request.headers), await request.body()
        )
    except NotFound:
        raise _nothing(network) from None
    if not reply.body:
        return Response(Taken(True), status_code=reply.status)
    return Response(reply.body, status_code=reply.status, media_type=reply.media_type)


@get(_PATH, summary="A network's question before its news", media_type="text/plain", responses=_responses(403, 404))
async def verify(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    instance: FromPath[str],
    mode: _MODE = "",
    token: _TOKEN = "",
    challenge: _CHALLENGE = "",
) -> Response[str]:
    """For WhatsApp Official, Facebook Messenger and Instagram: the challenge, to whoever knows the token that the
    instance was configured with.
    """
    network = _network(provider)
    if network not in _VERIFIED:
        raise _nothing(network)
    try:
        await services(request).hooks.verify(network.value, _address(instance, network), token)
    except NotFound:
        raise _nothing(network) from None
    if mode != "subscribe":
        raise Forbidden("Forbidden")
    return Response(challenge, media_type="text/plain")


router = Router(
    "/webhook",
    route_handlers=[receive, verify],
    tags=["hooks"],
    security=[],
    request_max_body_size=BODY_LIMIT,
    exception_handlers={Exception: _refuse},
)
