"""What the client tries again and what it does not, against a server that misbehaves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest

from gateway.client import (
    ApiClient,
    ClientError,
    Conflict,
    InstanceClient,
    InvalidRequest,
    NetworkRefused,
    NotConnected,
    NotFound,
    Refused,
    Retries,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from tests.process import free_port
from tests.simulators.receiver import Behaviour, Receiver

QUICK = Retries(most=2, first_wait=0.001)
LIST, SEND = "/api/instances", "/api/whatsapp/one/send"
ME = json.dumps({"id": "u", "email": "a@example.com", "firstName": "", "lastName": ""}).encode()


def answers(body: object, **more: object) -> Behaviour:
    return Behaviour(body=json.dumps(body).encode(), **more)  # type: ignore[arg-type]  # any of its fields


def refuses(status: int, code: str = "", *, times: int = 1, **headers: str) -> Behaviour:
    body = {"error": f"no, {status}", "code": code}
    return answers(body, status=status, times=times, headers={k.replace("_", "-"): v for k, v in headers.items()})


def told(cursor: str) -> Behaviour:
    """A stream that tells one event and ends."""
    event = {"type": "message_received", "timestamp": "2025-01-15T12:00:00.000Z", "data": {}, "cursor": cursor}
    text = f"id: {cursor}\r\nevent: message_received\r\ndata: {json.dumps(event)}\r\n\r\n"
    return Behaviour(body=text.encode(), times=1)


EMPTY, SENT = answers({"instances": []}), answers({"id": "m1"})


@pytest.fixture
async def api(receiver: Receiver) -> AsyncIterator[ApiClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield ApiClient(receiver.url(), api_key="k", retries=QUICK, http=http)


@pytest.fixture
async def line(receiver: Receiver) -> AsyncIterator[InstanceClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield InstanceClient(receiver.url(), token="k", retries=QUICK, http=http)


async def test_reading_is_tried_again_whatever_went_wrong(receiver: Receiver, api: ApiClient) -> None:
    for trouble in (
        refuses(503, "unavailable"),
        refuses(429, "too_many_requests"),
        Behaviour(kind="close", times=1),
        Behaviour(kind="drop", body=b"x" * 100, times=1),
    ):
        receiver.reset()
        receiver.behave(LIST, trouble, EMPTY)
        assert await api.instances() == []
        assert len(receiver.received(LIST)) == 2


async def test_a_keyed_send_is_tried_again_with_the_same_key_and_body(receiver: Receiver, api: ApiClient) -> None:
    receiver.behave(SEND, Behaviour(kind="close", times=1), refuses(503), SENT)
    assert (await api.send("one", 79001234567, "Привет")).id == "m1"
    tries = receiver.received(SEND)
    assert len(tries) == 3
    assert len({each.headers["idempotency-key"] for each in tries}) == 1
    assert {each.body for each in tries} == {tries[0].body}
    assert tries[0].json() == {"phone": "79001234567", "message": "Привет"}
    await api.send("one", 79001234567, "Привет")
    assert receiver.received(SEND)[-1].headers["idempotency-key"] != tries[0].headers["idempotency-key"]
    await api.send("one", 79001234567, "Привет", idempotency_key="order-7")
    assert receiver.received(SEND)[-1].headers["idempotency-key"] == "order-7"


async def test_so_is_a_send_of_an_instance_and_a_bulk(receiver: Receiver, line: InstanceClient) -> None:
    told = {"success": True, "bulk_id": "b", "status": "completed", "totalRecipients": 1, "results": []}
    report = told | {"successCount": 1, "failureCount": 0}
    receiver.behave("/api/v1/send", Behaviour(kind="close", times=1), answers({"messageId": "m1"}))
    receiver.behave("/api/v1/send-bulk", Behaviour(kind="close", times=1), answers(report))
    receiver.behave("/api/v1/telegram/send", Behaviour(kind="close", times=1), answers({"messageId": "m2"}))
    assert (await line.send("79001234567", "Hello")).message_id == "m1"
    assert (await line.send_bulk(["1"], "Hello", idempotency_key="spring")).success_count == 1
    assert (await line.telegram_send(1, "Hello")).message_id == "m2"
    for path in ("/api/v1/send", "/api/v1/send-bulk", "/api/v1/telegram/send"):
        first, second = receiver.received(path)
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert receiver.received("/api/v1/send-bulk")[0].headers["idempotency-key"] == "spring"


async def test_what_may_have_been_done_is_not_done_again(receiver: Receiver, api: ApiClient) -> None:
    made = answers({"id": "i1", "name": "one"}, status=201)
    for trouble, problem in (
        (Behaviour(kind="close"), Unreachable),
        (refuses(503, times=9), Unavailable),
        (refuses(502, times=9), NetworkRefused),
    ):
        receiver.reset()
        receiver.behave(LIST, trouble)
        with pytest.raises(problem) as raised:
            await api.create("one")
        assert len(receiver.received(LIST)) == 1
        assert not isinstance(raised.value, Unreachable) or raised.value.maybe_done
    # The control: what was turned away at the door is asked once more, because it was not done.
    receiver.reset()
    receiver.behave(LIST, refuses(429), made)
    with pytest.raises(UnexpectedAnswer):  # so short an answer no gateway gives
        await api.create("one")
    assert len(receiver.received(LIST)) == 2


async def test_tries_come_to_an_end(receiver: Receiver, api: ApiClient) -> None:
    receiver.behave(LIST, refuses(503, times=99))
    with pytest.raises(Unavailable):
        await api.instances()
    assert len(receiver.received(LIST)) == 1 + QUICK.most


async def test_no_longer_wait_than_the_caller_wants(receiver: Receiver, api: ApiClient) -> None:
    receiver.behave(LIST, refuses(429, "too_many_requests", times=99, Retry_After="3600"))
    with pytest.raises(TooManyRequests) as raised:
        await api.instances()
    assert raised.value.retry_after == 3600
    assert len(receiver.received(LIST)) == 1


async def test_a_stream_goes_on_where_its_connection_ended(receiver: Receiver, api: ApiClient) -> None:
    stream = "/api/instances/one/events/stream"
    receiver.behave(stream, told("7"), Behaviour(kind="close", times=1), refuses(503), told("8"), told("9"))
    heard = []
    async with aclosing(api.follow("one", after="6", types=["message_received"])) as events:
        async for event in events:
            heard.append(event.cursor)
            if event.cursor == "9":
                break
    assert heard == ["7", "8", "9"]
    asked = [each.headers["last-event-id"] for each in receiver.requests]
    assert asked == ["6", "7", "7", "7", "8"]


async def test_a_stream_that_is_refused_or_stays_away_says_so(receiver: Receiver, api: ApiClient) -> None:
    stream = "/api/instances/one/events/stream"
    for trouble, problem in ((refuses(404), NotFound), (Behaviour(kind="close"), Unreachable)):
        receiver.behave(stream, trouble)
        with pytest.raises(problem):
            await anext(api.follow("one", after="6"))
    receiver.answer(stream, body=b"")
    with pytest.raises(Unreachable, match="before it says anything"):
        await anext(api.follow("one", after="6"))


async def test_a_follower_who_names_no_place_begins_now_and_not_after_the_first_loss(
    receiver: Receiver, api: ApiClient
) -> None:
    receiver.behave("/api/instances/one/events", answers({"events": [], "nextCursor": "41", "hasMore": False}))
    receiver.behave("/api/instances/one/events/stream", Behaviour(kind="close", times=1), told("42"))
    assert (await anext(api.follow("one"))).cursor == "42"
    assert [each.headers.get("last-event-id") for each in receiver.requests] == [None, "41", "41"]


async def test_nobody_there_is_told_as_never_done(api: ApiClient) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        lonely = ApiClient(f"http://127.0.0.1:{free_port()}", retries=QUICK, http=http)
        with pytest.raises(Unreachable) as raised:
            await lonely.create("shop")
    assert not raised.value.maybe_done


async def test_a_first_try_that_was_lost_is_the_cause_of_what_its_repeat_met(
    receiver: Receiver, api: ApiClient
) -> None:
    receiver.behave(SEND, Behaviour(kind="close", times=1), refuses(409, "idempotency_unknown"))
    with pytest.raises(Conflict) as raised:
        await api.send("one", 1, "?")
    assert raised.value.code == "idempotency_unknown"
    assert isinstance(raised.value.__cause__, Unreachable)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_input", InvalidRequest),
        (401, "unauthenticated", Unauthenticated),
        (404, "INSTANCE_NOT_FOUND", NotFound),
        (413, "too_large", InvalidRequest),
        (500, "not_connected", NotConnected),
        (500, "internal_error", Unavailable),
        (504, "network_unreachable", Unavailable),
    ],
)
async def test_every_refusal_has_its_kind(
    receiver: Receiver, api: ApiClient, status: int, code: str, kind: type[Refused]
) -> None:
    receiver.behave(LIST, refuses(status, code))
    with pytest.raises(Refused) as raised:
        await api.instances()
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.code, str(raised.value)) == (status, code, f"no, {status}")


async def test_the_culprit_is_found_in_both_dialects(receiver: Receiver, api: ApiClient) -> None:
    for body in ({"error": "no", "field": "phone"}, {"error": "no", "details": {"field": "phone"}}):
        receiver.behave(LIST, answers(body, status=400))
        with pytest.raises(InvalidRequest) as raised:
            await api.instances()
        assert raised.value.field == "phone"


@pytest.mark.parametrize(
    "strange",
    [
        Behaviour(body=b"<html>hello</html>"),
        Behaviour(body=b'{"instances": 7}'),
        Behaviour(status=302, headers={"Location": "/elsewhere"}),
    ],
    ids=["html", "another shape", "a redirect"],
)
async def test_an_answer_of_something_else_is_said_to_be_one(
    receiver: Receiver, api: ApiClient, strange: Behaviour
) -> None:
    receiver.behave(LIST, strange)
    with pytest.raises(UnexpectedAnswer):
        await api.instances()


async def test_a_proxys_error_page_is_told_by_its_status(receiver: Receiver, api: ApiClient) -> None:
    receiver.behave("/api/auth/me", Behaviour(status=502, body=b"<html>Bad Gateway</html>"))
    with pytest.raises(NetworkRefused, match="502 Bad Gateway"):
        await api.me()


async def test_a_credential_is_in_no_text_of_the_client(receiver: Receiver) -> None:
    secret = "gw_very_secret_key"
    async with httpx.AsyncClient(trust_env=False) as http:
        api = ApiClient(receiver.url(), api_key=secret, retries=QUICK, http=http)
        receiver.answer("/api/auth/me", body=ME)
        me = await api.me()
        receiver.behave(LIST, Behaviour(kind="close"))
        with pytest.raises(ClientError) as raised:
            await api.instances()
    assert secret not in f"{api!r} {vars(api)!r} {me!r} {raised.value!r}"
    assert receiver.received(LIST)[0].headers["x-api-key"] == secret


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="http://"):
        ApiClient("gateway.example.com")
