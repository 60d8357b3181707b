"""From the outbox to the receiver: each line of the delivery requirements that one delivery can show."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from gateway.domain.webhooks import DeliveryState, Trigger
from gateway.webhooks.dispatcher import DispatcherSettings
from gateway.webhooks.sender import Limits
from tests.integration.webhooks.outlet import OWNER, SECRET, Outlet
from tests.simulators.receiver import Behaviour

MINUTE = timedelta(minutes=1)
PENDING, DELIVERED, DEAD = DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.DEAD


async def test_what_is_owed_arrives_signed_and_as_it_was_frozen(outlet: Outlet) -> None:
    body = '{"event":"message_received","data":{"body":"Привет 😀"}}'
    [event_id] = await outlet.owe(await outlet.endpoint(headers={"Authorization": "Bearer x"}), body=body)
    outlet.dispatcher.start()
    await outlet.settled()
    [request] = outlet.receiver.accepted("/hook")
    assert request.body == body.encode()
    assert request.legacy_signature
    assert request.standard_signature
    assert request.webhook_id == event_id
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer x"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["webhook-timestamp"] == str(int(outlet.now.timestamp()))
    [attempt] = await outlet.attempts()
    assert (attempt.number, attempt.status, attempt.response, attempt.error) == (1, 200, "ok", None)
    assert attempt.address == "127.0.0.1"


async def test_without_a_secret_nothing_is_signed(outlet: Outlet) -> None:
    await outlet.owe(await outlet.endpoint(secret=None))
    outlet.dispatcher.start()
    await outlet.settled()
    headers = outlet.receiver.requests[0].headers
    assert "webhook-id" in headers
    assert not {"x-webhook-signature", "webhook-signature"} & set(headers)


async def test_a_refused_delivery_is_tried_again_with_the_same_id_and_bytes_and_a_new_time(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500, times=2)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    wait = ((await outlet.only()).due_at - outlet.now).total_seconds()
    assert 48 <= wait <= 72
    await outlet.clock.advance(seconds=wait)
    await outlet.tried(2)
    assert 96 <= ((await outlet.only()).due_at - outlet.now).total_seconds() <= 144
    await outlet.clock.advance(seconds=145)
    await outlet.settled()
    requests = outlet.receiver.requests
    assert len({request.webhook_id for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    assert len({request.headers["webhook-timestamp"] for request in requests}) == 3
    assert all(request.standard_signature for request in requests)
    attempts = await outlet.attempts()
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.status for attempt in attempts] == [500, 500, 200]
    assert attempts[0].next_attempt_at is not None
    assert attempts[2].next_attempt_at is None


async def test_after_the_last_retry_it_is_dead_and_kept(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(await outlet.endpoint(max_retries=1))
    outlet.dispatcher.start()
    await outlet.tried(1)
    await outlet.clock.advance(seconds=100)
    await outlet.settled(DEAD)
    delivery = await outlet.only()
    assert delivery.attempts == 2
    assert delivery.last_status == 500
    assert delivery.finished_at is not None
    assert delivery.finished_at <= outlet.now  # it may end while the clock is still on its way there


async def test_no_retries_means_one_attempt(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(await outlet.endpoint(max_retries=0))
    outlet.dispatcher.start()
    await outlet.settled(DEAD)
    assert len(outlet.receiver.requests) == 1


async def test_without_an_interval_the_standard_schedule_holds(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(await outlet.endpoint(retry_interval_ms=None, max_retries=9))
    outlet.dispatcher.start()
    for place, base in enumerate((5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400), start=1):
        await outlet.tried(place)
        wait = ((await outlet.only()).due_at - outlet.now).total_seconds()
        assert 0.8 * base <= wait <= 1.2 * base
        await outlet.clock.advance(seconds=wait + 0.001)
    await outlet.settled(DEAD)
    assert len(outlet.receiver.requests) == 10


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_is_never_followed(outlet: Outlet, status: int) -> None:
    outlet.receiver.redirect("/hook", outlet.receiver.url("/elsewhere"), status=status)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert (await outlet.only()).state is PENDING
    assert (await outlet.only()).last_status == status
    assert {request.path for request in outlet.receiver.requests} == {"/hook"}


@pytest.mark.parametrize("status", [400, 401, 404, 408, 425, 429, 500, 503])
async def test_anything_but_success_is_tried_again(outlet: Outlet, status: int) -> None:
    outlet.receiver.refuse("/hook", status=status, times=1)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert (await outlet.only()).state is PENDING
    await outlet.clock.advance(seconds=80)
    await outlet.settled()


async def test_retry_after_in_seconds_wins_over_the_schedule(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=429, times=1, retry_after=3600)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert (await outlet.only()).due_at == outlet.now + timedelta(hours=1)


async def test_retry_after_as_a_date_wins_up_to_a_day(outlet: Outlet) -> None:
    date = format_datetime(outlet.now + timedelta(days=3), usegmt=True)
    outlet.receiver.refuse("/hook", status=503, times=1, retry_after=date)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert (await outlet.only()).due_at == outlet.now + timedelta(days=1)


async def test_nobody_listening_is_a_network_failure(outlet: Outlet) -> None:
    await outlet.owe(await outlet.endpoint(url="http://127.0.0.1:9/"))
    outlet.dispatcher.start()
    await outlet.tried(1)
    delivery = await outlet.only()
    assert delivery.state is PENDING
    assert delivery.last_status is None
    assert (delivery.last_error or "").startswith("connect: ")


async def test_a_private_address_is_refused_at_every_try(outlet: Outlet) -> None:
    await outlet.owe(await outlet.endpoint(url="http://169.254.169.254/latest/meta-data"))
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert ((await outlet.only()).last_error or "").startswith("address_refused: ")


@pytest.mark.parametrize("kind", ["drip", "stall", "drop", "close", "huge_headers"])
async def test_an_answer_that_never_ends_well_is_cut_off_and_tried_again(outlet: Outlet, kind: str) -> None:
    outlet.new_dispatcher(DispatcherSettings(limits=Limits(connect_timeout=0.5, read_timeout=0.3, total_timeout=0.6)))
    outlet.receiver.behave("/hook", Behaviour(kind=kind))  # type: ignore[arg-type]  # parametrised literal
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    delivery = await outlet.only()
    assert delivery.state is PENDING
    reason = (delivery.last_error or "").split(":")[0]
    assert reason == {"drip": "timeout", "stall": "timeout", "huge_headers": "protocol"}.get(kind, "disconnected")
    if reason == "timeout":
        assert delivery.due_at - outlet.now >= MINUTE


@pytest.mark.parametrize("kind", ["endless", "gzip_bomb"])
async def test_of_a_huge_answer_16_kib_are_kept_and_its_status_counts(outlet: Outlet, kind: str) -> None:
    outlet.receiver.behave("/hook", Behaviour(kind=kind))  # type: ignore[arg-type]  # parametrised literal
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.settled()
    [attempt] = await outlet.attempts()
    assert 0 < len(attempt.response) <= 16_384


async def test_an_answer_with_nul_and_no_utf8_is_logged_all_the_same(outlet: Outlet) -> None:
    outlet.receiver.answer("/hook", body=b"a\x00b\xff")
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.settled()
    assert (await outlet.attempts())[0].response == "a\ufffdb\ufffd"


async def test_a_rotated_secret_signs_along_for_a_day(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    async with outlet.storage.transaction():
        await outlet.storage.endpoints.rotate_secret(endpoint.id, "the next one", outlet.now)
    outlet.storage.endpoints.invalidate(endpoint.id)
    outlet.receiver.trust("/hook", "the next one", SECRET)
    await outlet.owe(endpoint)
    outlet.dispatcher.start()
    await outlet.settled()
    [request] = outlet.receiver.requests
    assert request.standard_signature
    assert request.legacy_signature
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    await outlet.clock.advance(seconds=24 * 3600)
    assert await outlet.storage.endpoints.signing_secrets(endpoint.id, outlet.now) == ("the next one",)


async def test_no_more_than_five_old_secrets_are_kept(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    for number in range(9):
        await outlet.storage.endpoints.rotate_secret(endpoint.id, f"secret {number}", outlet.now)
    secrets = await outlet.storage.endpoints.signing_secrets(endpoint.id, outlet.now)
    assert secrets == tuple(f"secret {number}" for number in range(8, 2, -1))


async def test_secrets_and_headers_are_sealed_in_the_database(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(headers={"X-Token": "canary-header"}, secret="canary-secret")
    rows = await outlet.storage.engine.execute("SELECT * FROM endpoints", ())
    assert "canary" not in str([dict(row) for row in rows])
    assert (await outlet.storage.endpoints.get(OWNER, endpoint.id)).headers == {"X-Token": "canary-header"}
    assert "canary" not in repr(await outlet.storage.endpoints.target(endpoint.id)).replace("canary-header", "")


async def test_a_dead_delivery_can_be_sent_again_by_hand(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500, times=1)
    [event_id] = await outlet.owe(await outlet.endpoint(max_retries=0))
    outlet.dispatcher.start()
    await outlet.settled(DEAD)
    delivery = await outlet.only()
    assert await outlet.storage.outbox.history.redeliver(delivery.id, outlet.now)
    assert not await outlet.storage.outbox.history.redeliver(delivery.id, outlet.now)
    outlet.dispatcher.wake([delivery.endpoint_id], probe=True)
    await outlet.settled(DELIVERED)
    assert [request.webhook_id for request in outlet.receiver.requests] == [event_id, event_id]
    assert [attempt.trigger for attempt in await outlet.attempts()] == [Trigger.SCHEDULE, Trigger.MANUAL]


@pytest.mark.parametrize("before", [DEAD, DELIVERED, PENDING])
async def test_a_failed_try_by_hand_schedules_nothing(outlet: Outlet, before: DeliveryState) -> None:
    if before is DELIVERED:
        outlet.receiver.behave("/hook", Behaviour(times=1), Behaviour(status=500))
    else:
        outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(await outlet.endpoint(max_retries=0 if before is DEAD else 3))
    outlet.dispatcher.start()
    await outlet.tried(1)
    was = await outlet.only()
    assert was.state is before
    await outlet.clock.advance(seconds=1)
    await outlet.storage.outbox.history.redeliver(was.id, outlet.now)
    outlet.dispatcher.wake([was.endpoint_id], probe=True)
    await outlet.tried(2)
    after = await outlet.only()
    assert after.state is before
    assert after.attempts == 2
    if before is PENDING:
        assert after.due_at == was.due_at  # the schedule goes on as if nothing had been
