"""Who is at the other end, when reverse proxies stand between."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAX_HOPS = 32
"""No honest chain is longer; what lies further left is ignored."""


def client_ip(peer: str, x_forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """The address of the caller: the nearest one that is not one of our own proxies.

    Each proxy appends the address it saw, so only what trusted proxies appended may be believed. The header is read
    from the right: a trusted hop vouches for the one to its left, the first untrusted one is the caller. Everything
    further left was written by the caller. A hop that is not an address ends the walk at the proxy that passed it on.

    `peer` is the socket's other end; without trusted proxies it is the answer. The answer is in canonical form:
    IPv4 inside IPv6 is IPv4, no brackets, no port, no zone. A peer that is no address (a unix socket) is given back
    as it is.
    """
    nearest = parse(peer)
    if nearest is None:
        return peer
    if not x_forwarded_for or not trusted:
        return str(nearest)
    for hop in reversed(x_forwarded_for.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
        if not within(nearest, trusted):
            break
        further = parse(hop)
        if further is None:
            break
        nearest = further
    return str(nearest)


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks. The other family's networks never match."""
    return any(address in network for network in networks)


@lru_cache(maxsize=4096)  # the same few callers come again and again
def parse(text: str) -> Address | None:
    """The address in one hop of a header: bare, in brackets, with a port, in quotes; None when there is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    text = text.partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
