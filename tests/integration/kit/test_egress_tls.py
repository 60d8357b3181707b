"""Certificates and names are verified against the host of the URL, whatever address was pinned."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest

from gateway.kit.egress import Egress, EgressFailed
from gateway.kit.egress.client import default_ssl_context
from tests.integration.kit.conftest import OPENED, Names
from tests.simulators.certificates import Certificate
from tests.simulators.receiver import Receiver


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return Certificate("hook.example")


@pytest.fixture
async def secure(certificate: Certificate) -> AsyncIterator[Receiver]:
    async with Receiver(tls=certificate) as running:
        yield running


@pytest.fixture
async def trusting(certificate: Certificate) -> AsyncIterator[Egress]:
    context = certificate.trust(default_ssl_context())
    async with Egress(OPENED, lookup=Names(["127.0.0.1"]), ssl_context=context) as egress:
        yield egress


async def test_the_name_asked_for_and_the_host_header_stay_the_host_name(secure: Receiver, trusting: Egress) -> None:
    reply = await trusting.post(secure.url("/", host="hook.example"), b"", {})
    assert (reply.status, reply.address) == (200, "127.0.0.1")
    assert secure.server_names == ["hook.example"]
    assert secure.received("/")[0].headers["host"] == f"hook.example:{secure.port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_refused(secure: Receiver, trusting: Egress, host: str) -> None:
    with pytest.raises(EgressFailed, match=host) as failed:
        await trusting.post(secure.url("/", host=host), b"", {})
    assert failed.value.reason == "tls"
    assert secure.stats.requests == 0


async def test_a_certificate_nobody_vouches_for_is_refused(secure: Receiver) -> None:
    async with Egress(OPENED, lookup=Names(["127.0.0.1"])) as egress:
        with pytest.raises(EgressFailed, match="self-signed") as failed:
            await egress.post(secure.url("/", host="hook.example"), b"", {})
    assert failed.value.reason == "tls"
    assert secure.stats.requests == 0


async def test_tls_below_1_2_is_refused(certificate: Certificate) -> None:
    old = certificate.server_context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    context = certificate.trust(default_ssl_context())
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that the version alone decides
    async with Receiver(tls=old) as receiver:
        url = receiver.url("/", host="hook.example")
        async with Egress(OPENED, lookup=Names(["127.0.0.1"]), ssl_context=context) as egress:
            with pytest.raises(EgressFailed) as failed:
                await egress.post(url, b"", {})
            assert failed.value.reason == "tls"
        with pytest.warns(DeprecationWarning, match="deprecated"):
            context.minimum_version = ssl.TLSVersion.TLSv1
        async with Egress(OPENED, lookup=Names(["127.0.0.1"]), ssl_context=context) as lenient:
            assert (await lenient.post(url, b"", {})).status == 200


async def test_plain_http_on_a_tls_port_and_the_reverse_fail_cleanly(
    secure: Receiver, receiver: Receiver, trusting: Egress
) -> None:
    with pytest.raises(EgressFailed) as to_plain:
        await trusting.post(receiver.url("/", host="hook.example").replace("http:", "https:"), b"", {})
    assert to_plain.value.reason == "tls"
    with pytest.raises(EgressFailed) as to_secure:
        await trusting.post(secure.url("/", host="hook.example").replace("https:", "http:"), b"", {})
    assert to_secure.value.reason in ("disconnected", "protocol")
