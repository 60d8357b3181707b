"""`/api/auth`: logging in and out, one's own password and keys."""

from typing import Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ApiKeyId
from gateway.surfaces.api.documented import SECURITY, refusals
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS
from gateway.surfaces.api.schemas.auth import (
    Done,
    KeyItem,
    KeyReply,
    LoginBody,
    LoginReply,
    Me,
    NewKeyBody,
    PasswordBody,
)
from gateway.surfaces.http import (
    BODY_LIMIT,
    WHO,
    StrictRequest,
    Who,
    authenticated,
    bearer_of,
    caller_ip,
    moment_of,
    services,
)

AnyRequest = Request[Any, Any, Any]


@post("/login", status_code=200, summary="Log in", security=[], responses=refusals(400, 401, 413, 429))
async def login(request: AnyRequest, data: JSONBody[LoginBody]) -> LoginReply:
    """A login token and the user's primary API key, for an e-mail and a password.

    An unknown user and a wrong password get the same answer. After five failures in a row each further try has to
    wait, longer each time; `Retry-After` says how long.
    """
    if not data.email or not data.password:
        raise InvalidInput("Email and password are required")
    found = await services(request).auth.login(data.email, data.password, ip=caller_ip(request))
    return LoginReply.of(found)


@get("/me", summary="Who am I", responses=refusals(401, 403, 429))
async def me(request: AnyRequest, who: Who) -> Me:
    """The user behind the credential of this request."""
    return Me.of(await services(request).auth.me(who))


@post("/logout", status_code=200, summary="Log out", responses=refusals(400, 401, 429))
async def logout(request: AnyRequest, who: Who) -> Done:
    """End the login token of this request now. Other tokens of the user go on."""
    await services(request).auth.logout(who, bearer_of(request.scope) or "", ip=caller_ip(request))
    return Done(message="Logged out")


@post("/password", status_code=200, summary="Change my password", responses=refusals(400, 401, 403, 413, 429))
async def change_password(request: AnyRequest, who: Who, data: JSONBody[PasswordBody]) -> LoginReply:
    """Replace one's own password. Every login token issued before ends; the answer carries a new one."""
    changed = await services(request).auth.change_password(
        who, current=data.current_password, new=data.new_password, ip=caller_ip(request)
    )
    return LoginReply.of(changed)


@post("/api-key/rotate", status_code=200, summary="Rotate my primary API key", responses=refusals(401, 403, 429))
async def rotate_key(request: AnyRequest, who: Who) -> KeyReply:
    """A new primary API key; the old one ends at once."""
    return KeyReply.of(await services(request).api_keys.rotate_primary(who, ip=caller_ip(request)))


@get("/api-keys", summary="List my API keys", responses=refusals(401, 403, 429))
async def list_keys(request: AnyRequest, who: Who) -> list[KeyItem]:
    """One's own API keys that were not revoked, oldest first; never the keys themselves."""
    return [KeyItem.of(key) for key in await services(request).api_keys.list(who)]


@post("/api-keys", summary="Create an API key", responses=refusals(400, 401, 403, 409, 413, 429))
async def create_key(request: AnyRequest, who: Who, data: JSONBody[NewKeyBody]) -> KeyReply:
    """A further API key, if wished for some addresses only or for a time. The key is shown this once."""
    issued = await services(request).api_keys.create(
        who,
        name=data.name,
        allowed_ips=data.allowed_ips,
        expires_at=moment_of(data.expires_at, "expires_at"),
        ip=caller_ip(request),
    )
    return KeyReply.of(issued)


@delete(
    "/api-keys/{key_id:str}", status_code=200, summary="Revoke an API key", responses=refusals(401, 403, 404, 409, 429)
)
async def revoke_key(request: AnyRequest, who: Who, key_id: FromPath[str]) -> Done:
    """End one of one's own further API keys at once. The primary key is rotated instead."""
    await services(request).api_keys.revoke(who, ApiKeyId(key_id), ip=caller_ip(request))
    return Done(message=f"API key {key_id} revoked")


_common: dict[str, Any] = {
    "tags": ["auth"],
    "request_class": StrictRequest,
    "request_max_body_size": BODY_LIMIT,
    "exception_handlers": EXCEPTION_HANDLERS,
}

router = Router(
    "/api/auth",
    route_handlers=[
        login,
        Router(
            "/",
            route_handlers=[me, logout, change_password, rotate_key, list_keys, create_key, revoke_key],
            middleware=[authenticated],
            dependencies={"who": WHO},
            security=SECURITY,
        ),
    ],
    **_common,
)
