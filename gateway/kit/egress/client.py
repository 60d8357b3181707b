"""The client itself: one aiohttp session whose every connection leads to an admitted address."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final, NamedTuple, Self

import aiohttp
from yarl import URL

from gateway.kit.egress.answers import Fetched, Reply, VettedResponse, limit_headers, peer_of, read_at_most, read_file
from gateway.kit.egress.endings import ENDINGS, NotAdmitted, named, unresolved
from gateway.kit.egress.lookup import Lookup, VettingResolver, system_lookup
from gateway.kit.egress.policy import EgressFailed, EgressPolicy, check_url

MAX_HEADERS: Final = 64
MAX_HEADER_LINE: Final = 8190

# Below the 5 s after which Node's HTTP server drops an idle connection, the shortest of the common servers:
# a POST written into a connection that is just being closed fails, and may not be repeated blindly.
_KEEP_ALIVE_SECONDS: Final = 4.0

_LOOKUP_THREADS: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class _Opened(NamedTuple):
    session: aiohttp.ClientSession
    resolver: VettingResolver
    threads: ThreadPoolExecutor


class Egress:
    """The client. Open it with `async with`, once per process; its methods may be called concurrently.

    `lookup` and `ssl_context` are for tests and for deployments with their own resolver or authorities.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        lookup: Lookup | None = None,
        ssl_context: ssl.SSLContext | None = None,
        user_agent: str = "gateway",
    ) -> None:
        self.policy = policy
        self._lookup = lookup
        self._ssl = ssl_context
        self._user_agent = user_agent
        self._check = functools.lru_cache(maxsize=4096)(functools.partial(check_url, policy=policy))
        self._open: _Opened | None = None

    async def __aenter__(self) -> Self:
        # A name server that never answers holds a thread for tens of seconds; these are ours alone, so that it
        # cannot hold up whatever else runs in the loop's default executor.
        threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="egress-lookup")
        lookup = self._lookup or functools.partial(system_lookup, executor=threads)
        resolver = VettingResolver(lookup, self.policy)
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            # Nothing is kept, but requests to one host at the same moment share one lookup.
            use_dns_cache=True,
            ttl_dns_cache=0,
            socket_factory=self._vetted_socket,
            ssl=self._ssl if self._ssl is not None else _ssl_context(),
            limit=0,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity", "Accept": "*/*"},
            skip_auto_headers=("Content-Type",),
            auto_decompress=False,
            trust_env=False,
            raise_for_status=False,
            response_class=VettedResponse,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            max_headers=MAX_HEADERS,
        )
        self._open = _Opened(session, resolver, threads)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await opened.session.close()
            opened.threads.shutdown(wait=False, cancel_futures=True)

    async def vet(self, url: str, *, total_timeout: float = 5.0) -> URL:
        """Check a URL when it is registered: its form, and every address its host has now. Nothing is sent.

        Passing is no promise for later; each connection is checked again. Raises `EgressRefused`, or
        `EgressFailed` with reason `dns` or `timeout`.
        """
        checked = self._check(url)
        host = checked.raw_host or ""
        # An address in the URL itself was checked with the URL.
        if not self.policy.admits(host):
            try:
                async with asyncio.timeout(total_timeout):
                    await self._opened.resolver.vetted(host, checked.port or 0)
            except TimeoutError as error:
                raise named(error, checked) from None
            except OSError:
                raise unresolved(checked) from None
        return checked

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        total_timeout: float = 20.0,
        max_response: int = 16_384,
    ) -> Reply:
        """Send `body` once and return the answer, whatever its status. Redirects are answers too.

        `headers` are sent as given; pass those a customer chose through `check_user_headers` first. Seconds:
        `connect_timeout` covers lookup, connection and TLS, `read_timeout` each wait for bytes,
        `total_timeout` everything. At most `max_response` bytes of the answer are kept.
        """
        started = time.monotonic()
        checked = self._check(url)
        timeout = aiohttp.ClientTimeout(connect=connect_timeout, sock_connect=connect_timeout, sock_read=read_timeout)
        try:
            async with asyncio.timeout(total_timeout):
                async with self._request("POST", checked, timeout, headers, body) as response:
                    limit_headers(response)
                    kept = await read_at_most(response, max_response)
                    return Reply(
                        status=response.status,
                        body=kept[:max_response],
                        truncated=len(kept) > max_response,
                        retry_after=response.headers.get("Retry-After"),
                        content_type=response.headers.get("Content-Type"),
                        address=peer_of(response),
                        elapsed=time.monotonic() - started,
                    )
        except ENDINGS as error:
            raise named(error, checked) from None

    async def fetch(self, url: str, *, max_bytes: int, total_timeout: float = 60.0, max_redirects: int = 3) -> Fetched:
        """Get a whole file of at most `max_bytes`, following redirects each of which is checked like the first URL.

        Raises `EgressFailed` with reason `too_large`, `status` (anything but 200) or `redirects` besides the
        usual ones. A compressed answer is refused (`protocol`): it was asked for plain, and is never inflated.
        """
        current = self._check(url)
        timeout = aiohttp.ClientTimeout(connect=5.0, sock_connect=5.0, sock_read=15.0)
        try:
            async with asyncio.timeout(total_timeout):
                for _ in range(max_redirects + 1):
                    async with self._request("GET", current, timeout) as response:
                        limit_headers(response)
                        if response.status not in _REDIRECTS:
                            return await read_file(response, current, max_bytes)
                        location = response.headers.get("Location", "")
                        response.close()
                    current = check_url(location, self.policy, base=current)
        except ENDINGS as error:
            raise named(error, current) from None
        raise EgressFailed("redirects", f"The file is behind more than {max_redirects} redirects; use its own URL.")

    def _request(
        self,
        method: str,
        url: URL,
        timeout: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._opened.session.request(
            method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        )

    @property
    def _opened(self) -> _Opened:
        if self._open is None:
            raise RuntimeError("Egress has to be opened with `async with` before it is used.")
        return self._open

    def _vetted_socket(self, info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
        # The last step before connect(): aiohttp does not ask its resolver about a host that is an address,
        # so this is the one place every road passes, whatever the steps before it made of the host.
        family, kind, protocol, _, destination = info
        if not self.policy.admits(str(destination[0])) or (len(destination) > 3 and destination[3]):
            raise NotAdmitted(errno.EACCES, "not an admitted address")
        return socket.socket(family, kind, protocol)


def default_ssl_context() -> ssl.SSLContext:
    """Certificates and names verified against the system's authorities, TLS 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the system's authorities takes 30 ms: once for the process.
    return default_ssl_context()
