"""Many deliveries and many endpoints: who goes first, who waits, and what a fault may cost."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from gateway.domain.webhooks import DeliveryState, Endpoint, Ordering, WebhookFormat
from gateway.environment import EncryptionKey
from gateway.kit.secrets import Sealer
from gateway.services.endpoint_changes import default_rate
from gateway.storage.outbox import Claim, Completion
from gateway.storage.times import to_ms
from gateway.storage.webhooks import EndpointStore, Health
from gateway.webhooks.dispatcher import DispatcherSettings
from gateway.webhooks.health import FAILING_FOR_MS
from gateway.webhooks.sender import Limits
from tests.integration.webhooks.outlet import Outlet
from tests.simulators.receiver import Behaviour

PENDING, LEASED = DeliveryState.PENDING, DeliveryState.LEASED
DELIVERED, DEAD = DeliveryState.DELIVERED, DeliveryState.DEAD


async def switch(outlet: Outlet, endpoint: Endpoint, *, on: bool) -> None:
    """As the service does it, without its checks."""
    await outlet.storage.engine.execute(
        f"UPDATE endpoints SET enabled = {'true' if on else 'false'}, failures = 0, failing_since = NULL,"
        " last_failure_at = NULL",
        (),
    )
    outlet.storage.endpoints.invalidate(endpoint.id)
    outlet.dispatcher.wake([endpoint.id], probe=True)


async def test_everything_owed_arrives_once_when_nothing_fails(outlet: Outlet) -> None:
    endpoints = [await outlet.endpoint(f"e{number}") for number in range(8)]
    outlet.dispatcher.start()
    await asyncio.gather(*(outlet.owe(*endpoints, count=10) for _ in range(5)))
    await outlet.settled()
    stats = outlet.receiver.stats
    assert (stats.unique, stats.duplicates, stats.bad_signatures) == (400, 0, 0)
    await outlet.until(lambda: outlet.dispatcher.in_flight == 0)


async def test_what_was_owed_before_the_start_is_found_without_a_wake(outlet: Outlet) -> None:
    await outlet.owe(await outlet.endpoint(), count=3, wake=False)
    outlet.dispatcher.start()
    await outlet.settled()


async def test_what_nobody_announced_is_found_within_half_a_minute(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.dispatcher.start()
    await outlet.clock.sleeping()
    await outlet.owe(endpoint, wake=False)
    await outlet.clock.advance(seconds=30)
    await outlet.settled()


async def test_a_hanging_endpoint_does_not_slow_the_others(outlet: Outlet) -> None:
    hanging = await outlet.endpoint("hanging")
    others = [await outlet.endpoint(f"e{number}") for number in range(4)]
    outlet.receiver.stall("/hanging")
    await outlet.owe(hanging, count=500, wake=False)  # first in line
    for other in others:
        await outlet.owe(other, count=50, wake=False)
    outlet.dispatcher.start()
    for other in others:
        await outlet.settled(endpoint=other)
    # Nothing of the hanging one has ended, and it never had more than its share.
    assert (await outlet.states(hanging)).count("leased") == hanging.concurrency
    assert outlet.receiver.stats.paths["/hanging"] == hanging.concurrency


async def test_slots_go_round_when_endpoints_outnumber_them(outlet: Outlet) -> None:
    outlet.new_dispatcher(DispatcherSettings(max_in_flight=2))
    endpoints = [await outlet.endpoint(f"e{number}", concurrency=2) for number in range(6)]
    for endpoint in endpoints:
        await outlet.owe(endpoint, count=20, wake=False)
    outlet.dispatcher.start()
    await outlet.settled()
    order = [request.path for request in outlet.receiver.requests]
    # When the first endpoint is done, the last one is nearly so: nobody was starved.
    first_done = min(max(place for place, path in enumerate(order) if path == f"/e{n}") for n in range(6))
    assert all(order[: first_done + 1].count(f"/e{n}") >= 15 for n in range(6))


async def test_never_more_in_flight_than_asked_for(outlet: Outlet) -> None:
    outlet.new_dispatcher(DispatcherSettings(max_in_flight=5))
    endpoints = [await outlet.endpoint(f"e{number}", concurrency=3) for number in range(4)]
    for endpoint in endpoints:
        outlet.receiver.stall(f"/{endpoint.id}")
    await outlet.owe(*endpoints, count=10)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 5)
    await outlet.owe(*endpoints, count=1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert outlet.receiver.stats.requests == 5
    assert (await outlet.states()).count("leased") == 5


async def test_in_strict_order_a_head_blocks_its_conversation_and_no_other(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(ordering=Ordering.STRICT)
    outlet.receiver.refuse("/hook", status=500, times=1)
    await outlet.owe(endpoint, count=5, conversation="a")
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 1)
    await outlet.owe(endpoint, count=5, conversation="b")

    async def b_is_done() -> bool:
        rows = await outlet.rows(conversation="b")
        return all(row["state"] == "delivered" for row in rows)

    async def a_is_done_in_time() -> bool:
        # Moved again and again: the dispatcher may still be on its way to sleep when the clock is moved once.
        await outlet.clock.advance(seconds=5)
        return set(await outlet.states()) == {"delivered"}

    await outlet.until(b_is_done)
    assert {row["state"] for row in await outlet.rows(conversation="a")} == {"pending"}
    await outlet.until(a_is_done_in_time)
    assert outlet.receiver.stats.disorder == 0


async def test_in_strict_order_a_dead_head_lets_the_rest_go(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(ordering=Ordering.STRICT, max_retries=0)
    outlet.receiver.refuse("/hook", status=500, times=1)
    await outlet.owe(endpoint, count=4, conversation="a")
    outlet.dispatcher.start()
    await outlet.settled(DELIVERED, DEAD)
    assert await outlet.states() == ["dead", "delivered", "delivered", "delivered"]


async def test_strict_order_holds_over_many_conversations_at_once(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(ordering=Ordering.STRICT, concurrency=16)
    for conversation in range(20):
        await outlet.owe(endpoint, count=10, conversation=f"c{conversation}", wake=False)
    outlet.dispatcher.start()
    await outlet.settled()
    assert outlet.receiver.stats.disorder == 0
    assert outlet.receiver.stats.unique == 200


async def test_the_breaker_postpones_without_consuming_tries(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(concurrency=1)
    outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(endpoint, count=30)
    outlet.dispatcher.start()

    async def opened() -> bool:
        return [row["attempt"] for row in await outlet.rows()] == [1] * 10 + [0] * 20 and (
            outlet.dispatcher.in_flight == 0
        )

    await outlet.until(opened)
    outlet.receiver.answer("/hook")
    await outlet.clock.advance(seconds=29)
    assert outlet.receiver.stats.requests == 10
    await outlet.clock.advance(seconds=1)
    await outlet.until(lambda: outlet.receiver.stats.accepted >= 20)
    await outlet.clock.advance(seconds=80)
    await outlet.settled()
    assert max(row["attempt"] for row in await outlet.rows()) == 2


async def test_410_switches_the_endpoint_off_tells_and_keeps_what_is_owed(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(concurrency=1)
    outlet.receiver.refuse("/hook", status=410, times=1)
    await outlet.owe(endpoint, count=5)
    outlet.dispatcher.start()
    await outlet.until(lambda: bool(outlet.disabled))
    assert outlet.disabled == [(endpoint.id, "It answered 410 Gone.")]
    target = await outlet.storage.endpoints.target(endpoint.id)
    assert target is not None
    assert not target.endpoint.enabled
    assert target.endpoint.disabled_reason == "It answered 410 Gone."
    await outlet.clock.advance(seconds=3600)
    assert outlet.receiver.stats.requests == 1
    assert await outlet.states() == ["pending"] * 5
    await switch(outlet, endpoint, on=True)
    await outlet.settled()


async def test_five_days_of_nothing_but_failures_switch_it_off(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(max_retries=0)
    since = to_ms(outlet.now) - FAILING_FOR_MS
    await outlet.storage.endpoints.set_health(endpoint.id, Health(since, to_ms(outlet.now) - 1000, 9))
    outlet.receiver.refuse("/hook", status=500)
    await outlet.owe(endpoint)
    outlet.dispatcher.start()
    await outlet.until(lambda: bool(outlet.disabled))
    assert outlet.disabled[0][0] == endpoint.id


async def test_one_success_clears_the_count_of_failures(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(max_retries=0, concurrency=1)
    since = to_ms(outlet.now) - FAILING_FOR_MS
    await outlet.storage.endpoints.set_health(endpoint.id, Health(since, to_ms(outlet.now) - 1000, 9))
    outlet.receiver.behave("/hook", Behaviour(times=1), Behaviour(status=500))
    await outlet.owe(endpoint, count=2)
    outlet.dispatcher.start()
    await outlet.settled(DELIVERED, DEAD)
    assert outlet.disabled == []
    outlet.storage.endpoints.invalidate()
    target = await outlet.storage.endpoints.target(endpoint.id)
    assert target is not None
    assert target.health == Health(to_ms(outlet.now), to_ms(outlet.now), 1)


async def test_a_disabled_endpoint_is_never_sent_anything(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    await switch(outlet, endpoint, on=False)
    await outlet.owe(endpoint, count=5)
    outlet.dispatcher.start()
    for _ in range(10):
        await outlet.clock.advance(seconds=600)
    assert outlet.receiver.requests == []
    assert await outlet.states() == ["pending"] * 5
    await switch(outlet, endpoint, on=True)
    await outlet.settled()


async def test_draining_waits_for_what_is_in_flight(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.receiver.stall("/hook")
    await outlet.owe(endpoint, count=10)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 4)
    draining = asyncio.create_task(outlet.dispatcher.drain(20))
    outlet.receiver.answer("/hook")
    outlet.receiver.release()
    await draining
    assert (await outlet.states()).count("delivered") == 4
    assert (await outlet.states()).count("pending") == 6


async def test_draining_gives_back_what_does_not_end_in_time(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.receiver.stall("/hook")
    await outlet.owe(endpoint, count=10)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 4)
    await outlet.dispatcher.drain(0.05)
    assert await outlet.states() == ["pending"] * 10
    assert all(row["failures"] == 0 for row in await outlet.rows())


async def test_the_next_process_takes_over_what_a_dead_one_had_leased(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(max_retries=0)
    await outlet.owe(endpoint, count=3, wake=False)
    leased, _ = await outlet.storage.outbox.claim(
        [Claim(endpoint.id, 2)], owner="dead boot", now=to_ms(outlet.now), lease_until=to_ms(outlet.now) + 60_000
    )
    assert len(leased) == 2
    outlet.dispatcher.start()
    await outlet.settled()  # though only one attempt is allowed: the lost ones were not failures
    assert [row["attempt"] for row in await outlet.rows()] == [2, 2, 1]


async def test_a_claim_whose_commit_we_never_heard_of_is_taken_back(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.dispatcher.start()
    await outlet.clock.sleeping()
    await outlet.owe(endpoint, wake=False)
    await outlet.storage.outbox.claim(
        [Claim(endpoint.id, 1)],
        owner=outlet.dispatcher.boot_id,
        now=to_ms(outlet.now),
        lease_until=to_ms(outlet.now) + 60_000,
    )
    await outlet.clock.advance(seconds=30)
    await outlet.settled()


@pytest.mark.parametrize("wrong", ["owner", "attempt", "state"])
async def test_a_completion_counts_for_the_very_claim_it_answers_only(outlet: Outlet, wrong: str) -> None:
    endpoint = await outlet.endpoint()
    await outlet.owe(endpoint, wake=False)
    [row], _ = await outlet.storage.outbox.claim(
        [Claim(endpoint.id, 1)], owner="me", now=to_ms(outlet.now), lease_until=to_ms(outlet.now) + 60_000
    )
    if wrong == "state":
        await outlet.storage.outbox.release([(row.id, row.attempt)], owner="me")
    done = Completion(
        id=row.id, attempt=row.attempt + (wrong == "attempt"), state=DELIVERED, due=row.created_at, failures=0
    )
    owner = "another" if wrong == "owner" else "me"
    assert await outlet.storage.outbox.complete([done], [], owner=owner) == set()
    assert await outlet.states() == ["pending" if wrong == "state" else "leased"]


async def test_a_lease_stolen_in_flight_makes_our_answer_count_for_nothing(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.receiver.stall("/hook", times=1)
    await outlet.owe(endpoint)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 1)
    await outlet.storage.engine.execute("UPDATE deliveries SET owner = 'thief'", ())
    outlet.receiver.release()
    await outlet.until(lambda: outlet.dispatcher.in_flight == 0)
    assert await outlet.states() == ["leased"]
    assert await outlet.attempts() == []


async def test_an_endpoint_deleted_in_flight_takes_its_deliveries_along(outlet: Outlet) -> None:
    doomed, other = await outlet.endpoint("doomed"), await outlet.endpoint("other")
    outlet.receiver.stall("/doomed")
    await outlet.owe(doomed, count=10)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 4)
    await outlet.storage.endpoints.delete(doomed.id)
    outlet.receiver.release()
    await outlet.owe(other, count=5)
    await outlet.settled()
    assert len(await outlet.rows()) == 5
    await outlet.until(lambda: outlet.dispatcher.in_flight == 0)


async def test_a_row_that_makes_no_sense_dies_and_the_others_arrive(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    await outlet.owe(endpoint, count=5, wake=False)
    second = (await outlet.rows())[1]["id"]
    await outlet.storage.engine.execute(f"UPDATE deliveries SET \"trigger\" = 'nonsense' WHERE id = {second}", ())
    outlet.dispatcher.start()
    await outlet.settled(DELIVERED, DEAD)
    assert await outlet.states() == ["delivered", "dead", "delivered", "delivered", "delivered"]
    assert "no sense" in (await outlet.rows())[1]["last_error"]


async def test_a_row_that_the_driver_cannot_even_read_dies_and_the_others_arrive(outlet: Outlet) -> None:
    if outlet.storage.engine.kind != "sqlite":
        pytest.skip("PostgreSQL refuses bytes that are no text")
    endpoint, other = await outlet.endpoint(), await outlet.endpoint("other")
    await outlet.owe(endpoint, count=5, wake=False)
    await outlet.owe(other, count=5, wake=False)
    rows = await outlet.rows(endpoint_id=endpoint.id)
    for place, value in ((0, "CAST(x'ff00fe' AS TEXT)"), (2, "x'ffff'")):
        await outlet.storage.engine.execute(
            f"UPDATE deliveries SET payload = {value} WHERE id = {rows[place]['id']}", ()
        )
    await outlet.storage.engine.execute(f"UPDATE deliveries SET failures = 'many' WHERE id = {rows[3]['id']}", ())
    outlet.dispatcher.start()

    async def all_over() -> bool:
        found = await outlet.storage.engine.execute("SELECT state FROM deliveries", ())
        return {row["state"] for row in found} <= {"delivered", "dead"}

    await outlet.until(all_over)
    found = await outlet.storage.engine.execute("SELECT state FROM deliveries ORDER BY id", ())
    assert [row["state"] for row in found][:5] == ["dead", "delivered", "dead", "delivered", "delivered"]
    assert outlet.receiver.stats.unique == 8


@pytest.mark.parametrize("payload", ["[" * 1000 + "]" * 1000, "x" * 1_000_000, '"\\u0000"', '"\\ud800"', "not json"])
async def test_odd_payloads_are_sent_as_they_are(outlet: Outlet, payload: str) -> None:
    await outlet.owe(await outlet.endpoint(), body=payload)
    outlet.dispatcher.start()
    await outlet.settled()
    assert outlet.receiver.requests[0].body == payload.encode()


async def test_with_a_secret_that_cannot_be_opened_deliveries_wait_with_the_reason(outlet: Outlet) -> None:
    locked, other = await outlet.endpoint("locked"), await outlet.endpoint("other")
    foreign = EndpointStore(outlet.storage.engine, Sealer([EncryptionKey(id="gone", key=b"x" * 32)]))
    await foreign.rotate_secret(locked.id, "sealed with a key we have not", outlet.now)
    outlet.storage.endpoints.invalidate()
    await outlet.owe(locked, other, count=3)
    outlet.dispatcher.start()
    await outlet.settled(endpoint=other)

    async def one_says_why() -> bool:
        return any("ENCRYPTION_KEYS" in (row["last_error"] or "") for row in await outlet.rows(endpoint_id="locked"))

    await outlet.until(one_says_why)
    assert outlet.receiver.stats.paths.get("/locked", 0) == 0
    assert all(row["failures"] == 0 for row in await outlet.rows(endpoint_id="locked"))
    await outlet.storage.endpoints.rotate_secret(locked.id, "new", outlet.now)
    outlet.receiver.trust("/locked", "new")
    outlet.dispatcher.wake([locked.id])
    await outlet.clock.advance(seconds=301)
    await outlet.settled()
    assert outlet.receiver.stats.bad_signatures == 0


async def test_a_header_that_cannot_be_sent_fails_that_delivery_only(outlet: Outlet) -> None:
    broken = await outlet.endpoint("broken", headers={"X-Bad": "a\r\nInjected: yes"})
    other = await outlet.endpoint("other")
    await outlet.owe(broken, other)
    outlet.dispatcher.start()
    await outlet.settled(endpoint=other)

    async def tried() -> bool:
        return [row["failures"] for row in await outlet.rows(endpoint_id="broken")] == [1]

    await outlet.until(tried)
    assert all("injected" not in request.headers for request in outlet.receiver.requests)


async def test_the_database_going_away_stops_nothing_for_good(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint()
    outlet.receiver.stall("/hook", times=4)
    await outlet.owe(endpoint, count=8)
    outlet.dispatcher.start()
    await outlet.until(lambda: outlet.receiver.stats.requests == 4)
    await outlet.storage.engine.close()
    outlet.receiver.release()
    await outlet.clock.sleeping(1)
    for _ in range(5):
        await outlet.clock.advance(seconds=2)
    await outlet.storage.engine.open()

    async def come_back() -> bool:
        await outlet.clock.advance(seconds=1)
        return set(await outlet.states()) == {"delivered"}

    await outlet.until(come_back)
    # Each exactly once: the four that ended while it was away were remembered until it came back.
    assert outlet.receiver.stats.requests == 8
    assert len({request.webhook_id for request in outlet.receiver.requests}) == 8


async def test_a_jump_of_the_wall_clock_forward_loses_nothing(outlet: Outlet) -> None:
    outlet.receiver.refuse("/hook", status=500, times=1)
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    await outlet.clock.advance(seconds=24 * 3600)
    await outlet.settled()


async def test_limits_of_slow_answers_are_real_time_not_per_read(outlet: Outlet) -> None:
    outlet.new_dispatcher(DispatcherSettings(limits=Limits(connect_timeout=1, read_timeout=1, total_timeout=0.3)))
    # Each byte comes well within the read timeout; only a total ends this.
    outlet.receiver.behave("/hook", Behaviour(kind="drip", interval=0.01))
    await outlet.owe(await outlet.endpoint())
    outlet.dispatcher.start()
    await outlet.tried(1)
    assert ((await outlet.only()).last_error or "").startswith("timeout")


async def test_a_claim_uses_the_index_however_long_the_list(outlet: Outlet) -> None:
    if outlet.storage.database.kind != "sqlite":
        pytest.skip("the plan is SQLite's")
    from gateway.storage.outbox_sql import claim_sql, complete_sql

    file = outlet.storage.database.file
    with sqlite3.connect(file) as raw:
        plan = str(
            raw.execute("EXPLAIN QUERY PLAN " + claim_sql("sqlite", 2, 1), ["o", 1] + ["e", 1, 1] * 3).fetchall()
        )
        assert plan.count("deliveries_due") == 3
        assert "deliveries_open" in plan
        assert "SCAN d" not in plan
        ending = complete_sql("sqlite").replace("{}", "?")
        plan = str(raw.execute("EXPLAIN QUERY PLAN " + ending, ["[]", "o"]).fetchall())
        assert "SEARCH deliveries USING INTEGER PRIMARY KEY" in plan


async def test_old_ends_are_pruned_in_small_batches_and_what_is_owed_stays(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(max_retries=0)
    outlet.receiver.refuse("/hook", status=500, times=2)
    outlet.dispatcher.start()
    await outlet.owe(endpoint, count=6)
    await outlet.settled(DELIVERED, DEAD)
    await outlet.clock.advance(seconds=1)
    await switch(outlet, endpoint, on=False)
    await outlet.owe(endpoint)
    outbox = outlet.storage.outbox
    assert await outbox.prune_attempts(outlet.now, 4) == 4
    assert [await outbox.prune_delivered(outlet.now, 3) for _ in range(3)] == [3, 1, 0]
    assert [await outbox.prune_dead(outlet.now, 3) for _ in range(2)] == [2, 0]
    assert await outlet.states() == ["pending"]
    assert (await outbox.counts())[PENDING] == 1


async def test_metrics_tell_what_happened(outlet: Outlet) -> None:
    endpoint = await outlet.endpoint(max_retries=0)
    outlet.receiver.refuse("/hook", status=500, times=1)
    await outlet.owe(endpoint, count=3)
    outlet.dispatcher.start()
    await outlet.settled(DELIVERED, DEAD)
    await outlet.until(lambda: outlet.dispatcher.in_flight == 0)  # counted right after the commit
    samples = {
        (sample.name, sample.labels.get("result", sample.labels.get("state", ""))): sample.value
        for metric in outlet.dispatcher.metrics
        for family in metric.collect()
        for sample in family.samples
    }
    assert samples["gateway_deliveries_total", "delivered"] == 2
    assert samples["gateway_deliveries_total", "dead"] == 1
    assert samples["gateway_delivery_try_seconds_count", ""] == 3


async def test_an_endpoint_is_sent_to_no_faster_than_its_owner_asked(outlet: Outlet) -> None:
    slow = await outlet.endpoint("slow", rate_limit=2)
    quick = await outlet.endpoint("quick")
    await outlet.owe(slow, quick, count=6)
    outlet.dispatcher.start()
    await outlet.settled(endpoint=quick)
    assert outlet.receiver.stats.paths["/slow"] == 2  # the clock stands still
    passed = 0.0

    async def half_a_second_later() -> bool:
        nonlocal passed
        await outlet.clock.advance(seconds=0.5)
        passed += 0.5
        sent = outlet.receiver.stats.paths["/slow"]
        assert sent <= 2 + 2 * passed
        return sent == 6

    await outlet.until(half_a_second_later)


async def test_an_instance_of_surface_b_is_told_a_hundred_times_a_second_and_of_everything(outlet: Outlet) -> None:
    rate = default_rate(WebhookFormat.API_V1)
    assert rate == default_rate(WebhookFormat.LEGACY) == 100
    paced = await outlet.endpoint("paced", rate_limit=rate, concurrency=64)
    free = await outlet.endpoint("free", rate_limit=default_rate(WebhookFormat.API), concurrency=64)
    await outlet.owe(paced, free, count=250)
    outlet.dispatcher.start()
    await outlet.settled(endpoint=free)
    # While the clock stands still, a second's worth leaves and not one more; another endpoint waits for nobody.
    await outlet.until(lambda: outlet.receiver.stats.paths["/paced"] == 100)
    assert outlet.receiver.stats.paths == {"/free": 250, "/paced": 100}
    passed = 0.0

    async def a_quarter_of_a_second_later() -> bool:
        nonlocal passed
        await outlet.clock.advance(seconds=0.25)
        passed += 0.25
        told = outlet.receiver.stats.paths["/paced"]
        assert told <= 100 + 100 * passed
        return told == 250

    await outlet.until(a_quarter_of_a_second_later)
    await outlet.settled(endpoint=paced)
    assert (outlet.receiver.stats.unique, outlet.receiver.stats.duplicates) == (500, 0)
