"""`/api/users`: who may use this gateway. For its administrators."""

from typing import Annotated

from litestar import Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.ids import UserId
from gateway.surfaces.api.auth import AnyRequest
from gateway.surfaces.api.documented import SECURITY, refusals
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS
from gateway.surfaces.api.schemas.auth import Done
from gateway.surfaces.api.schemas.users import (
    CreatedUserReply,
    NewPasswordBody,
    NewUserBody,
    UserChangesBody,
    UserItem,
    UserList,
)
from gateway.surfaces.http import BODY_LIMIT, WHO, StrictRequest, Who, authenticated, caller_ip, page_of, services

Limit = Annotated[int, QueryParameter(ge=1, le=2**31 - 1, description="How many at most; more than 500 gives 500.")]
Skip = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out at the beginning.")]


@get("/", summary="List users", responses=refusals(400, 401, 403, 429))
async def list_users(request: AnyRequest, who: Who, limit: Limit = 50, skip: Skip = 0) -> UserList:
    """All users of this gateway, oldest first."""
    page = page_of(limit, skip)
    users, total = await services(request).tenants.list_users(who, limit=page.limit, skip=page.skip)
    return UserList(users=[UserItem.of(user) for user in users], total=total, limit=page.limit, skip=page.skip)


@post("/", summary="Create a user", responses=refusals(400, 401, 403, 404, 409, 413, 429))
async def create_user(request: AnyRequest, who: Who, data: JSONBody[NewUserBody]) -> CreatedUserReply:
    """Let somebody in: as owner of a tenant of their own, or into an existing tenant."""
    created = await services(request).tenants.create_user(who, data.to_new_user(), ip=caller_ip(request))
    return CreatedUserReply.of(created)


@get("/{user_id:str}", summary="Show a user", responses=refusals(401, 403, 404, 429))
async def show_user(request: AnyRequest, who: Who, user_id: FromPath[str]) -> UserItem:
    """One user."""
    return UserItem.of(await services(request).tenants.get_user(who, UserId(user_id)))


@patch("/{user_id:str}", summary="Change a user", responses=refusals(400, 401, 403, 404, 409, 413, 429))
async def change_user(
    request: AnyRequest, who: Who, user_id: FromPath[str], data: JSONBody[UserChangesBody]
) -> UserItem:
    """Change names, role or activity. Disabling somebody, or another role, ends their login tokens at once.

    The last active administrator can be neither disabled nor demoted.
    """
    changed = await services(request).tenants.update_user(
        who, UserId(user_id), data.to_changes(), ip=caller_ip(request)
    )
    return UserItem.of(changed)


@post(
    "/{user_id:str}/password",
    status_code=200,
    summary="Set a user's password",
    responses=refusals(400, 401, 403, 404, 413, 429),
)
async def set_password(request: AnyRequest, who: Who, user_id: FromPath[str], data: JSONBody[NewPasswordBody]) -> Done:
    """Give a user another password; their login tokens end at once."""
    await services(request).tenants.set_password(who, UserId(user_id), data.password, ip=caller_ip(request))
    return Done(message=f"Password of user {user_id} changed")


router = Router(
    "/api/users",
    route_handlers=[list_users, create_user, show_user, change_user, set_password],
    tags=["users"],
    security=SECURITY,
    middleware=[authenticated],
    dependencies={"who": WHO},
    request_class=StrictRequest,
    request_max_body_size=BODY_LIMIT,
    exception_handlers=EXCEPTION_HANDLERS,
)
