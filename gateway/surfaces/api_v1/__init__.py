"""Surface B: `/api/v1`, snake_case: the Instance Manager. `router` is all of it."""

from functools import partial
from typing import Any

from litestar import Router

from gateway.surfaces.api_v1 import batch, history, instances, lifecycle, login, root, webhooks
from gateway.surfaces.api_v1.addressed import INSTANCE, PUBLIC_INSTANCE
from gateway.surfaces.api_v1.documented import SECURITY
from gateway.surfaces.api_v1.errors import EXCEPTION_HANDLERS, refuse
from gateway.surfaces.api_v1.rates import rated
from gateway.surfaces.http import BODY_LIMIT, WHO, StrictRequest, authenticated

__all__ = ["EXCEPTION_HANDLERS", "PATH", "refuse", "router"]

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


def of_instance(path: str, handlers: list[Any], tag: str, *, bot_tokens: bool = False) -> Router:
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
        exception_handlers=EXCEPTION_HANDLERS,
    )


def of_anybody(path: str, handlers: list[Any], tag: str) -> Router:
    """Routes that tell anybody how one instance is doing, and nothing else."""
    return Router(
        path,
        route_handlers=handlers,
        tags=[tag],
        security=[],
        dependencies={"instance": PUBLIC_INSTANCE},
        exception_handlers=EXCEPTION_HANDLERS,
    )


router = Router(
    PATH,
    route_handlers=[
        Router("/", route_handlers=root.HANDLERS, tags=["manager"], exception_handlers=EXCEPTION_HANDLERS),
        manager("/instances", instances.HANDLERS, "manager"),
        manager("/instances", batch.HANDLERS, "manager"),
        manager("/instances", lifecycle.HANDLERS, "manager"),
        manager("/instances", login.HANDLERS, "manager"),
        manager("/instances", history.HANDLERS, "manager"),
        of_instance("/", webhooks.HANDLERS, "webhooks"),
        of_instance("/telegram", webhooks.HANDLERS, "webhooks", bot_tokens=True),
    ],
)
