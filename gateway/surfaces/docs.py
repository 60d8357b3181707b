"""`/docs`: the OpenAPI document and a page that shows it. The page loads nothing from another host.

Swagger UI lies in `static/`, as its publisher ships it; see the NOTICE there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Tag
from litestar.params import FromPath
from litestar.response import Redirect

import gateway

_STATIC = Path(__file__).parent / "static"
_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "docs.js": "text/javascript",
    "docs.css": "text/css",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
"""Swagger UI writes inline styles; scripts come from here only, and the page talks to nobody but this gateway."""

_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Messaging gateway API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
<link rel="stylesheet" href="/docs/static/docs.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the document is <a href="/docs/openapi.json">/docs/openapi.json</a>.</noscript>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/static/docs.js"></script>
</body>
</html>
"""

_DESCRIPTION = """One HTTP API for many messenger accounts.

Every request but the log-in carries a credential: `x-api-key: <key>`, or `Authorization: Bearer <token>` with the token
of `POST /api/auth/login` or the key of one instance.
Refusals are `{"error": "<what and what next>", "code": "<stable code>"}`, with `field` when one is to blame.
Times are ISO 8601 in UTC with milliseconds."""

_TAGS = (
    Tag(name="auth", description="Logging in, one's own password and API keys."),
    Tag(name="users", description="Who may use this gateway; for administrators."),
    Tag(name="instances", description="A presence on a messenger network: made, changed, connected, removed."),
    Tag(name="messaging", description="An instance as programs use it. `whatsapp` is a name; every network is meant."),
    Tag(name="chats", description="Whom an instance knows, what was said, and what can be done to a message."),
    Tag(name="history", description="What happened to an instance."),
    Tag(name="webhooks", description="URLs that are told what happens, and what each was told."),
    Tag(name="manager", description="The Instance Manager's `/api/v1`: the same instances in another dialect."),
    Tag(
        name="programs",
        description="One instance of `/api/v1` as programs use it. Its key as bearer selects it; a person names it in"
        " `X-Instance-Id` or `?instance_id=`.",
    ),
    Tag(name="statistics", description="What was counted."),
    Tag(name="hooks", description="Where networks bring their news."),
    Tag(name="operations", description="Is it alive, is it ready, how is it doing."),
)


class _Page(OpenAPIRenderPlugin):
    """Swagger UI, with everything it needs on this host."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - the page fetches the document itself
        return _PAGE


def make_config() -> OpenAPIConfig:
    """The document of the whole application, with its page at `/docs` and itself at `/docs/openapi.json`."""
    return OpenAPIConfig(
        title="Messaging gateway",
        version=gateway.__version__,
        description=_DESCRIPTION,
        license=License(name="MIT", identifier="MIT"),
        use_handler_docstrings=True,
        tags=list(_TAGS),
        components=Components(
            security_schemes={
                "ApiKey": SecurityScheme(type="apiKey", name="x-api-key", security_scheme_in="header"),
                "BearerToken": SecurityScheme(
                    type="http", scheme="bearer", description="A login token, or the key of one instance."
                ),
                "MetricsToken": SecurityScheme(type="http", scheme="bearer", description="METRICS_TOKEN."),
            }
        ),
        openapi_router=Router(
            "/docs",
            route_handlers=[],
            include_in_schema=False,
            response_headers={"Content-Security-Policy": _POLICY},
        ),
        render_plugins=[_Page(), JsonRenderPlugin(path="/openapi.json", media_type=MediaType.JSON)],
    )


@get("/docs/static/{name:str}", include_in_schema=False)
async def static(name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    media_type = _TYPES.get(name)
    if media_type is None:
        raise NotFoundException
    data = await asyncio.to_thread((_STATIC / name).read_bytes)
    return Response(data, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


@get("/", include_in_schema=False, status_code=307)
async def home() -> Redirect:
    """The address itself, which is what people open first."""
    return Redirect("/docs")


def make_handlers() -> list[Any]:
    """The routes around the page; `make_config` brings the page itself and the document."""
    return [home, static]
