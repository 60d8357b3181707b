"""Which addresses are public: every special family is a row."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.addresses import is_public, may_reach, parse_address, parse_networks

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "192.0.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
]
PUBLIC += ["2606:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "2001:200::1", "::ffff:8.8.8.8"]

NOT_PUBLIC = {
    "loopback": ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "unspecified, which Linux connects to itself": ["0.0.0.0", "0.1.2.3", "::"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1"],
    "carrier NAT and a metadata service in it": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "link-local and metadata": ["169.254.0.1", "169.254.169.254", "fe80::1", "fd00:ec2::254", "fd20:ce::254"],
    "scope ids": ["fe80::1%eth0", "2606:4700::1111%1", "::1%lo"],
    "cloud host agents on odd addresses": ["168.63.129.16", "192.0.0.192"],
    "protocol assignments": [
        "192.0.0.1",
        "192.0.0.9",
        "192.0.0.10",
        "192.0.0.170",
        "192.0.0.171",
        "2001:1::1",
        "2001:20::1",
    ],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.7", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "233.252.0.16", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255"],
    "6to4 relay": ["192.88.99.1"],
    "IPv4-mapped": [
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "::ffff:168.63.129.16",
        "::ffff:7f00:1",
    ],
    "IPv4-compatible": ["::127.0.0.1", "::7f00:1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:7f00:1", "::ffff:0:808:808"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "64:ff9b:1::a9fe:a9fe"],
    "6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::", "2002:808:808::1"],
    "Teredo": ["2001:0:7f00:1::1", "2001::1"],
    "ISATAP": ["2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1"],
    "site-local": ["fec0::1"],
    "segment routing": ["5f00::1"],
    "discard": ["100::1"],
    "outside what IANA has handed out": ["4000::1", "8000::1", "c000::1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_may_be_reached(address: str) -> None:
    assert may_reach(ip_address(address))


@pytest.mark.parametrize(
    "address", [pytest.param(a, id=f"{family}: {a}") for family, addresses in NOT_PUBLIC.items() for a in addresses]
)
def test_a_special_address_may_not_be_reached(address: str) -> None:
    assert not may_reach(ip_address(address))


@pytest.mark.parametrize(
    "spelling",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "①②⑦.⓪.⓪.①",
        "127.0.0.1.",
        "[::1]",
    ],
)
def test_only_the_canonical_notation_is_an_address(spelling: str) -> None:
    assert parse_address(spelling) is None


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_an_ipv4_address_is_judged_alike_in_its_mapped_form(number: int) -> None:
    plain = IPv4Address(number)
    assert is_public(IPv6Address(f"::ffff:{plain}")) == is_public(plain)


@given(st.integers(min_value=0, max_value=2**32 - 1), st.sampled_from(["::", "64:ff9b::", "::ffff:0:0:0"]))
def test_no_other_way_to_carry_an_ipv4_address_is_public(number: int, prefix: str) -> None:
    assert not is_public(IPv6Address(int(IPv6Address(prefix)) + number))


def test_an_opened_range_may_be_reached_and_nothing_beside_it() -> None:
    opened = parse_networks("127.0.0.0/8, ::1 ,10.1.0.0/16,")
    for address in ("127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1"):
        assert may_reach(ip_address(address), opened)
    for address in ("10.2.0.1", "::2", "::7f00:1", "64:ff9b::7f00:1", "169.254.169.254"):
        assert not may_reach(ip_address(address), opened)


def test_a_scope_id_is_refused_even_in_an_opened_range() -> None:
    assert may_reach(ip_address("fe80::1"), parse_networks("fe80::/10"))
    assert not may_reach(ip_address("fe80::1%eth0"), parse_networks("fe80::/10"))


@pytest.mark.parametrize("ranges", ["127.0.0.1/8", "localhost", "10.0.0.0/33", "127.1"])
def test_what_is_no_range_is_named(ranges: str) -> None:
    with pytest.raises(ValueError, match=ranges.split("/", maxsplit=1)[0]):
        parse_networks(ranges)
