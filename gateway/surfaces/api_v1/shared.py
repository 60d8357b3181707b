"""What the routes of this surface have in common: parameters, where the gateway is, and how long it may take."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from litestar import Request
from litestar.params import QueryParameter
from msgspec import Struct

from gateway.domain.errors import Unavailable
from gateway.surfaces.http import services

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most, newest first.")]
CompanyId = Annotated[str | None, QueryParameter(description="Only instances with this label.")]
UserId = Annotated[str | None, QueryParameter(description="The older name of `company_id`.")]
Provider = Annotated[str | None, QueryParameter(description="Only instances on this network.")]


class Here(Struct, frozen=True, kw_only=True):
    """Where this gateway is, as its callers see it."""

    url: str
    port: int
    secret_keys: bool

    def key_of(self, instance_id: str) -> str | None:
        """The key of an instance as far as it can be told: secret keys are shown once, and only hashes are kept."""
        return None if self.secret_keys else instance_id

    @classmethod
    def of(cls, request: AnyRequest) -> "Here":
        settings = services(request).settings
        server = request.scope.get("server")
        return cls(
            url=(settings.base_url or str(request.base_url)).rstrip("/"),
            port=(server[1] if server and server[1] else None) or settings.port,
            secret_keys=settings.instance_keys == "secret",
        )


async def within_budget(seconds: float, work: Awaitable[T]) -> T:
    """What the work gives. Raises Unavailable (code `timeout`) when it takes longer; it is then given up."""
    budget = asyncio.timeout(seconds)
    try:
        async with budget:
            return await work
    except TimeoutError:
        if not budget.expired():
            raise
        raise Unavailable(
            f"This took longer than {seconds:g} s and was given up; look at what there is, then try again.",
            code="timeout",
        ) from None
