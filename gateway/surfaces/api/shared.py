"""What the routes of this surface have in common: the type of a request, and the query parameters of lists."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter, QueryParameter

AnyRequest = Request[Any, Any, Any]

_MOST = 2**31 - 1

Limit = Annotated[int, QueryParameter(ge=0, le=_MOST, description="How many at most; 0 means the default.")]
Skip = Annotated[int, QueryParameter(ge=0, le=_MOST, description="How many to leave out at the beginning.")]
StartDate = Annotated[
    str | None, QueryParameter(name="startDate", description="Not before this: ISO 8601, UTC where no zone is given.")
]
EndDate = Annotated[
    str | None, QueryParameter(name="endDate", description="Not after this: ISO 8601, UTC where no zone is given.")
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="1 to 255 printable characters. The same key with the same request within 24 hours gets the first"
        " answer, and nothing is sent twice; with another request it is refused (409).",
    ),
]
