"""How requests travel: with which credential, how often they are tried, and what becomes of the answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct, structs

from gateway.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable, refusal_of

T = TypeVar("T")

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TIMEOUT = 60.0
"""Seconds. A send waits for its turn in the instance's pace and then for the messenger network."""


class Retries(Struct, frozen=True, kw_only=True):
    """How patient a client is.

    What never left, and what was refused with 429, is always tried again. A request that may have been done is tried
    again only where doing it twice is the same as once: reading, and sending with an idempotency key. Those are also
    tried again after 503.
    """

    most: int = 3
    """Tries after the first one; 0 means none."""
    first_wait: float = 0.5
    """Seconds before the second try, doubled each time, ±20 %."""
    longest_wait: float = 30.0
    """Seconds. A `Retry-After` beyond it is not waited for: the refusal is raised, and says when to come back."""

    def wait_before(self, retry: int, asked: float | None) -> float | None:
        """Seconds before retry 1, 2, ...; None when it is not to be tried again."""
        if retry > self.most:
            return None
        if asked is not None:
            return asked if asked <= self.longest_wait else None
        wait = self.first_wait * 2.0 ** (retry - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads callers, hides nothing
        return min(wait, self.longest_wait)


class Transport:
    """One gateway and one credential; several may share a pool of connections."""

    def __init__(self, http: httpx.AsyncClient, url: str, headers: Mapping[str, str], retries: Retries) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._retries = retries

    def with_bearer(self, token: str) -> Transport:
        """The same gateway, asked with another credential."""
        return Transport(self._http, self._url, bearer(token), self._retries)

    async def ask(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str | None = None,
        repeat: bool | None = None,
    ) -> T:
        """The decoded answer. `key` is an idempotency key; `repeat`: doing it twice is as doing it once.

        Only what is not None is sent. Raises ClientError.
        """
        return decoded(await self.send(method, path, query=query, body=body, key=key, repeat=repeat), answer)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Mapping[str, Any] | None = None,
        key: str | None = None,
        repeat: bool | None = None,
    ) -> httpx.Response:
        """The answer as it came, its status 2xx. Raises ClientError."""
        more: dict[str, Any] = {"headers": self._headers | ({"Idempotency-Key": key} if key else {})}
        if query:
            more["params"] = {name: value for name, value in query.items() if value is not None}
        if files is not None:
            more["files"] = files
        elif body is not None:
            more["content"] = msgspec.json.encode(_without_nothing(body))
            more["headers"]["Content-Type"] = "application/json"
        repeatable = method == "GET" if repeat is None else repeat
        retry, problem = 0, ClientError()
        while True:
            asked: float | None = None
            try:
                answer = await self._http.request(method, self._url + path, **more)
                if answer.is_success:
                    return answer
                raise _unwanted(answer)
            except Refused as refused:
                again = refused.status == 429 or (repeatable and refused.status == 503)
                problem, asked = _after(refused, problem), refused.retry_after
            except httpx.TransportError as lost:
                unreachable = _unreachable(lost)
                again = repeatable or not unreachable.maybe_done
                problem = _after(unreachable, problem)
            retry += 1
            wait = self._retries.wait_before(retry, asked) if again else None
            if wait is None:
                raise problem
            await asyncio.sleep(wait)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Mapping[str, Any], headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """An answer that is read as it comes; tried once. Raises ClientError, also while it is read."""
        try:
            async with self._http.stream(
                "GET",
                self._url + path,
                params={name: value for name, value in query.items() if value is not None},
                headers=self._headers | dict(headers),
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _unwanted(answer)
                yield answer
        except httpx.TransportError as lost:
            raise _unreachable(lost) from lost

    async def pause(self, retry: int, asked: float | None = None) -> bool:
        """Wait before a further try, as long as was asked for; False when there have been enough."""
        wait = self._retries.wait_before(retry, asked)
        if wait is not None:
            await asyncio.sleep(wait)
        return wait is not None


class Client:
    """What the clients of both dialects have in common. Use it as an async context manager."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        timeout: float = _TIMEOUT,
        retries: Retries | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """`url` of the gateway; `api_key` of a user, or `token`: a login token or an instance's key.

        `timeout` in seconds is for each try; `http` is a client of yours to use instead of an own one, and stays open.
        Raises ValueError for an address that is none.
        """
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} should begin with http:// or https://")
        headers = bearer(token) if token else {}
        if api_key:
            headers["x-api-key"] = api_key
        self.url = url
        self.retries = retries or Retries()
        self._owned = http is None
        self._http = httpx.AsyncClient(timeout=timeout) if http is None else http
        self._transport = Transport(self._http, url, headers, self.retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        if self._owned:
            await self._http.aclose()


def bearer(token: str) -> dict[str, str]:
    """The header of a login token or an instance's key."""
    return {"Authorization": f"Bearer {token}"}


def part(text: str | int) -> str:
    """One part of a path, whatever is in it."""
    return quote(str(text), safe="")


def decoded(answer: httpx.Response, kind: type[T]) -> T:
    """An answer's JSON. Fields that this version does not know are left out. Raises UnexpectedAnswer."""
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(f"{answer.request.method} {answer.request.url.path}: {problem}") from None


def _without_nothing(body: Any) -> Any:
    fields = structs.asdict(body) if isinstance(body, Struct) else body
    return {name: value for name, value in fields.items() if value is not None}


def _unwanted(answer: httpx.Response) -> ClientError:
    if answer.status_code < 400:
        return UnexpectedAnswer(f"{answer.request.url.path} answered {answer.status_code}; is the address right?")
    return refusal_of(answer)


def _unreachable(lost: Exception) -> Unreachable:
    return Unreachable(f"{type(lost).__name__}: {lost}".rstrip(": "), maybe_done=not isinstance(lost, _NEVER_LEFT))


def _after(problem: ClientError, former: ClientError) -> ClientError:
    """A problem, and the one before it as its cause: why a repeat ended as it did is often told by the first try."""
    if former.args:
        problem.__cause__ = former
    return problem
