"""`POST /hooks/{provider}/{instanceId}`: where messenger networks bring us news.

The network proves itself to the session, which knows how; an answer in the 200s means that the news is committed.
Refusals carry no detail: whoever knocks here without a proof learns nothing.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, post
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Struct

from gateway.domain.errors import GatewayError, NotConnected, NotFound
from gateway.domain.ids import InstanceId
from gateway.kit.log import get_logger
from gateway.surfaces.http import BODY_LIMIT, headers_of, services, status_of

log = get_logger(__name__)


class Refused(Struct, frozen=True):
    """Why not, in two words."""

    error: str


_WORDS = {
    400: "Bad request",
    401: "Unauthorized",
    404: "Not found",
    413: "Too large",
    429: "Too many requests",
    503: "Try again later",
}


def _refuse(request: Request[Any, Any, Any], problem: Exception) -> Response[Refused]:
    headers: dict[str, str] = {}
    if isinstance(problem, GatewayError):
        status = 404 if isinstance(problem, NotFound) else status_of(problem)
        headers = headers_of(problem)
        if isinstance(problem, NotConnected) or status >= 500:
            status = 503  # whatever the reason, the network has to keep the news and bring it again
        log.info("hook_refused", code=problem.code, status=status)
    elif isinstance(problem, HTTPException) and problem.status_code < 500:
        status = problem.status_code
    else:
        log.error("hook_failed", path=request.scope["path"], exc_info=problem)
        status = 503
    return Response(Refused(error=_WORDS.get(status, "Refused")), status_code=status, headers=headers)


@post(
    "/{provider:str}/{instance_id:str}",
    status_code=200,
    media_type="*/*",
    summary="A network's news",
    tags=["hooks"],
    security=[],
    responses={
        status: ResponseSpec(Refused, description=words, generate_examples=False) for status, words in _WORDS.items()
    },
)
async def receive(
    request: Request[Any, Any, Any], provider: FromPath[str], instance_id: FromPath[str]
) -> Response[bytes]:
    """For messenger networks in webhook mode. Each proves itself in its own way, as agreed when the hook was set."""
    if "\0" in instance_id:
        raise NotFound("Not found")
    reply = await services(request).hooks.receive(
        provider, InstanceId(instance_id), dict(request.headers), await request.body()
    )
    return Response(reply.body, status_code=reply.status, media_type=reply.media_type)


router = Router(
    "/hooks",
    route_handlers=[receive],
    request_max_body_size=BODY_LIMIT,
    exception_handlers={Exception: _refuse},
)
