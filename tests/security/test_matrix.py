"""Nobody gets in: every operation, asked by everybody who could come to the door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from gateway.app import make_routes
from gateway.surfaces.measured import RequestMetrics
from tests.conftest import Until
from tests.security.operations import OK, OPERATIONS, PUBLIC, UNDOCUMENTED, Operation
from tests.security.stage import MARK, Caller, Stage, filled, staged
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # every operation is asked as everybody, twice

OUTSIDE = frozenset({"stranger", "strange_key", "sibling_key"})
"""Those who are let in, and must learn nothing about the shop."""
LOOK_EVERY = 10
"""Operations after which everything of the home tenant is looked at once more."""
_TYPED = re.compile(r":\w+}")
_METHODS = frozenset({"get", "put", "post", "patch", "delete", "head", "trace"})


@pytest.fixture(params=["id-sqlite", "secret-postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Either kind of instance key, and either database. That each kind is found in each is tested with the keys."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, kind: str) -> str:
    """An empty database of that kind."""
    return str(request.getfixturevalue(f"{kind.partition('-')[2]}_url"))


@pytest.fixture
async def stage(
    kind: str,
    database_url: str,
    tmp_path: Path,
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
) -> AsyncIterator[Stage]:
    keys = kind.partition("-")[0]
    async with staged(tmp_path, database_url, telegram, receiver, until, INSTANCE_KEYS=keys) as built:
        yield built


def batched(pairs: Iterable[tuple[str, Operation]], size: int) -> Iterator[list[tuple[str, Operation]]]:
    """The same in lists of that size, the last one shorter."""
    rest = iter(pairs)
    while some := list(islice(rest, size)):
        yield some


async def documented(stage: Stage) -> set[str]:
    """Every operation of the document."""
    document = (await stage.http.get("/docs/openapi.json")).json()
    return {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item if method in _METHODS
    }


async def test_every_operation_is_in_the_table_and_every_route_is_in_the_document(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with staged(tmp_path, sqlite_url, telegram, receiver, until) as stage:
        there = await documented(stage)
        assert there - OPERATIONS.keys() == set(), "operations that nobody said who may call"
        assert OPERATIONS.keys() - there == set(), "rows of the table without an operation"
        app = make_routes(stage.running.gateway, RequestMetrics())
        routed = {
            f"{method} {_TYPED.sub('}', route.path_format)}"
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for method in route.methods - {"OPTIONS"}
        }
        assert all(isinstance(route, HTTPRoute) for route in app.routes), "a route that is no HTTP route"
        assert routed - there == UNDOCUMENTED.keys()
        assert there <= routed


async def asked(stage: Stage, request: str, row: Operation, caller: Caller, **names: str) -> httpx.Response:
    """One operation with its row's body."""
    known = filled(dict(row.names), stage.names) | names
    body: dict[str, Any] = {"names": known}
    for name in ("json", "files", "data"):
        if getattr(row, name) is not None:
            body[name] = getattr(row, name)
    return await stage.ask(caller, request, params=filled(dict(row.query), stage.names | names), **body)


async def changed(stage: Stage, before: dict[str, Any]) -> list[Any]:
    """What is no longer as it was in the home tenant."""
    after = await stage.victim()
    pairs = [(place, before["rows"].get(place), after["rows"].get(place)) for place in before["rows"] | after["rows"]]
    pairs += [(place, before[place], after[place]) for place in ("calls", "heard")]
    return [each for each in pairs if each[1] != each[2]]


def what(answer: httpx.Response) -> tuple[int, bytes, str | None]:
    """All that an answer tells."""
    return answer.status_code, answer.content, answer.headers.get("www-authenticate")


async def test_everybody_gets_what_the_table_says(stage: Stage) -> None:
    # First those who may not: nothing of the home tenant moves, and nothing of it shows.
    before = await stage.victim()
    for some in batched(OPERATIONS.items(), LOOK_EVERY):
        for request, row in some:
            for caller in stage.callers:
                wanted = row.answer_for(caller.standing)
                if wanted == OK:
                    continue
                answer = await asked(stage, request, row, caller)
                assert answer.status_code == wanted, f"{caller.name}: {request}: {answer.status_code} {answer.text}"
                assert MARK not in answer.text, f"{caller.name}: {request}: {answer.text}"
        asked_for = ", ".join(request for request, _ in some)
        assert await changed(stage, before) == [], f"changed for somebody who may not, by one of {asked_for}"

    # Then those from outside who may do it for themselves: still nothing of the home tenant shows or moves.
    for request, row in OPERATIONS.items():
        for caller in stage.callers:
            if caller.standing not in OUTSIDE or row.policy is PUBLIC or row.answer_for(caller.standing) != OK:
                continue
            answer = await asked(stage, request, row, await _actor(stage, row, caller))
            assert answer.status_code == _ok(stage, row, caller), f"{caller.name}: {request}: {answer.text}"
            assert MARK not in answer.text, f"{caller.name}: {request}: {answer.text}"
    assert await changed(stage, before) == []

    # And the control: whoever may gets through, or all of the above would only show that nothing works.
    for request, row in sorted(OPERATIONS.items(), key=lambda pair: pair[1].last):
        for caller in stage.callers:
            if row.answer_for(caller.standing) != OK or (caller.standing in OUTSIDE and row.policy is not PUBLIC):
                continue
            spare: dict[str, str] = await getattr(stage, row.spare)() if row.spare else {}
            answer = await asked(stage, request, row, await _actor(stage, row, caller), **spare)
            said = f"{caller.name}: {request}: {answer.status_code} {answer.text}"
            assert answer.status_code == _ok(stage, row, caller), said
            if row.code is not None:
                assert answer.json()["code"] == row.code, said


async def _actor(stage: Stage, row: Operation, caller: Caller) -> Caller:
    return await stage.spare(caller) if row.spare_caller else caller


def _ok(stage: Stage, row: Operation, caller: Caller) -> int:
    if row.ok_with_secret_keys is not None and stage.running.gateway.settings.instance_keys == "secret":
        return row.ok_with_secret_keys
    return row.ok_by_key if row.ok_by_key is not None and caller.kind == "key" else row.ok


async def test_a_refusal_tells_nothing_of_what_is_behind_it(stage: Stage) -> None:
    """Another tenant gets the same bytes for a busy shop and a bare one, and 404 where there is nothing."""
    nobody = next(caller for caller in stage.callers if caller.name == "nobody")
    for request, row in OPERATIONS.items():
        if "{instance_id}" not in request or not request.split(" ")[1].startswith("/api/"):
            continue
        busy = await asked(stage, request, row, stage.stranger)
        bare = await asked(stage, request, row, stage.stranger, instance_id=stage.names["sibling"])
        missing = await asked(stage, request, row, stage.stranger, instance_id=stage.names["missing"])
        assert what(busy) == what(bare), request
        foreign = 404 if "/api/v1/" in request else 403
        assert (busy.status_code, missing.status_code) == (foreign, 404), request
        assert {name for name, _ in busy.headers.items()} == {name for name, _ in bare.headers.items()}
        mine = await asked(stage, request, row, stage.owner, instance_id=stage.names["missing"])
        assert what(mine) == what(missing), f"{request}: what is missing is missing for everybody alike"
        closed = await asked(stage, request, row, nobody)
        nothing = await asked(stage, request, row, nobody, instance_id=stage.names["missing"])
        assert what(closed) == what(nothing), request


async def test_another_tenants_webhooks_and_deliveries_look_like_none_at_all(stage: Stage) -> None:
    for request, row in OPERATIONS.items():
        for name, other in (("webhook_id", stage.names["missing"]), ("delivery_id", "999999999")):
            if "{" + name + "}" not in request:
                continue
            foreign = await asked(stage, request, row, stage.stranger)
            missing = await asked(stage, request, row, stage.stranger, **{name: other})
            assert foreign.status_code == missing.status_code == 404
            assert foreign.text.replace(stage.names[name], "?") == missing.text.replace(other, "?"), request


async def test_filters_and_references_do_not_reach_into_another_tenant(stage: Stage) -> None:
    """The same ids, where they stand in a query or a body instead of the path."""
    before = await stage.victim()
    strangers = [each for each in stage.callers if each.standing in ("stranger", "strange_key", "sibling_key")]
    for caller in strangers:
        for filter_ in ("instanceId={instance_id}", "endpointId={webhook_id}"):
            shown = await stage.get(caller, f"GET /api/webhooks/deliveries?{filter_}")
            assert (shown["deliveries"], shown["total"]) == ([], 0), caller.name
        refused = await stage.ask(caller, "GET /api/webhooks?instanceId={instance_id}")
        assert (refused.status_code, MARK in refused.text) == (403, False)
        for body in ({"instanceId": "{instance_id}"}, {"instanceId": "{hooked}"}):
            made = await stage.ask(caller, "POST /api/webhooks", json=body | {"url": "{picture}"})
            assert made.status_code == 403, caller.name
        sent_again = {"endpointId": "{webhook_id}", "instanceId": "{instance_id}", "state": "delivered"}
        again = await stage.ask(caller, "POST /api/webhooks/deliveries/redeliver", json=sent_again)
        assert again.status_code == 404, caller.name
    assert await changed(stage, before) == []


async def test_an_own_key_cannot_make_itself_ears_for_the_whole_tenant(stage: Stage) -> None:
    own = next(caller for caller in stage.callers if caller.name == "the shop's own key")
    made = await stage.get(own, "POST /api/webhooks", 201, json={"url": "{picture}"})
    assert made["webhook"]["instanceId"] == stage.names["instance_id"]
    listed = await stage.get(own, "GET /api/webhooks")
    assert {each["instanceId"] for each in listed["webhooks"]} == {stage.names["instance_id"]}
    for tenant_wide in (await stage.get(stage.owner, "GET /api/webhooks"))["webhooks"]:
        if tenant_wide["instanceId"] is None:
            await stage.get(own, f"GET /api/webhooks/{tenant_wide['id']}", 404)


async def test_nobody_makes_themselves_more_than_they_are(stage: Stage) -> None:
    """Fields that a caller must not choose are not chosen by putting them into the body."""
    mine = {"tenantId": "{tenant}", "tenant_id": "{tenant}", "role": "admin", "userId": "{user_id}", "isActive": True}
    made = await stage.instance(stage.stranger, "mine", **filled(mine, stage.names))
    assert await stage.get(stage.stranger, f"GET /api/instances/{made['id']}")
    assert (await stage.ask(stage.owner, f"GET /api/instances/{made['id']}")).status_code == 403
    key = await stage.get(stage.stranger, "POST /api/auth/api-keys", 201, json={"name": "mine", **mine})
    me = await stage.get(Caller("", "", {"x-api-key": key["apiKey"]}), "GET /api/auth/me")
    assert (me["role"], me["tenantId"] == stage.names["tenant"]) == ("owner", False)


async def test_a_disabled_owner_closes_the_doors_of_their_instances(stage: Stage) -> None:
    leaving = await stage.person("owner", stage.names["tenant"])
    key = Caller("leaving", "owner", {"x-api-key": leaving["apiKey"]})
    made = await stage.instance(key, "left")
    instance_key = Caller("its key", "own_key", {"authorization": f"Bearer {made.get('instanceKey') or made['id']}"})
    status = f"GET /api/instances/{made['id']}/status"
    await stage.get(instance_key, status)
    await stage.get(stage.admin, f"PATCH /api/users/{leaving['id']}", json={"isActive": False})
    await stage.get(instance_key, status, 401)
    await stage.get(key, status, 401)
    await stage.get(stage.owner, status)
