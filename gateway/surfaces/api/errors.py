"""How surface A says no: `{"error": "<text>", "code": "<stable code>"}`, with `field` when one is to blame."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from gateway.domain.errors import GatewayError, InvalidInput, NotConnected, NotYours
from gateway.kit.log import get_logger
from gateway.surfaces.http import from_validation, headers_of, request_id, status_of

log = get_logger(__name__)

_CODES = {
    400: "invalid_input",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
_TEXTS = {404: "Not found", 413: "The body is too large"}
_UNDERSCORE = re.compile(r"_([a-z0-9])")


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every refusal of this surface."""

    error: str
    """What happened and what to do next, for a person."""
    code: str
    """The same for a program; it does not change between versions."""
    field: str | None = None
    """The part of the request that is to blame."""


def refuse(request: Request[Any, Any, Any], problem: Exception) -> Response[ErrorBody]:
    """The answer to anything that went wrong, foreseen or not. What was not foreseen is logged and not told."""
    if isinstance(problem, GatewayError):
        return _refusal(request, problem)
    if isinstance(problem, ValidationException):
        return _refusal(request, from_validation(request, problem))
    if isinstance(problem, HTTPException) and problem.status_code < 500:
        status = problem.status_code
        text = _TEXTS.get(status) or problem.detail or HTTPStatus(status).phrase
        body = ErrorBody(error=text, code=_CODES.get(status, "error"))
        headers = {name: value for name, value in (problem.headers or {}).items() if name.lower() != "content-type"}
        return Response(body, status_code=status, headers=headers)
    log.error("request_failed", path=request.scope["path"], request_id=request_id(request.scope), exc_info=problem)
    return Response(ErrorBody(error="Internal server error", code="internal_error"), status_code=500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: refuse}
"""For the routers of this surface, and for the app, whose own 404 and 405 then speak JSON as well."""


def _refusal(request: Request[Any, Any, Any], problem: GatewayError) -> Response[ErrorBody]:
    status = status_of(problem)
    if isinstance(problem, NotYours):
        status = 403  # this surface's clients know 403 for somebody else's instance
    elif isinstance(problem, NotConnected):
        status = 500  # and 500 with "not ready" for one that is not connected
    if status >= 500:
        log.warning("request_refused", code=problem.code, request_id=request_id(request.scope))
    field = problem.field if isinstance(problem, InvalidInput) else None
    body = ErrorBody(
        error=_camel(problem.sentence, field), code=problem.code, field=_camel(field, field) if field else None
    )
    return Response(body, status_code=status, headers=headers_of(problem))


def _camel(text: str, field: str | None) -> str:
    """Services name fields as Python does; here they are named as on this surface's wire."""
    if not field or "_" not in field:
        return text
    return text.replace(field, _UNDERSCORE.sub(lambda match: match[1].upper(), field))
