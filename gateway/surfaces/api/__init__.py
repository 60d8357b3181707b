"""Surface A: `/api`, camelCase. `router` is all of it."""

from typing import Any

from litestar import Router

from gateway.surfaces.api import (
    auth,
    calls,
    channels,
    chats,
    contacts,
    databases,
    events,
    groups,
    history,
    instances,
    jobs,
    login,
    people,
    reading,
    socket,
    usage,
    usage_limits,
    users,
    webhooks,
    whatsapp,
    whatsapp_simple,
)
from gateway.surfaces.api.documented import SECURITY
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS, refuse
from gateway.surfaces.http import BODY_LIMIT, WHO, StrictRequest, authenticated

__all__ = ["EXCEPTION_HANDLERS", "refuse", "router"]


def _behind_login(path: str, handlers: list[Any], tag: str) -> Router:
    return Router(
        path,
        route_handlers=handlers,
        tags=[tag],
        security=SECURITY,
        middleware=[authenticated],
        dependencies={"who": WHO},
        request_class=StrictRequest,
        request_max_body_size=BODY_LIMIT,
        exception_handlers=EXCEPTION_HANDLERS,
    )


router = Router(
    "/",
    route_handlers=[
        auth.router,
        users.router,
        webhooks.router,
        _behind_login("/api/instances", instances.HANDLERS, "instances"),
        _behind_login("/api/instances", login.HANDLERS, "instances"),
        _behind_login("/api/instances", history.HANDLERS, "history"),
        _behind_login("/api/instances", events.HANDLERS, "history"),
        _behind_login("/api/instances", contacts.HANDLERS, "contacts"),
        _behind_login("/api/instances", chats.HANDLERS, "chats"),
        _behind_login("/api/instances", reading.HANDLERS, "chats"),
        _behind_login("/api/instances", people.HANDLERS, "people"),
        _behind_login("/api/instances", groups.HANDLERS, "groups"),
        _behind_login("/api/instances", channels.HANDLERS, "channels"),
        _behind_login("/api/instances", calls.HANDLERS, "calls"),
        _behind_login("/api/instances", socket.HANDLERS, "instances"),
        _behind_login("/api/whatsapp-simple", whatsapp_simple.HANDLERS, "messaging"),
        _behind_login("/api/whatsapp", whatsapp.HANDLERS, "messaging"),
        _behind_login("/api", usage_limits.HANDLERS, "usage limits"),
        _behind_login("/api/jobs", jobs.HANDLERS, "jobs"),
        _behind_login("/api/db", databases.HANDLERS, "database"),
        _behind_login("/api/stats", usage.HANDLERS, "statistics"),
    ],
)
