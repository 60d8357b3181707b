"""`/api/webhooks` as callers see it, over HTTP."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.running import RunningGateway, running_gateway
from tests.served import SHARED, Served
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

TOKEN = "123456:" + "A" * 35


@pytest.fixture
async def gateway(tmp_path: Path, database_url: str) -> AsyncIterator[RunningGateway]:
    async with (
        TelegramSimulator(open_door=True, allow_http=True) as telegram,
        running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as running,
    ):
        yield running


@pytest.fixture
async def api(gateway: RunningGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client


@pytest.fixture
async def instance(api: httpx.AsyncClient) -> str:
    made = await api.post("/api/instances", json={"name": "bot", "provider": "telegram", "config": {"token": TOKEN}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_webhook_lives_from_its_creation_to_its_deletion(
    api: httpx.AsyncClient, instance: str, receiver: Receiver
) -> None:
    made = await api.post(
        "/api/webhooks",
        json={
            "url": receiver.url("/hook"),
            "instanceId": instance,
            "events": ["message_received"],
            "headers": {"X-Token": "canary"},
            "retryInterval": 1000,
        },
    )
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    hook = made.json()["webhook"]
    assert hook["headerNames"] == ["X-Token"]
    assert hook["retryInterval"] == 1000
    receiver.trust("/hook", secret)

    tested = await api.post(f"/api/webhooks/{hook['id']}/test")
    assert tested.status_code == 202, tested.text
    await receiver.wait_for(lambda r: any(each.json()["event"] == "test" for each in r.accepted("/hook")))
    [request] = [each for each in receiver.accepted("/hook") if each.json()["event"] == "test"]
    assert request.legacy_signature  # keyed with the secret's text
    # Standard Webhooks libraries decode the same text; that is what its `whsec_` says.
    signed = f"{request.webhook_id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(made.json()["standardSecret"].removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"

    changed = await api.patch(f"/api/webhooks/{hook['id']}", json={"enabled": False, "retryInterval": None})
    assert (changed.json()["enabled"], changed.json()["retryInterval"]) == (False, None)
    rotated = await api.post(f"/api/webhooks/{hook['id']}/rotate-secret")
    assert rotated.status_code == 200
    assert rotated.json()["secret"] != secret

    shown = [
        await api.get("/api/webhooks"),
        await api.get(f"/api/webhooks?instanceId={instance}"),
        await api.get(f"/api/webhooks/{hook['id']}"),
        await api.put(f"/api/webhooks/{hook['id']}", json={"notifyRead": True}),
    ]
    for answer in shown:
        assert answer.status_code == 200
        assert secret not in answer.text
        assert rotated.json()["secret"] not in answer.text
        assert "canary" not in answer.text

    gone = await api.delete(f"/api/webhooks/{hook['id']}")
    assert gone.status_code == 200
    assert (await api.get(f"/api/webhooks/{hook['id']}")).status_code == 404


async def test_deliveries_are_listed_shown_and_sent_again(
    api: httpx.AsyncClient, instance: str, receiver: Receiver
) -> None:
    receiver.refuse("/hook", status=500, times=1)
    made = await api.post(
        "/api/webhooks",
        json={"url": receiver.url("/hook"), "instanceId": instance, "maxRetries": 0, "events": ["message.received"]},
    )
    hook = made.json()["webhook"]["id"]
    delivery = (await api.post(f"/api/webhooks/{hook}/test")).json()["id"]
    await receiver.wait_for(lambda r: r.stats.requests == 1)

    async def state_becomes(state: str) -> dict[str, object]:
        while True:
            shown = await api.get(f"/api/webhooks/deliveries/{delivery}")
            assert shown.status_code == 200
            if shown.json()["delivery"]["state"] == state:
                return dict(shown.json())

    dead = await state_becomes("dead")
    assert [each["status"] for each in dead["tries"]] == [500]  # type: ignore[attr-defined]  # it is a list
    query = {"endpointId": hook, "state": "dead", "event": "endpoint.tested", "from": "2020-01-01"}
    listed = (await api.get("/api/webhooks/deliveries", params=query)).json()
    assert (listed["total"], listed["hasMore"], listed["deliveries"][0]["id"]) == (1, False, delivery)

    again = await api.post(f"/api/webhooks/deliveries/{delivery}/redeliver")
    assert again.status_code == 202, again.text
    await state_becomes("delivered")
    ranged = await api.post(
        "/api/webhooks/deliveries/redeliver",
        json={"endpointId": hook, "state": "delivered", "from": "2020-01-01", "to": "2100-01-01"},
    )
    assert (ranged.status_code, ranged.json()) == (202, {"queued": 1})
    await receiver.wait_for(lambda r: r.stats.requests == 3)
    assert len({request.webhook_id for request in receiver.requests}) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/webhooks", {"url": "ftp://x"}, 400),
        ("POST", "/api/webhooks", {"url": "http://169.254.169.254/"}, 400),
        ("POST", "/api/webhooks", {"url": 5}, 400),
        ("POST", "/api/webhooks", {"url": "http://127.0.0.1/", "instanceId": "nobody"}, 404),
        ("POST", "/api/webhooks", {"url": "http://127.0.0.1/", "format": "xml"}, 400),
        ("POST", "/api/webhooks", {"url": "http://127.0.0.1/", "maxRetries": 10**30}, 400),
        ("GET", "/api/webhooks/nobody", None, 404),
        ("GET", "/api/webhooks/deliveries/0", None, 404),
        ("GET", f"/api/webhooks/deliveries/{2**80}", None, 404),
        ("GET", "/api/webhooks/deliveries?state=odd", None, 400),
        ("GET", "/api/webhooks/deliveries?from=yesterday", None, 400),
        ("GET", "/api/webhooks/deliveries?skip=-1", None, 400),
        ("POST", "/api/webhooks/deliveries/redeliver", {"endpointId": "nobody"}, 404),
        (
            "POST",
            "/api/webhooks/deliveries/redeliver",
            {"endpointId": "x", "from": "2026-02-01", "to": "2026-01-01"},
            400,
        ),
        ("POST", "/api/webhooks/deliveries/999999999/redeliver", None, 404),
        ("POST", "/api/webhooks/nobody/test", None, 404),
        ("POST", "/api/webhooks/nobody/rotate-secret", {"secret": "x"}, 404),
        ("PATCH", "/api/webhooks/nobody", {}, 404),
        ("DELETE", "/api/webhooks/nobody", None, 404),
    ],
)
@SHARED
async def test_what_cannot_be_is_refused_in_words(
    served: Served, method: str, path: str, body: object, status: int
) -> None:
    async with served.client() as api:
        answer = await api.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


@SHARED
async def test_nobody_gets_in_without_a_credential(served: Served) -> None:
    async with served.client(None) as nobody:
        assert (await nobody.get("/api/webhooks")).status_code == 401
        assert (await nobody.get("/api/webhooks/deliveries")).status_code == 401
