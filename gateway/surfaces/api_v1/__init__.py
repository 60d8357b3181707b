"""Surface B: `/api/v1`, snake_case: the Instance Manager. `router` is all of it, but for `older_paths`."""

from functools import partial
from typing import Any

from litestar import Router
from litestar.types import ExceptionHandlersMap

from gateway.surfaces.api_v1 import (
    batch,
    bulks,
    caches,
    chats,
    company,
    groups,
    history,
    inbound,
    instances,
    lifecycle,
    login,
    logs,
    media,
    multi_provider,
    refusals,
    resources,
    root,
    sending,
    status,
    stored_messages,
    telegram,
    telegram_chats,
    telegram_sending,
    webhooks,
)
from gateway.surfaces.api_v1 import older_paths as _older_paths
from gateway.surfaces.api_v1.addressed import INSTANCE, PUBLIC_INSTANCE
from gateway.surfaces.api_v1.documented import SECURITY
from gateway.surfaces.api_v1.errors import EXCEPTION_HANDLERS, refuse
from gateway.surfaces.api_v1.rates import rated
from gateway.surfaces.http import BODY_LIMIT, WHO, StrictRequest, authenticated

__all__ = ["EXCEPTION_HANDLERS", "PATH", "older_paths", "refuse", "router"]

PATH = "/api/v1"


def manager(path: str, handlers: list[Any], tag: str) -> Router:
    """Routes for whoever manages instances: by credential, or open where MANAGER_OPEN says so."""
    return Router(
        path,
        route_handlers=handlers,
        tags=[tag],
        security=SECURITY,
        middleware=[partial(authenticated, openable=True), rated],
        dependencies={"who": WHO},
        request_class=StrictRequest,
        request_max_body_size=BODY_LIMIT,
        exception_handlers=EXCEPTION_HANDLERS,
    )


def of_instance(
    path: str,
    handlers: list[Any],
    tag: str,
    *,
    bot_tokens: bool = False,
    exception_handlers: ExceptionHandlersMap = EXCEPTION_HANDLERS,
) -> Router:
    """Routes of one instance, which its key selects: see `addressed`. `bot_tokens`: its bot's token does, too."""
    return Router(
        path,
        route_handlers=handlers,
        tags=[tag],
        security=SECURITY,
        middleware=[partial(authenticated, bot_tokens=bot_tokens), rated],
        dependencies={"who": WHO, "instance": INSTANCE},
        request_class=StrictRequest,
        request_max_body_size=BODY_LIMIT,
        exception_handlers=exception_handlers,
    )


def of_anybody(
    path: str, handlers: list[Any], tag: str, *, exception_handlers: ExceptionHandlersMap = EXCEPTION_HANDLERS
) -> Router:
    """Routes that tell anybody how one instance is doing, and nothing else."""
    return Router(
        path,
        route_handlers=handlers,
        tags=[tag],
        security=[],
        dependencies={"instance": PUBLIC_INSTANCE},
        exception_handlers=exception_handlers,
    )


_FOR_PROGRAMS = partial(of_instance, tag="programs", exception_handlers=refusals.EXCEPTION_HANDLERS)
_FOR_MONITORS = partial(of_anybody, tag="programs", exception_handlers=refusals.EXCEPTION_HANDLERS)
# Registered twice: these routes were below /api before they were below /api/v1.
_USED_BY_PROGRAMS = _FOR_PROGRAMS(
    "/", [*status.HANDLERS, *chats.HANDLERS, *sending.HANDLERS, *groups.HANDLERS, *media.HANDLERS]
)
_SEEN_BY_ANYBODY = _FOR_MONITORS("/", status.OPEN_HANDLERS)

_OF_BOTS = telegram.for_bots([*telegram.HANDLERS, *telegram_chats.HANDLERS, *telegram_sending.HANDLERS])

router = Router(
    PATH,
    route_handlers=[
        Router("/", route_handlers=root.HANDLERS, tags=["manager"], exception_handlers=EXCEPTION_HANDLERS),
        manager("/instances", instances.HANDLERS, "manager"),
        manager("/instances", batch.HANDLERS, "manager"),
        manager("/instances", lifecycle.HANDLERS, "manager"),
        manager("/instances", login.HANDLERS, "manager"),
        manager("/instances", history.HANDLERS, "manager"),
        manager("/company", company.HANDLERS, "manager"),
        _SEEN_BY_ANYBODY,
        _FOR_MONITORS("/", [status.health, status.status_by_name]),
        _USED_BY_PROGRAMS,
        _FOR_PROGRAMS("/", [status.qr, sending.send_by_name]),
        _FOR_PROGRAMS("/stored-messages", stored_messages.HANDLERS),
        manager("/resources", resources.HANDLERS, "manager"),
        manager("/resources", caches.HANDLERS, "manager"),
        manager("/logs", logs.HANDLERS, "manager"),
        _FOR_PROGRAMS("/", bulks.HANDLERS),
        of_instance("/telegram", bulks.HANDLERS, "telegram", bot_tokens=True),
        inbound.router,
        manager("/multi-provider", multi_provider.HANDLERS, "multi-provider"),
        of_anybody("/telegram", telegram.PUBLIC_HANDLERS, "telegram"),
        of_instance("/telegram", _OF_BOTS, "telegram", bot_tokens=True),
        _FOR_PROGRAMS("/", webhooks.HANDLERS),
        of_instance("/telegram", webhooks.HANDLERS, "telegram", bot_tokens=True),
    ],
)

older_paths = Router(
    "/api", route_handlers=[_SEEN_BY_ANYBODY, _USED_BY_PROGRAMS, _FOR_PROGRAMS("/", _older_paths.HANDLERS)]
)
"""Routes of one instance at the paths of earlier versions. `/api/health` is not among them: it is the gateway's own."""
