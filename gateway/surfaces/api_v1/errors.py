"""How surface B says no: `{"success": false, "error": "<text>", "code": "<STABLE_CODE>"}`, and what else clients read.

It is the union of what its clients read: `success` and `error` in the manager, `error` alone on an instance's routes,
`code` in its documents.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct, field

from gateway.domain.errors import GatewayError, InstanceNotFound, InvalidInput, NotYours, TooManyRequests
from gateway.kit.log import get_logger
from gateway.surfaces.http import from_validation, headers_of, request_id, status_of

log = get_logger(__name__)

_CODES = {
    400: "INVALID_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_TEXTS = {404: "Not found", 413: "The body is too large"}


class ErrorBody(Struct, frozen=True, omit_defaults=True):
    """Every refusal of this surface."""

    success: bool
    error: str
    """What happened and what to do next, for a person."""
    code: str
    """The same for a program; it does not change between versions."""
    retry_after: int | None = field(default=None, name="retryAfter")
    """Seconds; with 429."""
    message: str | None = None
    details: Any = None
    """What exactly is to blame, where that is known: `{"field": "..."}`."""


def refuse(request: Request[Any, Any, Any], problem: Exception) -> Response[ErrorBody]:
    """The answer to anything that went wrong, foreseen or not. What was not foreseen is logged and not told."""
    if isinstance(problem, GatewayError):
        if status_of(problem) >= 500:
            log.warning("request_refused", code=problem.code, request_id=request_id(request.scope))
        return _refusal(problem)
    if isinstance(problem, ValidationException):
        return _refusal(from_validation(request, problem))
    if isinstance(problem, HTTPException) and problem.status_code < 500:
        status = problem.status_code
        text = _TEXTS.get(status) or problem.detail or HTTPStatus(status).phrase
        headers = {name: value for name, value in (problem.headers or {}).items() if name.lower() != "content-type"}
        return Response(ErrorBody(False, text, _CODES.get(status, "ERROR")), status_code=status, headers=headers)
    log.error("request_failed", path=request.scope["path"], request_id=request_id(request.scope), exc_info=problem)
    return Response(ErrorBody(False, "Internal server error", "INTERNAL_ERROR"), status_code=500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: refuse}
"""For the routers of this surface, and for what is not found below its paths."""


def _refusal(problem: GatewayError) -> Response[ErrorBody]:
    if isinstance(problem, NotYours | InstanceNotFound):  # whose it is, or that it ever was, is nobody's business
        return Response(ErrorBody(False, "Instance not found", "INSTANCE_NOT_FOUND"), status_code=404)
    headers = headers_of(problem)
    code = problem.code.upper()
    match problem:
        case TooManyRequests():
            retry_after = int(headers["Retry-After"])
            body = ErrorBody(False, "Too many requests", code, retry_after=retry_after, message=problem.sentence)
        case InvalidInput(field=str(blamed)):
            body = ErrorBody(False, problem.sentence, code, details={"field": blamed})
        case _:
            body = ErrorBody(False, problem.sentence, code)
    return Response(body, status_code=status_of(problem), headers=headers)
