"""The receiver counts, verifies and misbehaves as it says, in this process and in its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from tests.simulators.receiver import Behaviour, Receiver, RemoteReceiver

SECRET = b"my secret!"


async def send(url: str, body: bytes = b"{}", headers: dict[str, str] | None = None, **more: str) -> int:
    named = {name.replace("_", "-"): value for name, value in {**(headers or {}), **more}.items()}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=named) as response:
        await response.read()
        return response.status


def legacy(body: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def standard(body: bytes, secret: bytes = SECRET, *, message: str = "msg_1", at: str = "1700000000") -> str:
    digest = hmac.new(secret, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def news(sequence: int, conversation: str = "a", **more: Any) -> bytes:
    return json.dumps({"sequence": sequence, "conversation": conversation, **more}).encode()


async def test_behaviours_of_a_path_follow_one_another_and_end_in_200() -> None:
    async with Receiver() as receiver:
        receiver.behave("/a", Behaviour(status=500, times=2), Behaviour(status=429, times=1))
        receiver.refuse("/b", status=410)
        assert [await send(receiver.url("/a")) for _ in range(5)] == [500, 500, 429, 200, 200]
        assert [await send(receiver.url("/b")) for _ in range(2)] == [410, 410]
        assert await send(receiver.url("/c?x=1")) == 200
        assert receiver.stats.paths == {"/a": 5, "/b": 2, "/c": 1}
        assert len(receiver.accepted("/a")) == 2


async def test_a_stalled_request_is_answered_when_released() -> None:
    async with Receiver() as receiver:
        receiver.stall("/a")
        waiting = asyncio.create_task(send(receiver.url("/a")))
        await receiver.wait_for(lambda r: r.stalled == 1)
        assert not waiting.done()
        assert receiver.release() == 1
        assert await waiting == 200


async def test_waiting_in_vain_fails_with_what_there_was() -> None:
    async with Receiver() as receiver:
        await send(receiver.url("/a"))
        with pytest.raises(AssertionError, match="requests=1"):
            await receiver.wait_for(lambda r: r.stats.requests == 2, patience=0.01)


@pytest.mark.parametrize(
    ("headers", "bad"),
    [
        ({"X_Webhook_Signature": legacy(b"{}")}, 0),
        ({"webhook_signature": standard(b"{}")}, 0),
        ({"X_Webhook_Signature": legacy(b"{}"), "webhook_signature": standard(b"{}")}, 0),
        ({"webhook_signature": f"v1,AAAA {standard(b'{}')}"}, 0),
        ({"webhook_signature": standard(b"{}", b"former")}, 0),
        ({"X_Webhook_Signature": legacy(b"{}", b"former")}, 1),
        ({"X_Webhook_Signature": legacy(b"{ }")}, 1),
        ({"X_Webhook_Signature": legacy(b"{}"), "webhook_signature": standard(b"{ }")}, 1),
        ({"webhook_signature": standard(b"{}", at="1700000001")}, 1),
        ({"webhook_signature": standard(b"{}", message="msg_2")}, 1),
        ({"webhook_signature": standard(b"{}", b"other")}, 1),
        ({"webhook_signature": ""}, 1),
        ({}, 1),
    ],
)
async def test_signatures_are_verified_where_the_secret_is_known(headers: dict[str, str], bad: int) -> None:
    sent = {"webhook_id": "msg_1", "webhook_timestamp": "1700000000", **headers}
    async with Receiver() as receiver:
        receiver.trust("/known", SECRET, b"former")
        await send(receiver.url("/known"), headers=sent)
        await send(receiver.url("/unknown"), headers=sent)
        assert receiver.stats.bad_signatures == bad


async def test_a_delivery_repeated_after_it_was_accepted_is_a_duplicate_and_one_repeated_after_a_refusal_is_not() -> (
    None
):
    async with Receiver() as receiver:
        receiver.refuse("/a", times=1)
        for message in ("m1", "m1", "m1", "m2"):
            await send(receiver.url("/a"), webhook_id=message)
        await send(receiver.url("/b"), webhook_id="m1")
        stats = receiver.stats
        assert (stats.requests, stats.accepted, stats.unique, stats.duplicates) == (5, 4, 3, 1)


async def test_order_is_judged_by_first_acceptance_per_path_and_conversation() -> None:
    async with Receiver() as receiver:
        url = receiver.url("/a")
        for number, body in enumerate([news(1), news(2), news(1, "b"), news(3, data={"sequence": 9}), news(7)]):
            await send(url, body, webhook_id=f"m{number}")
        await send(url, news(2), webhook_id="m1")  # a duplicate is no disorder
        assert receiver.stats.disorder == 0
        receiver.refuse("/a", times=1)
        await send(url, news(8), webhook_id="m8")
        await send(url, news(9), webhook_id="m9")
        await send(url, news(8), webhook_id="m8")  # accepted after its successor
        assert receiver.stats.disorder == 1


@pytest.mark.parametrize("body", [b"", b"no json", b'["sequence"]', b'{"sequence": "x"}', b'{"sequence": 1'])
async def test_a_body_without_a_sequence_is_not_judged(body: bytes) -> None:
    async with Receiver() as receiver:
        await send(receiver.url("/a"), body)
        await send(receiver.url("/a"), body)
        assert receiver.stats.disorder == 0


async def test_chunked_and_pipelined_requests_are_understood() -> None:
    async with Receiver() as receiver:
        reader, writer = await asyncio.open_connection(receiver.host, receiver.port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b'2\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n')
        writer.write(b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        await receiver.wait_for(lambda r: r.stats.requests == 2)
        assert receiver.bodies("/a") == [{"a": 1}]
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
        await writer.wait_closed()


async def test_a_reset_forgets_plans_and_counts() -> None:
    async with Receiver() as receiver:
        receiver.refuse("/a")
        await send(receiver.url("/a"), news(5), webhook_id="m")
        receiver.reset()
        assert receiver.stats.requests == 0
        assert await send(receiver.url("/a"), news(1), webhook_id="m") == 200
        assert receiver.stats.unique == 1


async def test_the_receiver_as_a_process_is_told_and_asked_over_its_control_port() -> None:
    async with RemoteReceiver() as remote:
        await remote.trust("/a", SECRET.decode())
        await remote.behave("/a", Behaviour(status=503, times=1, headers={"Retry-After": "1"}))
        assert await send(remote.url("/a"), webhook_id="m1") == 503
        later = asyncio.create_task(remote.wait_for(accepted=1))
        assert await send(remote.url("/a"), webhook_id="m1", X_Webhook_Signature=legacy(b"{}")) == 200
        stats = await later
        assert (stats.requests, stats.unique, stats.bad_signatures) == (2, 1, 1)
        assert await remote.accepted() == {("/a", "m1"): 1}
        assert [request.answered for request in await remote.requests()] == [503, 200]
        with pytest.raises(AssertionError, match="requests=2"):
            await remote.wait_for(requests=3, patience=0.01)

        await remote.behave("/s", Behaviour(kind="stall"))
        stalled = asyncio.create_task(send(remote.url("/s")))
        await remote.wait_for(requests=3)
        await remote.release()
        assert await stalled == 200
        await remote.reset()
        assert (await remote.stats()).requests == 0
