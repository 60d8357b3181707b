"""Which IP addresses a customer-chosen URL may reach: the public internet, and ranges opened on purpose.

`ipaddress.is_global` alone is not enough: depending on the Python version it calls multicast, 6to4, NAT64,
site-local and several metadata addresses global, and each of those can be a road back into the private
network. So the rule is written the other way round: IPv6 must lie in the one block IANA hands out for global
unicast, nothing may lie in a special-purpose block, and `is_global` has to agree.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 4291 (IPv6 addressing), RFC 3056
(6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 6052 and RFC 8215 (NAT64). A NAT64 prefix private to one
network cannot be recognised; a network that runs one has to filter its own egress.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")

_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; some clouds keep their metadata service here
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent: an ordinary public address that answers as metadata
        "169.254.0.0/16",  # link-local, where most clouds keep their metadata service
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata service is 192.0.0.192
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relay anycast
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Inside global unicast; everything outside it (::/96, 64:ff9b::/96, fc00::/7, fe80::/10, fec0::/10,
# 5f00::/16, ff00::/8, ...) is refused already.
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them: it carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4: the next 32 bits are an IPv4 address
        "3fff::/20",
    )
)

# RFC 5214 section 6.1: an interface identifier 0000:5efe or 0200:5efe is followed by an IPv4 address.
_ISATAP = (0x00005EFE, 0x02005EFE)


def parse_networks(text: str) -> tuple[Network, ...]:
    """The ranges in a comma-separated list such as `127.0.0.0/8, ::1`; raises `ValueError` naming the bad one."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def parse_address(text: str) -> Address | None:
    """The address a text spells in its one canonical notation, or None when it is anything else.

    `127.1`, `2130706433` and `0177.0.0.1` are None here although `getaddrinfo` accepts them.
    """
    try:
        return ip_address(text)
    except ValueError:
        return None


def may_reach(address: Address, opened: tuple[Network, ...] = ()) -> bool:
    """Whether a customer may have us connect there: it is public, or lies in an opened range.

    An IPv4-mapped address counts as the IPv4 address it is. An address with a scope id (`fe80::1%eth0`)
    names a local wire and is never reachable, opened or not.
    """
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        address = address.ipv4_mapped or address
    if any(address in network for network in opened):
        return True
    return is_public(address)


def is_public(address: Address) -> bool:
    """Whether the address belongs to one host of the public internet, in every notation it may come in."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address not in _GLOBAL_UNICAST or any(address in block for block in _REFUSED_V6):
        return False
    return address.is_global and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
