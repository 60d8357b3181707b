"""What every HTTP surface shares: who is asking, from where, what they sent, and the status of a refusal. No routes.

How a surface uses it: `middleware=[authenticated]` on a router puts the Principal into the scope before the body is
read (so that a stranger's bad JSON is 401, not 400), `dependencies={"who": WHO}` hands it to handlers as `who: Who`,
and `request_class=StrictRequest` checks bodies against their Structs. The app as a whole is wrapped in `edge`.
"""

from __future__ import annotations

import itertools
import math
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import ValidationException
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from gateway.domain import errors
from gateway.domain.tenants import Principal
from gateway.kit.proxies import client_ip

if TYPE_CHECKING:
    from gateway.services.services import Services

BODY_LIMIT = 1024 * 1024
"""Bytes of a JSON body; uploads set their own."""

_Connection = ASGIConnection[Any, Any, Any, Any]
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an escaped NUL, and not an escaped backslash before "u0000"
_PATH_IN_ERROR = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
T = TypeVar("T")


# ---------------------------------------------------------------- who, and from where


def services(connection: _Connection) -> Services:
    """The use cases, as the composition root put them into the app's state."""
    given: Services = connection.app.state.services
    return given


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this (lower-case) name, or None. Reads the raw list: far cheaper than building a mapping."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def bearer_of(scope: Scope) -> str | None:
    """What stands after `Bearer` in Authorization; any other scheme counts as nothing."""
    value = header(scope, b"authorization")
    if value is None or value[:7].lower() != "bearer ":
        return None
    return value[7:].strip() or None


def caller_ip(connection: _Connection) -> str | None:
    """The caller's address, looking through the proxies we trust and no others."""
    return _caller_ip(connection.scope, services(connection))


def _caller_ip(scope: Scope, given: Services) -> str | None:
    client = scope["client"]
    if client is None:
        return None
    trusted = given.settings.trusted_proxies
    if not trusted:
        return client_ip(client[0], None, ())
    hops = b",".join(value for key, value in scope["headers"] if key == b"x-forwarded-for")
    return client_ip(client[0], hops.decode("latin-1"), trusted)


def authenticated(app: ASGIApp, *, bot_tokens: bool = False, openable: bool = False) -> ASGIApp:
    """Middleware: only requests with a valid credential and within its rate get through.

    `bot_tokens`: the token of a Telegram instance's bot is one, too. `openable`: MANAGER_OPEN=true lets programs in
    that show none.

    Raises Unauthenticated, Forbidden (allow-list), TooManyRequests, and Unavailable for what would change something
    during a switch of the database. A middleware rather than a guard: Litestar
    copies the route handler for every guard it calls, which alone costs three times as much.
    """

    async def recognise(scope: Scope, receive: Receive, send: Send) -> None:
        given: Services = scope["litestar_app"].state.services
        if scope.get("method") not in _READING:
            await given.door.passed()
        bearer, api_key = bearer_of(scope), header(scope, b"x-api-key")
        if openable and given.settings.manager_open and not (bearer or api_key or _from_a_page(scope)):
            who = await given.auth.anybody()
        else:
            who = await given.auth.authenticate(
                bearer=bearer, api_key=api_key, ip=_caller_ip(scope, given), bot_tokens=bot_tokens
            )
        given.limiter.check(who)
        given.key_usage.note(who)
        scope["user"] = who
        # No id, name or word of ours holds a NUL, and PostgreSQL takes none.
        if "\0" in scope["path"]:
            raise errors.NotFound("Not found")
        if b"%00" in scope["query_string"]:
            raise errors.InvalidInput("The query must not hold NUL characters")
        await app(scope, receive, send)

    return recognise


def _from_a_page(scope: Scope) -> bool:
    """Whether a browser sent this: any page in it can make it ask an address of its own machine or network."""
    return any(header(scope, name) is not None for name in (b"origin", b"sec-fetch-site", b"referer"))


def provide_principal(request: Request[Any, Any, Any]) -> Principal:
    """Who this request is. For routes behind `authenticated`."""
    who: Principal = request.scope["user"]
    return who


WHO = Provide(provide_principal, sync_to_thread=False)
"""The provider behind `who`: `dependencies={"who": WHO}` on a router."""

Who: TypeAlias = NamedDependency[SkipValidation[Principal]]
"""The type of a handler's parameter `who`: the Principal, which needs no second check on its way."""


# ---------------------------------------------------------------- what they sent


class StrictRequest(Request[Principal, Any, State]):
    """Decodes a JSON body straight into the handler's Struct, strictly: "3" is no number.

    Raises InvalidInput naming the field for a wrong type, and for a form where JSON is expected.
    """

    async def json(self) -> Any:
        """The body as the handler's `data` type."""
        content_type = (header(self.scope, b"content-type") or "").encode("latin-1").lower()
        if content_type.startswith(_FORMS):
            raise errors.InvalidInput("Send JSON, with Content-Type: application/json", code="not_json")
        field = self.route_handler.parsed_data_field
        return decode(await self.body(), field.annotation if field else Any)


def decode(body: bytes, kind: Any) -> Any:
    """A JSON text as `kind`. Raises InvalidInput, naming the field where there is one."""
    if b"u0000" in body and _NUL.search(body):
        raise errors.InvalidInput("Texts must not hold NUL characters")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        text = str(problem)
        place = _PATH_IN_ERROR.search(text)
        reason = _PATH_IN_ERROR.sub("", text)
        path = place[1] if place else ""
        raise errors.InvalidInput(f"{path}: {reason}" if path else reason, field=path or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise errors.InvalidInput(f"The body is not valid JSON: {problem}", code="malformed_json") from None


@contextmanager
def fields_named(names: dict[str, str]) -> Iterator[None]:
    """Refusals inside name their field as it is called on the wire of this route: `{"url": "webhookUrl"}`."""
    try:
        yield
    except errors.InvalidInput as refusal:
        refusal.field = names.get(refusal.field or "", refusal.field)
        raise


class Page(NamedTuple):
    """A window on a list."""

    limit: int
    skip: int


def page_of(limit: int | None, skip: int | None, *, default: int = 50, most: int = 500) -> Page:
    """A window of at most `most`; asking for more gives that many. Raises InvalidInput for negative numbers."""
    limit = default if limit is None else limit
    skip = skip or 0
    if limit < 1:
        raise errors.InvalidInput("limit must be 1 or more", field="limit")
    if not 0 <= skip < 2**31:
        raise errors.InvalidInput("skip must be 0 or more", field="skip")
    return Page(min(limit, most), skip)


def moment_of(text: str | None, field: str) -> datetime | None:
    """An ISO 8601 date or time as aware UTC; what has no zone is UTC. Raises InvalidInput naming `field`."""
    if not text:
        return None
    try:
        # A "+" of a zone arrives as a space when the caller forgot to encode it.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise errors.InvalidInput(
            f"{field} must be an ISO 8601 date or time, such as 2026-01-31T12:00:00Z", field=field
        ) from None


def day_of(text: str | None, field: str) -> date | None:
    """An ISO 8601 date, or the UTC date of a time. Raises InvalidInput naming `field`."""
    moment = moment_of(text, field)
    return moment.date() if moment else None


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as JavaScript writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def maybe_iso(moment: datetime | None) -> str | None:
    """The same, keeping None."""
    return None if moment is None else iso(moment)


# ---------------------------------------------------------------- what went wrong

_STATUS: tuple[tuple[type[errors.GatewayError], int], ...] = (
    (errors.InvalidInput, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.TooManyRequests, 429),
    (errors.NetworkRefused, 502),
    (errors.NetworkUnreachable, 504),
    (errors.NotConnected, 503),
    (errors.Unavailable, 503),
)


def status_of(refusal: errors.GatewayError) -> int:
    """The HTTP status that a refusal has by its class. A dialect may differ where its clients expect so."""
    return next((status for kind, status in _STATUS if isinstance(refusal, kind)), 500)


def from_validation(request: Request[Any, Any, Any], problem: ValidationException) -> errors.InvalidInput:
    """Litestar's own complaint about a parameter, or about a body that is not there, in our words."""
    extra = problem.extra if isinstance(problem.extra, list) and problem.extra else [{}]
    first = extra[0] if isinstance(extra[0], dict) else {}
    message, key = str(first.get("message", "The request is not valid")), first.get("key")
    if key == "data" or (not key and "`data`" in message):  # a body that is there is judged by StrictRequest
        return errors.InvalidInput("A JSON body is required")
    if key:
        # Litestar names the handler's argument, which may be called otherwise on the wire.
        argument = request.route_handler.parsed_fn_signature.parameters.get(key)
        key = getattr(argument and argument.kwarg_definition, "name", None) or key
    return errors.InvalidInput(f"{key}: {message}" if key else message, field=key)


def headers_of(refusal: errors.GatewayError) -> dict[str, str]:
    """The headers that go with a refusal: when to come back, how to say who one is."""
    if isinstance(refusal, errors.TooManyRequests | errors.Unavailable):
        return {"Retry-After": str(max(1, math.ceil(refusal.retry_after)))}
    if isinstance(refusal, errors.Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def request_id(scope: Scope) -> str:
    """The id of this request, as in the log and in `X-Request-Id`."""
    return str(scope.get("request_id", ""))


# ---------------------------------------------------------------- around everything

_PROTECTION: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
_STARTED = secrets.token_hex(4).encode()
_COUNT = itertools.count(1)
"""A request's own id is this process's random half and a count: it has to be unique, and not to be secret."""
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_JSON = (b"content-type", b"application/json")
_JSON_IN_UTF_8 = (b"content-type", b"application/json; charset=utf-8")


def edge(app: ASGIApp, *, https: bool = False) -> ASGIApp:
    """The outermost layer: gives every request an id and every answer, errors included, its protective headers.

    A header that the answer has already (a page with its own policy) is left alone; only JSON of our own making is
    said to be UTF-8, as clients of Express APIs expect. `https` says that callers reach us by TLS, whoever ends it.
    A caller's `X-Request-Id` is kept when it is harmless to log.
    """
    protection = (*_PROTECTION, _HSTS) if https else _PROTECTION

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        own = given.encode("latin-1") if given else b""
        if not _REQUEST_ID.fullmatch(own):
            own = b"%s%08x" % (_STARTED, next(_COUNT) & 0xFFFFFFFF)
        scope["request_id"] = text = own.decode()  # type: ignore[typeddict-unknown-key]  # ASGI allows additions

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                present = {name.lower() for name, _ in headers}
                # A file that somebody sent goes out as it is: who knows in what letters it was written.
                if _JSON in headers and b"content-disposition" not in present:
                    headers[headers.index(_JSON)] = _JSON_IN_UTF_8
                headers += [pair for pair in protection if pair[0] not in present]
                headers.append((b"x-request-id", own))
                message["headers"] = headers
            await send(message)

        # Never unbound: the server gives every request a task, and so a context, of its own.
        bind_contextvars(request_id=text)
        await app(scope, receive, protected)

    return guarded
