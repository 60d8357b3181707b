"""Names to addresses for customer-chosen hosts: resolved once, and all may be reached or none is used."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.kit.egress.policy import EgressPolicy, EgressRefused

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to addresses as text. Raises `OSError` when there are none."""


async def system_lookup(host: str, port: int, *, executor: ThreadPoolExecutor | None = None) -> list[str]:
    """The addresses the operating system knows for a host, scope ids included so that they can be refused."""
    loop = asyncio.get_running_loop()
    find = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    answers = await loop.run_in_executor(executor, find)
    return [f"{to[0]}%{to[3]}" if len(to) > 3 and to[3] and "%" not in str(to[0]) else str(to[0]) for *_, to in answers]


class VettingResolver(AbstractResolver):
    """Answers with addresses that may all be connected to, or refuses the host."""

    def __init__(self, lookup: Lookup, policy: EgressPolicy) -> None:
        self._lookup = lookup
        self._policy = policy

    async def vetted(self, host: str, port: int) -> list[str]:
        addresses = list(dict.fromkeys(await self._lookup(host, port)))
        if not addresses:
            raise OSError("no address")
        if not all(self._policy.admits(address) for address in addresses):
            # The addresses stay unsaid: a customer must not learn what our name servers know.
            raise EgressRefused(
                "address_refused",
                f"{host} does not resolve to public addresses only; use a host the internet can reach.",
            )
        return addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - part of aiohttp's interface; both are wanted
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self.vetted(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held open between lookups."""
