"""The composition root: a running gateway and the surfaces around it, as one ASGI application."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp

from gateway.runtime import Gateway
from gateway.surfaces import api, api_v1, docs, hooks, ops
from gateway.surfaces.api_v1.rates import RATE_HEADERS
from gateway.surfaces.http import edge
from gateway.surfaces.measured import RequestMetrics


def _refuse(request: Request[Any, Any, Any], problem: Exception) -> Response[Any]:
    """What belongs to no router: paths that lead nowhere, in the dialect of the surface they would have been of."""
    path = request.scope["path"]
    of_v1 = path == api_v1.PATH or path.startswith(api_v1.PATH + "/")
    return (api_v1.refuse if of_v1 else api.refuse)(request, problem)


class _App(Litestar):
    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        # The stock list also loads pydantic and attrs when they are installed: 8 MB for models no route of ours has.
        return [*plugins, MsgspecDIPlugin()]


def make_app(gateway: Gateway) -> ASGIApp:
    """The HTTP application of a running gateway."""
    requests = RequestMetrics()
    app = make_routes(gateway, requests)
    base_url = gateway.settings.base_url
    return edge(requests.around(app), https=bool(base_url and base_url.startswith("https://")))


def make_routes(gateway: Gateway, requests: RequestMetrics) -> Litestar:
    """Every route, without what is around them; for those who want to look at the routes."""
    settings = gateway.settings
    app = _App(
        route_handlers=[
            api.router,
            api_v1.router,
            api_v1.older_paths,
            hooks.router,
            ops.router,
            *(docs.make_handlers() if settings.docs_enabled else ()),
        ],
        cors_config=CORSConfig(
            allow_origins=list(settings.cors_origin),
            allow_credentials=False,
            allow_headers=["authorization", "x-api-key", "content-type", "idempotency-key", "x-instance-id"],
            expose_headers=["x-request-id", "retry-after", *RATE_HEADERS],
        )
        if settings.cors_origin
        else None,
        openapi_config=docs.make_config() if settings.docs_enabled else None,
        exception_handlers={Exception: _refuse},
        logging_config=None,  # ours is set up by the kit; Litestar's would print every library's INFO lines
        debug=False,
    )
    app.state.services = gateway.services
    app.state.registry = ops.make_registry((*gateway.metrics, *requests.metrics))
    return app
