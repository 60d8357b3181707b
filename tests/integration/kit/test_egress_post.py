"""A webhook is posted once, and whatever the other side does is answered within bounds."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from gateway.kit.egress import Egress, EgressFailed, EgressPolicy, EgressRefused
from tests.integration.kit.conftest import OPENED, Names
from tests.simulators.receiver import Behaviour, Receiver


async def failure(egress: Egress, url: str, **limits: float) -> EgressFailed:
    with pytest.raises(EgressFailed) as failed:
        await egress.post(url, b"{}", {}, **limits)  # type: ignore[arg-type]  # mypy cannot spread float kwargs over int ones
    assert failed.value.__context__ is None or failed.value.__suppress_context__, (
        "the library's own words may quote the URL"
    )
    return failed.value


@pytest.mark.parametrize("status", [200, 204, 301, 400, 404, 410, 429, 500, 503, 599])
async def test_every_status_is_an_answer(receiver: Receiver, egress: Egress, status: int) -> None:
    receiver.refuse("/hook", status=status)
    assert (await egress.post(receiver.url("/hook"), b"{}", {})).status == status


async def test_retry_after_is_handed_on_as_it_came(receiver: Receiver, egress: Egress) -> None:
    receiver.refuse("/hook", status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    assert (await egress.post(receiver.url("/hook"), b"{}", {})).retry_after == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert (await egress.post(receiver.url("/other"), b"{}", {})).retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_never_followed(
    receiver: Receiver, inside: Receiver, egress: Egress, status: int
) -> None:
    receiver.redirect("/hook", receiver.url("/elsewhere"), status=status)
    assert (await egress.post(receiver.url("/hook"), b"{}", {})).status == status
    receiver.redirect("/hook", inside.url("/"), status=status)
    assert (await egress.post(receiver.url("/hook"), b"{}", {})).status == status
    assert receiver.stats.paths == {"/hook": 2}
    assert inside.stats.connections == 0


async def test_body_and_headers_arrive_as_given(receiver: Receiver, egress: Egress) -> None:
    body = bytes(range(256)) * 4096  # 1 MiB
    await egress.post(receiver.url("/hook?a=b%26c"), body, {"content-type": "application/json", "webhook-id": "msg_1"})
    [request] = receiver.received("/hook")
    assert request.body == body
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["content-length"] == str(len(body))


async def test_no_cookie_is_kept_from_one_customer_to_the_next(receiver: Receiver, egress: Egress) -> None:
    receiver.answer(headers={"Set-Cookie": "session=abc; Path=/"})
    for _ in range(2):
        await egress.post(receiver.url("/hook", host="hook.example"), b"{}", {})
    assert all("cookie" not in request.headers for request in receiver.requests)


@pytest.mark.parametrize("value", ["a\r\nX-Injected: b", "a\nb", "a\x00b"])
async def test_a_header_that_could_end_a_line_is_refused_before_anything_is_sent(
    receiver: Receiver, egress: Egress, value: str
) -> None:
    with pytest.raises(EgressRefused) as refused:
        await egress.post(receiver.url("/hook"), b"{}", {"X-Custom": value})
    assert refused.value.code == "header_refused"
    assert receiver.stats.requests == 0


async def test_a_long_answer_is_cut_at_the_cap_and_a_short_one_is_whole(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/hook", *(Behaviour(body=b"x" * size, times=1) for size in (99, 100, 101, 300_000)))
    replies = [await egress.post(receiver.url("/hook"), b"{}", {}, max_response=100) for _ in range(4)]
    assert [(len(reply.body), reply.truncated) for reply in replies] == [
        (99, False),
        (100, False),
        (100, True),
        (100, True),
    ]


async def test_an_endless_answer_is_stopped_at_the_cap_and_hung_up_on(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/hook", Behaviour(kind="endless"))
    reply = await egress.post(receiver.url("/hook"), b"{}", {})
    assert (reply.status, len(reply.body), reply.truncated) == (200, 16_384, True)
    await receiver.wait_for(lambda r: not r._wires)
    # What the kernel's socket buffers swallow on loopback is megabytes; what is not read stays out of our memory.
    assert receiver.stats.bytes_sent < 32_000_000


async def test_a_gzip_bomb_is_never_inflated(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/hook", Behaviour(kind="gzip_bomb"))
    reply = await egress.post(receiver.url("/hook"), b"{}", {})
    assert (len(reply.body), reply.truncated) == (16_384, True)
    assert reply.body.startswith(gzip.compress(b"")[:2])
    whole = await egress.post(receiver.url("/hook"), b"{}", {}, max_response=1_000_000)
    assert len(whole.body) < 60_000
    assert not whole.truncated


@pytest.mark.parametrize(("count", "size"), [(4000, 60), (30, 8000), (1, 240_000), (65, 1)])
async def test_240_kb_of_headers_are_refused_in_every_shape(
    receiver: Receiver, egress: Egress, count: int, size: int
) -> None:
    receiver.behave("/hook", Behaviour(kind="huge_headers", count=count, size=size))
    assert (await failure(egress, receiver.url("/hook"))).reason == "protocol"


async def test_ordinary_headers_are_not(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/hook", Behaviour(kind="huge_headers", count=40, size=1000))
    assert (await egress.post(receiver.url("/hook"), b"{}", {})).status == 200


async def test_a_drip_feed_hits_the_total_timeout(receiver: Receiver, egress: Egress) -> None:
    # Each wait is far shorter than the read timeout, so only a total can end it.
    receiver.behave("/hook", Behaviour(kind="drip"))
    assert (await failure(egress, receiver.url("/hook"), read_timeout=15, total_timeout=0.3)).reason == "timeout"
    await receiver.wait_for(lambda r: not r._wires)


async def test_a_silent_receiver_hits_the_read_timeout(receiver: Receiver, egress: Egress) -> None:
    receiver.stall("/hook")
    assert (await failure(egress, receiver.url("/hook"), read_timeout=0.1)).reason == "timeout"
    await receiver.wait_for(lambda r: r.stalled == 0)


async def test_a_silent_tls_handshake_hits_the_connect_timeout(receiver: Receiver, egress: Egress) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await failure(egress, url, connect_timeout=0.1)).reason == "timeout"


async def test_a_cancelled_post_gives_up_its_connection(receiver: Receiver, egress: Egress) -> None:
    receiver.stall("/hook")
    post = asyncio.create_task(egress.post(receiver.url("/hook"), b"{}", {}))
    await receiver.wait_for(lambda r: r.stalled == 1)
    post.cancel()
    with pytest.raises(asyncio.CancelledError):
        await post
    await receiver.wait_for(lambda r: not r._wires)


@pytest.mark.parametrize("kind", ["drop", "close"])
async def test_a_connection_lost_before_the_answer_is_whole_is_a_failure_and_not_repeated(
    receiver: Receiver, egress: Egress, kind: str
) -> None:
    receiver.behave("/hook", Behaviour(kind=kind))  # type: ignore[arg-type]  # the parameters are Kinds
    assert (await failure(egress, receiver.url("/hook"))).reason == "disconnected"
    assert receiver.stats.requests == 1


async def test_nobody_listening_is_a_failure_to_connect(egress: Egress) -> None:
    async with Receiver() as gone:
        url = gone.url()
    assert (await failure(egress, url)).reason == "connect"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x00" * 1000,
    ],
)
async def test_an_answer_that_is_no_http_is_a_failure(egress: Egress, answer: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        failed = await failure(egress, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert failed.reason in ("protocol", "disconnected")


async def test_a_failure_says_the_host_and_nothing_of_path_query_or_headers(receiver: Receiver) -> None:
    receiver.behave("/s3cret", *(Behaviour(kind=kind, times=1) for kind in ("close", "drop", "huge_headers", "stall")))
    async with Egress(OPENED, lookup=Names(["127.0.0.1"])) as egress:
        url = receiver.url("/s3cret?token=s3cret", host="hook.example")
        for _ in range(4):
            with pytest.raises(EgressFailed) as failed:
                await egress.post(url, b"s3cret", {"authorization": "s3cret"}, read_timeout=0.1)
            assert "hook.example" in failed.value.sentence
            assert "s3cret" not in f"{failed.value!r} {failed.value.sentence}"


async def test_many_posts_at_once_share_connections_and_lose_nothing(receiver: Receiver) -> None:
    async with Egress(EgressPolicy.opened("127.0.0.1", allow_http=True)) as egress:
        url = receiver.url("/hook")

        async def lane(number: int) -> None:
            for step in range(20):
                await egress.post(url, b"{}", {"webhook-id": f"{number}-{step}"})

        await asyncio.gather(*(lane(number) for number in range(32)))
    assert receiver.stats.unique == receiver.stats.requests == 640
    assert receiver.stats.connections <= 32
