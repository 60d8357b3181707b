"""How many requests there are, how they end and how long they take, by route."""

from __future__ import annotations

from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class RequestMetrics:
    """Counts requests by route template, never by path: what callers choose must not make new time series."""

    def __init__(self) -> None:
        self._requests = Counter(
            "gateway_http_requests",
            "Requests answered, by route and class of status.",
            ["method", "route", "status"],
            registry=None,
        )
        self._seconds = Histogram(
            "gateway_http_request_seconds",
            "Seconds from the request to the end of the answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=None,
        )
        self.metrics = (self._requests, self._seconds)
        # prometheus_client finds a labelled child by building a tuple of strings each time; this remembers the child.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, measured."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            status = 500
            began = perf_counter()

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, watched)
            finally:
                counter, histogram = self._child(scope, status // 100)
                counter.inc()
                histogram.observe(perf_counter() - began)

        return measured

    def _child(self, scope: HTTPScope, status: int) -> tuple[Counter, Histogram]:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # Litestar notes the template while routing; without one the path is unknown.
        key = (method, scope.get("path_template") or "unknown", status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = (
                self._requests.labels(key[0], key[1], f"{status}xx"),
                self._seconds.labels(key[0], key[1]),
            )
        return child
