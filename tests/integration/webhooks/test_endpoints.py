"""The use cases of webhooks: who may, what is checked, what is told, what is sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, GatewayError, InvalidInput, NotFound
from gateway.domain.ids import DeliveryId, EndpointId, InstanceId
from gateway.domain.tenants import CredentialKind, Principal
from gateway.domain.webhooks import DeliveryState, Ordering, Trigger, WebhookFormat
from gateway.services.inbox import Inbox
from gateway.services.webhooks import DeliveryQuery, EndpointChange, FilterChange, Webhooks
from tests.integration.webhooks.outlet import INSTANCE, OWNER, STRANGER, TENANT, Outlet

KEY = Principal(
    tenant_id=TENANT,
    user_id=OWNER.user_id,
    role=OWNER.role,
    credential=CredentialKind.INSTANCE_KEY,
    credential_id="instance-1",
    instance_id=INSTANCE,
)


@pytest.fixture
async def webhooks(outlet: Outlet) -> AsyncIterator[Webhooks]:
    inbox = Inbox(outlet.storage, outlet.clock, lambda _events, endpoints: outlet.dispatcher.wake(endpoints))
    inbox.open()
    yield Webhooks(outlet.storage, outlet.egress, outlet.clock, accept=inbox.accept, wake=outlet.dispatcher.wake)
    await inbox.aclose()


def hook(outlet: Outlet, name: str = "hook") -> EndpointChange:
    return EndpointChange(url=outlet.receiver.url(f"/{name}"))


async def test_a_new_webhook_has_a_secret_that_is_shown_once(outlet: Outlet, webhooks: Webhooks) -> None:
    made = await webhooks.create(OWNER, hook(outlet), INSTANCE)
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    assert made.standard_secret == made.secret
    [listed] = await webhooks.list(OWNER, INSTANCE)
    assert listed == await webhooks.get(OWNER, made.endpoint.id)
    assert (listed.max_retries, listed.retry_interval_ms, listed.concurrency) == (3, 60_000, 4)
    assert await outlet.storage.endpoints.signing_secrets(listed.id, outlet.now) == (made.secret,)


async def test_the_standard_format_brings_its_own_schedule(outlet: Outlet, webhooks: Webhooks) -> None:
    change = EndpointChange(url=outlet.receiver.url("/hook"), format=WebhookFormat.STANDARD)
    endpoint = (await webhooks.create(OWNER, change, INSTANCE)).endpoint
    assert (endpoint.max_retries, endpoint.retry_interval_ms) == (9, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (EndpointChange(), "url"),
        (EndpointChange(url="ftp://example.com"), "url"),
        (EndpointChange(url="http://169.254.169.254/"), "url"),
        (EndpointChange(url="http://user:pw@127.0.0.1/"), "url"),
        (EndpointChange(url="http://127.0.0.1/", max_retries=-1), "maxRetries"),
        (EndpointChange(url="http://127.0.0.1/", max_retries=51), "maxRetries"),
        (EndpointChange(url="http://127.0.0.1/", retry_interval_ms=-1), "retryInterval"),
        (EndpointChange(url="http://127.0.0.1/", concurrency=0), "concurrency"),
        (EndpointChange(url="http://127.0.0.1/", headers={"Host": "x"}), "headers"),
        (EndpointChange(url="http://127.0.0.1/", headers={"webhook-id": "x"}), "headers"),
        (EndpointChange(url="http://127.0.0.1/", headers={"X-Webhook-Signature": "x"}), "headers"),
        (EndpointChange(url="http://127.0.0.1/", headers={"X-A": "a\r\nb: c"}), "headers"),
        (EndpointChange(url="http://127.0.0.1/", secret="a\nb"), "secret"),
        (EndpointChange(url="http://127.0.0.1/", filter=FilterChange(types=("no.such",))), "events"),
        (EndpointChange(url="http://127.0.0.1/", filter=FilterChange(allowed_numbers=("\x00",))), "allowedNumbers"),
    ],
)
async def test_what_cannot_work_is_refused_with_the_field_named(
    outlet: Outlet, webhooks: Webhooks, change: EndpointChange, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await webhooks.create(OWNER, change, INSTANCE)
    assert refused.value.field == field
    assert await webhooks.list(OWNER) == []


async def test_an_instance_has_twenty_webhooks_at_most(outlet: Outlet, webhooks: Webhooks) -> None:
    for _ in range(20):
        await webhooks.create(OWNER, hook(outlet), INSTANCE)
    with pytest.raises(Conflict):
        await webhooks.create(OWNER, hook(outlet), INSTANCE)
    await webhooks.create(OWNER, hook(outlet), None)


async def test_a_stranger_finds_nothing(outlet: Outlet, webhooks: Webhooks) -> None:
    endpoint = (await webhooks.create(OWNER, hook(outlet), INSTANCE)).endpoint
    delivery = await webhooks.test(OWNER, endpoint.id)
    assert await webhooks.list(STRANGER) == []
    assert (await webhooks.deliveries(STRANGER, DeliveryQuery(endpoint_id=endpoint.id), limit=9, skip=0))[1] == 0
    for attempt in (
        webhooks.list(STRANGER, INSTANCE),
        webhooks.get(STRANGER, endpoint.id),
        webhooks.create(STRANGER, hook(outlet), INSTANCE),
        webhooks.edit(STRANGER, endpoint.id, EndpointChange(enabled=False)),
        webhooks.delete(STRANGER, endpoint.id),
        webhooks.rotate_secret(STRANGER, endpoint.id),
        webhooks.test(STRANGER, endpoint.id),
        webhooks.delivery(STRANGER, delivery.id),
        webhooks.redeliver(STRANGER, delivery.id),
        webhooks.redeliver_range(STRANGER, DeliveryQuery(endpoint_id=endpoint.id)),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_an_instance_key_reaches_its_own_instances_webhooks_only(outlet: Outlet, webhooks: Webhooks) -> None:
    own = (await webhooks.create(KEY, hook(outlet), INSTANCE)).endpoint
    everybodys = (await webhooks.create(OWNER, hook(outlet), None)).endpoint
    assert [each.id for each in await webhooks.list(KEY)] == [own.id]
    with pytest.raises(NotFound):
        await webhooks.get(KEY, everybodys.id)
    with pytest.raises(GatewayError):
        await webhooks.create(KEY, hook(outlet), None)


@pytest.mark.parametrize("number", [0, -1, 2**63, 2**80])
async def test_a_number_no_delivery_can_have_is_not_found(webhooks: Webhooks, number: int) -> None:
    with pytest.raises(NotFound):
        await webhooks.delivery(OWNER, DeliveryId(number))


async def test_a_test_delivery_arrives_whatever_the_filter(outlet: Outlet, webhooks: Webhooks) -> None:
    change = EndpointChange(url=outlet.receiver.url("/hook"), filter=FilterChange(types=("message.sent",)))
    made = await webhooks.create(OWNER, change, INSTANCE)
    other = await webhooks.create(OWNER, hook(outlet, "other"), INSTANCE)
    outlet.receiver.trust("/hook", made.secret)
    outlet.dispatcher.start()
    delivery = await webhooks.test(OWNER, made.endpoint.id)
    await outlet.settled()
    shown = await webhooks.delivery(OWNER, delivery.id)
    assert shown.delivery.event_type == "endpoint.tested"
    assert [attempt.status for attempt in shown.attempts] == [200]
    [request] = outlet.receiver.requests
    assert request.json()["event"] == "test"
    assert request.legacy_signature
    assert request.body.decode() == shown.delivery.payload
    assert await outlet.states(other.endpoint) == []


async def test_a_webhook_of_the_whole_tenant_can_be_tested_too(outlet: Outlet, webhooks: Webhooks) -> None:
    made = await webhooks.create(OWNER, hook(outlet), None)
    outlet.dispatcher.start()
    await webhooks.test(OWNER, made.endpoint.id)
    await outlet.settled()


async def test_an_edit_that_leaves_it_on_is_told_to_it_alone(outlet: Outlet, webhooks: Webhooks) -> None:
    one = (await webhooks.create(OWNER, hook(outlet, "one"), INSTANCE)).endpoint
    await webhooks.create(OWNER, hook(outlet, "two"), INSTANCE)
    outlet.dispatcher.start()
    await webhooks.edit(OWNER, one.id, EndpointChange(ordering=Ordering.STRICT, filter=FilterChange(read=True)))
    await outlet.settled()
    assert [request.path for request in outlet.receiver.requests] == ["/one"]
    assert outlet.receiver.requests[0].json()["event"] == "webhook_updated"
    edited = await webhooks.get(OWNER, one.id)
    assert edited.ordering is Ordering.STRICT
    assert edited.filter.read
    assert edited.filter.received
    await webhooks.edit(OWNER, one.id, EndpointChange(enabled=False))
    assert len(outlet.receiver.requests) == 1


async def test_switched_off_it_can_be_neither_tested_nor_sent_again(outlet: Outlet, webhooks: Webhooks) -> None:
    endpoint = (await webhooks.create(OWNER, hook(outlet), INSTANCE)).endpoint
    delivery = await webhooks.test(OWNER, endpoint.id)
    await webhooks.edit(OWNER, endpoint.id, EndpointChange(enabled=False))
    for attempt in (
        webhooks.test(OWNER, endpoint.id),
        webhooks.redeliver(OWNER, delivery.id),
        webhooks.redeliver_range(OWNER, DeliveryQuery(endpoint_id=endpoint.id)),
    ):
        with pytest.raises(Conflict):
            await attempt
    assert outlet.receiver.requests == []


async def test_switching_it_on_again_forgets_why_it_was_off_and_lets_the_backlog_go(
    outlet: Outlet, webhooks: Webhooks
) -> None:
    endpoint = (await webhooks.create(OWNER, hook(outlet), INSTANCE)).endpoint
    await outlet.owe(endpoint, count=3, wake=False)
    await outlet.storage.endpoints.disable(endpoint.id, "It answered 410 Gone.", outlet.now)
    outlet.dispatcher.start()
    assert (await webhooks.get(OWNER, endpoint.id)).disabled_reason == "It answered 410 Gone."
    await webhooks.edit(OWNER, endpoint.id, EndpointChange(enabled=True))
    await outlet.settled()
    after = await webhooks.get(OWNER, endpoint.id)
    assert (after.enabled, after.disabled_reason, after.disabled_at) == (True, None, None)
    assert outlet.receiver.stats.unique == 4  # and the news of the edit


async def test_the_others_are_told_of_one_that_was_switched_off(outlet: Outlet, webhooks: Webhooks) -> None:
    gone = (await webhooks.create(OWNER, hook(outlet, "gone"), INSTANCE)).endpoint
    await webhooks.create(OWNER, hook(outlet, "other"), INSTANCE)
    await outlet.storage.endpoints.disable(gone.id, "It answered 410 Gone.", outlet.now)
    outlet.dispatcher.start()
    await webhooks.disabled(gone, "It answered 410 Gone.")
    await outlet.settled()
    [request] = outlet.receiver.requests
    assert request.path == "/other"
    assert request.json()["data"]["endpointId"] == gone.id


async def test_a_range_is_sent_again_once_however_often_it_is_asked_for(outlet: Outlet, webhooks: Webhooks) -> None:
    endpoint = (
        await webhooks.create(OWNER, EndpointChange(url=outlet.receiver.url("/hook"), max_retries=0), INSTANCE)
    ).endpoint
    outlet.receiver.refuse("/hook", status=500, times=6)
    outlet.dispatcher.start()
    first = outlet.now
    for _ in range(3):
        await outlet.owe(endpoint, count=2)
        await outlet.settled(DeliveryState.DEAD)
        await outlet.clock.advance(seconds=60)
    query = DeliveryQuery(
        endpoint_id=endpoint.id,
        states=(DeliveryState.DEAD,),
        since=first + timedelta(seconds=1),
        until=first + timedelta(seconds=61),
    )
    await outlet.dispatcher.drain(5)
    assert await webhooks.redeliver_range(OWNER, query) == 2
    assert await webhooks.redeliver_range(OWNER, query) == 0
    outlet.new_dispatcher().start()
    await outlet.until(lambda: outlet.receiver.stats.accepted == 2)
    await outlet.settled(DeliveryState.DEAD, DeliveryState.DELIVERED)
    assert await outlet.states() == ["dead", "dead", "delivered", "delivered", "dead", "dead"]
    page, total = await webhooks.deliveries(OWNER, query, limit=10, skip=0)
    assert total == len(page) == 0


async def test_deliveries_can_be_listed_by_what_they_are(outlet: Outlet, webhooks: Webhooks) -> None:
    endpoint = (await webhooks.create(OWNER, hook(outlet), INSTANCE)).endpoint
    await outlet.owe(endpoint, count=5, wake=False)
    await webhooks.test(OWNER, endpoint.id)

    async def total(**query: object) -> int:
        return (await webhooks.deliveries(OWNER, DeliveryQuery(**query), limit=2, skip=0))[1]  # type: ignore[arg-type]  # parts of a query

    assert await total() == 6
    assert await total(event_types=("endpoint.tested",)) == 1
    assert await total(states=(DeliveryState.DEAD, DeliveryState.PENDING)) == 6
    assert await total(states=(DeliveryState.DEAD,)) == 0
    assert await total(instance_id=InstanceId("other")) == 0
    assert await total(endpoint_id=EndpointId("other")) == 0
    assert await total(since=outlet.now) == 6
    assert await total(until=outlet.now) == 0
    page, _ = await webhooks.deliveries(OWNER, DeliveryQuery(), limit=2, skip=1)
    assert [each.event_type for each in page] == ["message.received"] * 2
    assert page[0].payload == ""


async def test_a_delivery_by_hand_is_marked_as_such(outlet: Outlet, webhooks: Webhooks) -> None:
    endpoint = (await webhooks.create(OWNER, hook(outlet), INSTANCE)).endpoint
    outlet.dispatcher.start()
    delivery = await webhooks.test(OWNER, endpoint.id)
    await outlet.settled()
    await webhooks.redeliver(OWNER, delivery.id)
    await outlet.tried(2)
    assert [each.trigger for each in (await webhooks.delivery(OWNER, delivery.id)).attempts] == [
        Trigger.SCHEDULE,
        Trigger.MANUAL,
    ]


async def test_a_rotation_shows_the_new_secret_and_keeps_the_old_for_a_day(outlet: Outlet, webhooks: Webhooks) -> None:
    made = await webhooks.create(OWNER, hook(outlet), INSTANCE)
    rotated = await webhooks.rotate_secret(OWNER, made.endpoint.id)
    assert rotated.secret != made.secret
    own = await webhooks.rotate_secret(OWNER, made.endpoint.id, "my own words")
    assert own.standard_secret.startswith("whsec_")
    secrets = await outlet.storage.endpoints.signing_secrets(made.endpoint.id, outlet.now)
    assert secrets == ("my own words", rotated.secret, made.secret)


async def test_an_instances_own_fields_make_edit_and_remove_its_first_webhook(
    outlet: Outlet, webhooks: Webhooks
) -> None:
    instance = await outlet.storage.instances.get(OWNER, INSTANCE)
    assert await webhooks.put_first(OWNER, instance, EndpointChange(max_retries=1)) is None
    first = await webhooks.put_first(OWNER, instance, hook(outlet))
    assert first is not None
    assert first.is_first
    again = await webhooks.put_first(OWNER, instance, EndpointChange(max_retries=0, secret=""))
    assert again is not None
    assert (again.id, again.max_retries) == (first.id, 0)
    assert await webhooks.first_of(OWNER, INSTANCE) == again
    assert await webhooks.put_first(OWNER, instance, EndpointChange(url="")) is None
    assert await webhooks.first_of(OWNER, INSTANCE) is None
