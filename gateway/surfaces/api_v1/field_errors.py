"""Refusals that list every field to blame: `{"error": "Validation failed", "details": [...]}`.

The form of the library that the company routes once were checked with. `exception_handlers=FIELD_ERRORS` on a handler.
"""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.surfaces.api_v1.errors import ErrorBody, refuse


class FieldError(Struct, frozen=True):
    """One parameter that cannot be what it is. `value` is as it was sent, `path` the parameter's name."""

    type: str
    value: Any
    msg: str
    path: str
    location: str


def refuse_fields(request: Request[Any, Any, Any], problem: Exception) -> Response[ErrorBody]:
    """The answer to anything that went wrong; the fields are named where it was their fault."""
    if isinstance(problem, ValidationException) and isinstance(problem.extra, list):
        blamed = [
            (_wire_name(request, str(each.get("key", ""))), str(each.get("message", "Invalid value")))
            for each in problem.extra
            if isinstance(each, dict)
        ]
    elif isinstance(problem, InvalidInput) and problem.field:
        blamed = [(problem.field, problem.sentence)]
    else:
        return refuse(request, problem)
    details = [_field_error(request, name, sentence) for name, sentence in blamed]
    return Response(ErrorBody(False, "Validation failed", "VALIDATION_FAILED", details=details), status_code=400)


def _wire_name(request: Request[Any, Any, Any], argument: str) -> str:
    parameter = request.route_handler.parsed_fn_signature.parameters.get(argument)
    return getattr(parameter and parameter.kwarg_definition, "name", None) or argument


def _field_error(request: Request[Any, Any, Any], name: str, sentence: str) -> FieldError:
    in_path = name in request.path_params
    value = request.path_params[name] if in_path else request.query_params.get(name)
    return FieldError("field", value, sentence, name, "params" if in_path else "query")


FIELD_ERRORS: ExceptionHandlersMap = {Exception: refuse_fields}
