"""Rate limits by class of route: `opt={"rate": RateClass.STRICT}` on a handler, `rated` among a router's middleware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.errors import TooManyRequests
from gateway.services.limits import RateClass
from gateway.surfaces.http import iso

if TYPE_CHECKING:
    from gateway.domain.tenants import Principal
    from gateway.services.services import Services

RATE_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
STRICT = {"rate": RateClass.STRICT}
MODERATE = {"rate": RateClass.MODERATE}
LENIENT = {"rate": RateClass.LENIENT}
COMPANY = {"rate": RateClass.COMPANY}
STRESS = {"rate": RateClass.STRESS}


def rated(app: ASGIApp) -> ASGIApp:
    """Middleware, behind `authenticated`: so many calls of a route by one credential in a window.

    What is left is told in `X-RateLimit-*`. Raises TooManyRequests.
    """

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        handler = scope["route_handler"]
        rate: RateClass | None = handler.opt.get("rate")
        if rate is None:
            await app(scope, receive, send)
            return
        given: Services = scope["litestar_app"].state.services
        who: Principal = scope["user"]
        allowance = given.route_limiter.take(who, str(handler), rate)
        if allowance is None:
            await app(scope, receive, send)
            return
        if not allowance.granted:
            raise TooManyRequests(
                f"This route takes {allowance.limit} requests in a window; wait until it is over.",
                retry_after=allowance.resets_in,
            )
        resets_at = datetime.now(UTC) + timedelta(seconds=allowance.resets_in)
        values = (str(allowance.limit), str(allowance.remaining), iso(resets_at))
        told = [(name.encode(), value.encode()) for name, value in zip(RATE_HEADERS, values, strict=True)]

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *told]
            await send(message)

        await app(scope, receive, telling)

    return count
