"""`/api/db`: which database is in use, and going on with the other one. For administrators."""

from typing import Any

from litestar import get, post
from litestar.params import JSONBody

from gateway.domain.errors import Conflict, GatewayError, Unavailable
from gateway.services.checks import require_person
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.databases import DatabaseItem, SwitchBody, Switched
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, caller_ip, services


class SwitchFailed(GatewayError):
    """500, as this surface's clients know it; the gateway is where it was."""


@get("/status", summary="The database in use", responses=refusals(401, 403, 429, 500))
async def database_status(request: AnyRequest, who: Who) -> DatabaseItem:
    """Which of the two databases is in use, and where it is; no user name or password."""
    require_person(who)
    return DatabaseItem.of(services(request).databases.status(who))


@post("/switch", status_code=200, summary="Switch the database", responses=refusals(400, 401, 403, 429, 500))
async def switch_database(request: AnyRequest, who: Who, data: JSONBody[SwitchBody]) -> Switched:
    """Copy every row into the other configured database, compare, and go on there; sessions stay connected.

    Reads go on meanwhile and writes wait. The choice outlives restarts. When anything fails, nothing has changed: the
    answer is 500 with the reason.
    """
    require_person(who)
    given = services(request).databases
    try:
        switched = await given.switch(who, data.provider, ip=caller_ip(request))
    except (Conflict, Unavailable) as problem:
        raise SwitchFailed(f"Failed to switch database provider: {problem.sentence}", code=problem.code) from problem
    provider = given.status(who).provider
    done = "switched" if switched else "is already set"
    return Switched(success=True, message=f"Database provider {done} to {provider}", provider=provider)


HANDLERS: list[Any] = [database_status, switch_database]
