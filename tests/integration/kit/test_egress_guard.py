"""Customer-chosen URLs reach admitted addresses and nothing else, however they are written or resolved."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.kit.egress import Egress, EgressFailed, EgressPolicy, EgressRefused, system_lookup
from tests.integration.kit.conftest import OPENED, Names
from tests.simulators.receiver import Receiver

SPELLINGS = ["2130706433", "0x7f000001", "0x7f.1", "127.1", "017700000001", "0177.0.0.1", "0", "①②⑦.⓪.⓪.①", "localhost"]
CLOSING = {"Connection": "close"}


class Unguarded(AbstractResolver):
    """The same answers for an ordinary client: the negative control."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names(host, port)
        return [ResolveResult(hostname=host, host=a, port=port, family=family, proto=0, flags=0) for a in found]

    async def close(self) -> None:
        """Nothing to close."""


async def refusal(egress: Egress, url: str) -> EgressRefused:
    with pytest.raises(EgressRefused) as posted:
        await egress.post(url, b"{}", {})
    with pytest.raises(EgressRefused) as fetched:
        await egress.fetch(url, max_bytes=100)
    with pytest.raises(EgressRefused) as vetted:
        await egress.vet(url)
    assert posted.value.code == fetched.value.code == vetted.value.code
    return posted.value


async def test_an_admitted_address_is_reached_and_reported(receiver: Receiver, egress: Egress) -> None:
    reply = await egress.post(receiver.url("/hook"), b'{"a":1}', {"content-type": "application/json"})
    assert (reply.status, reply.body, reply.address) == (200, b"ok", "127.0.0.1")
    assert receiver.bodies("/hook") == [{"a": 1}]


@pytest.mark.parametrize("host", ["127.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[::127.0.0.2]"])
async def test_an_inner_address_in_the_url_is_refused(inside: Receiver, egress: Egress, host: str) -> None:
    assert (await refusal(egress, f"http://{host}:{inside.port}/")).code == "address_refused"
    assert inside.stats.connections == 0


@pytest.mark.parametrize("host", SPELLINGS)
async def test_a_spelling_the_c_library_understands_reaches_nothing(host: str) -> None:
    async with Receiver() as local, Egress(EgressPolicy(allow_http=True)) as egress:
        await refusal(egress, local.url("/", host=host))
        assert local.stats.connections == 0


@pytest.mark.parametrize("host", SPELLINGS)
async def test_even_if_such_a_spelling_were_resolved_its_address_would_be_refused(host: str) -> None:
    async def as_spelled(_: str, port: int) -> Sequence[str]:
        return await system_lookup(host, port)

    found = await as_spelled("", 80)
    assert set(found) <= {"127.0.0.1", "0.0.0.0", "::1"}, "the negative control: the system does resolve it inwards"
    async with Egress(EgressPolicy(allow_http=True), lookup=as_spelled) as egress:
        assert (await refusal(egress, "http://spelled.example/")).code == "address_refused"


@pytest.mark.parametrize("host", ["127.0.0.2", "[::ffff:127.0.0.2]"])
async def test_the_socket_itself_is_refused_when_everything_before_it_is_bypassed(
    inside: Receiver, egress: Egress, host: str
) -> None:
    # aiohttp asks no resolver about a host that is an address already, hence this last gate.
    url = URL(f"http://{host}:{inside.port}/")
    with pytest.raises(aiohttp.ClientConnectorError):
        async with egress._request("GET", url, aiohttp.ClientTimeout()):
            pass
    assert inside.stats.connections == 0
    async with aiohttp.ClientSession() as unguarded, unguarded.get(url) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "::1"], ["127.0.0.1", "64:ff9b::7f00:1"]],
)
async def test_one_bad_address_in_the_answer_refuses_the_whole_host(
    receiver: Receiver, inside: Receiver, answer: list[str]
) -> None:
    async with Egress(OPENED, lookup=Names(answer)) as egress:
        refused = await refusal(egress, receiver.url("/", host="mixed.example"))
    assert refused.code == "address_refused"
    assert "127.0.0" not in refused.sentence, "what our name servers know is not told"
    assert receiver.stats.connections == inside.stats.connections == 0


@pytest.mark.parametrize("address", ["fe80::1%lo", "fe80::1%1", "::1%lo", "127.0.0.1%lo", "127.1", "localhost", ""])
async def test_an_answer_with_a_scope_id_or_no_canonical_address_is_refused(receiver: Receiver, address: str) -> None:
    open_wide = EgressPolicy.opened("127.0.0.0/8,::/0", allow_http=True)
    async with Egress(open_wide, lookup=Names([address])) as egress:
        assert (await refusal(egress, receiver.url("/", host="scoped.example"))).code == "address_refused"
    assert receiver.stats.connections == 0


async def test_a_name_that_turns_inward_between_two_connections_is_refused(
    receiver: Receiver, inside: Receiver
) -> None:
    receiver.answer(headers=CLOSING)
    url = receiver.url("/", host="rebind.example")
    async with Egress(OPENED, lookup=Names(["127.0.0.1"], ["127.0.0.2"])) as egress:
        assert (await egress.post(url, b"1", {})).status == 200
        with pytest.raises(EgressRefused) as refused:
            await egress.post(url, b"2", {})
    assert refused.value.code == "address_refused"
    assert (receiver.stats.requests, inside.stats.connections) == (1, 0)


async def test_without_the_guard_that_name_does_lead_inward(receiver: Receiver, inside: Receiver) -> None:
    receiver.answer(headers=CLOSING)
    url = receiver.url("/", host="rebind.example")
    connector = aiohttp.TCPConnector(resolver=Unguarded(Names(["127.0.0.1"], ["127.0.0.2"])), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(2):
            async with session.post(url) as response:
                assert response.status == 200
    assert (receiver.stats.requests, inside.stats.requests) == (1, 1)


async def test_a_host_vetted_at_registration_is_checked_again_when_it_is_used(
    receiver: Receiver, inside: Receiver
) -> None:
    url = receiver.url("/", host="rebind.example")
    async with Egress(OPENED, lookup=Names(["127.0.0.1"], ["127.0.0.2"])) as egress:
        assert str(await egress.vet(url)) == url
        with pytest.raises(EgressRefused):
            await egress.post(url, b"", {})
    assert receiver.stats.connections == inside.stats.connections == 0


async def test_a_connection_costs_one_lookup_and_is_used_again(receiver: Receiver) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with Egress(OPENED, lookup=names) as egress:
        for _ in range(5):
            await egress.post(receiver.url("/", host="kept.example"), b"", {})
    assert names.asked == ["kept.example"]
    assert (receiver.stats.connections, receiver.stats.requests) == (1, 5)


async def test_every_new_connection_is_looked_up_again(receiver: Receiver) -> None:
    receiver.answer(headers=CLOSING)
    names = Names(["127.0.0.1"])
    async with Egress(OPENED, lookup=names) as egress:
        for _ in range(3):
            await egress.post(receiver.url("/", host="closed.example"), b"", {})
    assert len(names.asked) == receiver.stats.connections == 3


async def test_requests_at_the_same_moment_share_one_lookup(receiver: Receiver) -> None:
    asked = asyncio.Event()
    go = asyncio.Event()
    lookups: list[str] = []

    async def slow(host: str, port: int) -> list[str]:
        lookups.append(host)
        asked.set()
        await go.wait()
        return ["127.0.0.1"]

    async with Egress(OPENED, lookup=slow) as egress:
        url = receiver.url("/", host="busy.example")
        posts = [asyncio.create_task(egress.post(url, b"", {})) for _ in range(20)]
        await asked.wait()
        go.set()
        assert {(await post).status for post in posts} == {200}
    assert lookups == ["busy.example"]


async def test_a_pooled_connection_serves_its_own_host_name_only(receiver: Receiver, inside: Receiver) -> None:
    async with Egress(OPENED, lookup=Names(["127.0.0.1"], ["127.0.0.2"])) as egress:
        assert (await egress.post(receiver.url("/", host="good.example"), b"", {})).status == 200
        with pytest.raises(EgressRefused):
            await egress.post(receiver.url("/", host="bad.example"), b"", {})
    assert (receiver.stats.requests, inside.stats.connections) == (1, 0)


async def test_the_host_header_is_the_name_in_the_url(receiver: Receiver, egress: Egress) -> None:
    await egress.post(receiver.url("/", host="shop.example"), b"", {})
    assert receiver.received("/")[0].headers["host"] == f"shop.example:{receiver.port}"


async def test_the_next_address_is_tried_when_the_first_does_not_answer(receiver: Receiver) -> None:
    both = EgressPolicy.opened("127.0.0.0/8", allow_http=True)
    async with Egress(both, lookup=Names(["127.0.0.9", "127.0.0.1"])) as egress:
        assert (await egress.post(receiver.url("/", host="two.example"), b"", {})).address == "127.0.0.1"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_in_the_environment_is_ignored(
    receiver: Receiver, inside: Receiver, egress: Egress, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("NO_PROXY", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, inside.url())
    assert (await egress.post(receiver.url("/direct", host="shop.example"), b"", {})).status == 200
    assert (receiver.stats.requests, inside.stats.connections) == (1, 0)
    if variable != "ALL_PROXY":  # aiohttp itself never reads that one
        url = "http://shop.example/through-the-proxy"
        async with aiohttp.ClientSession(trust_env=True) as trusting, trusting.post(url) as response:
            assert response.status == 200
        assert inside.received()[-1].path == url


async def test_a_name_without_an_address_fails_with_its_own_reason(receiver: Receiver) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for lookup in (unknown, Names([])):
        async with Egress(OPENED, lookup=lookup) as egress:
            url = receiver.url("/", host="nowhere.example")
            for attempt in (egress.post(url, b"", {}), egress.fetch(url, max_bytes=1), egress.vet(url)):
                with pytest.raises(EgressFailed) as failed:
                    await attempt
                assert failed.value.reason == "dns"


async def test_a_name_server_that_never_answers_ends_in_a_timeout(receiver: Receiver) -> None:
    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with Egress(OPENED, lookup=silent) as egress:
        url = receiver.url("/", host="silent.example")
        attempts = [egress.post(url, b"", {}, connect_timeout=0.05), egress.vet(url, total_timeout=0.05)]
        for attempt in attempts:
            with pytest.raises(EgressFailed) as failed:
                await attempt
            assert failed.value.reason == "timeout"


async def test_the_system_s_names_are_found_without_the_loop_s_own_threads(receiver: Receiver) -> None:
    async with Egress(EgressPolicy.opened("127.0.0.0/8,::1", allow_http=True)) as egress:
        assert (await egress.post(receiver.url("/", host="localhost"), b"", {})).address == "127.0.0.1"


async def test_an_egress_that_was_not_opened_says_so(receiver: Receiver) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Egress(OPENED).post(receiver.url(), b"", {})
