"""For those who run a gateway: is it alive, should requests come here, and how is it doing."""

from __future__ import annotations

import hmac
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

import gateway
from gateway.domain.errors import GatewayError
from gateway.kit import process
from gateway.services.health import Load
from gateway.surfaces.http import bearer_of, caller_ip, header, iso, services

AnyRequest = Request[Any, Any, Any]
_FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip")


class Alive(Struct, frozen=True, rename="camel"):
    """The process answers."""

    status: str
    timestamp: str
    db_provider: str


class AliveInDetail(Alive, frozen=True, rename="camel"):
    """The process answers. `uptime` in seconds; nothing here is ever reloaded while it runs."""

    uptime: float
    environment: str
    hot_reload: bool
    version: str


class Ready(Struct, frozen=True):
    """Whether requests should come here. `problems` maps a part to a sentence."""

    status: str
    problems: dict[str, str]


class Refusal(Struct, frozen=True):
    """Why not."""

    error: str
    code: str


@get("/health", summary="Is the process alive")
async def health(request: AnyRequest) -> AliveInDetail:
    """Answers as long as the process does; asks neither the database nor anybody else."""
    given = services(request)
    return AliveInDetail(
        status="ok",
        timestamp=iso(datetime.now(UTC)),
        db_provider=given.health.database,
        uptime=round(process.uptime(), 3),
        environment=given.settings.environment,
        hot_reload=False,
        version=gateway.__version__,
    )


@get("/api/health", summary="The same, for clients of `/api/v1`")
async def api_health(request: AnyRequest) -> Alive:
    """Answers as long as the process does. Its word is another one, because older clients compare it."""
    return Alive(status="healthy", timestamp=iso(datetime.now(UTC)), db_provider=services(request).health.database)


@get(
    "/ready",
    summary="Should requests come here",
    responses={503: ResponseSpec(Ready, description="No, and why.", generate_examples=False)},
)
async def ready(request: AnyRequest) -> Response[Ready]:
    """Asks the database and the process lock; 503 with the problems while something is missing."""
    problems = (await services(request).health.readiness()).problems
    if problems:
        return Response(Ready(status="unavailable", problems=problems), status_code=503)
    return Response(Ready(status="ready", problems={}))


@get(
    "/metrics",
    summary="Prometheus metrics",
    media_type="text/plain",
    security=[{"MetricsToken": []}],
    responses={
        status: ResponseSpec(Refusal, description=words, generate_examples=False)
        for status, words in {401: "Not the METRICS_TOKEN.", 403: "Not from this machine."}.items()
    },
)
async def metrics(request: AnyRequest) -> Response[Any]:
    """Prometheus text. With METRICS_TOKEN set it asks for that as a bearer; without, it answers this machine only.

    A request that came through a proxy is not from this machine, unless TRUSTED_PROXIES says who it is from.
    """
    token = services(request).settings.metrics_token
    if token is not None:
        # Bytes, because compare_digest refuses texts beyond ASCII and the header may hold anything.
        if not hmac.compare_digest((bearer_of(request.scope) or "").encode(), token.reveal().encode()):
            return _refusal(401, "Send the METRICS_TOKEN as a bearer token.", "unauthenticated")
    elif not _from_this_machine(request):
        return _refusal(403, "Set METRICS_TOKEN to read metrics from elsewhere.", "forbidden")
    registry: CollectorRegistry = request.app.state.registry
    try:
        load: Load | None = await services(request).health.load()
    except GatewayError:
        load = None  # a scrape during an outage is worth most with what is left of it
    text = generate_latest(registry) + generate_latest(_Families(load))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def make_registry(collectors: Iterable[Any]) -> CollectorRegistry:
    """A registry of one application's own, with these collectors and what Python says about the process."""
    registry = CollectorRegistry()
    for each in (ProcessCollector, PlatformCollector, GCCollector):
        each(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return registry


class _Families:
    """What is asked at the moment of a scrape rather than counted along the way."""

    def __init__(self, load: Load | None) -> None:
        self._load = load

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(
            "gateway_build",
            "What runs here.",
            value={"version": gateway.__version__, "python": platform.python_version()},
        )
        load = self._load
        up = GaugeMetricFamily("gateway_database_up", "Whether the database answered this scrape.")
        up.add_metric([], 0 if load is None else 1)
        yield up
        if load is None:
            return
        sessions = GaugeMetricFamily("gateway_sessions", "Sessions, by state.", labels=["state"])
        for state, count in load.sessions.items():
            sessions.add_metric([state.value], count)
        yield sessions
        backlog = GaugeMetricFamily("gateway_inbox_backlog", "Events that wait for their commit.")
        backlog.add_metric([], load.inbox_backlog)
        yield backlog


def _from_this_machine(request: AnyRequest) -> bool:
    trusted = services(request).settings.trusted_proxies
    if not trusted and any(header(request.scope, name) is not None for name in _FORWARDED):
        return False
    try:
        return ip_address(caller_ip(request) or "").is_loopback
    except ValueError:
        return False


def _refusal(status: int, sentence: str, code: str) -> Response[Refusal]:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = Refusal(error=sentence, code=code)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


router = Router("/", route_handlers=[health, api_health, ready, metrics], tags=["operations"], security=[])
