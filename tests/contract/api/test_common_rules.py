"""What holds for every route of the older API: how it speaks JSON, whom it lets in, and how much it takes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.e2e.shop import answer
from tests.process import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.served import JWT_SECRET, LISTED_ORIGIN, SHARED, UPLOAD_LIMIT, Served

pytestmark = SHARED

JSON = "application/json; charset=utf-8"
AS_JSON = {"content-type": "application/json"}
MEGABYTE = 1024 * 1024
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def nobody(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client(None) as client:
        yield client


async def new_instance(served: Served, api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """A bot's instance, as it was answered."""
    body = {"name": "Helper", "provider": "telegram", "token": served.telegram.add_bot().token, **more}
    made: dict[str, Any] = await answer(api.post("/api/instances", json=body), 201)
    return made


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/api/instances", {}, 200),
        ("POST", "/api/instances", {"content": b"{oops", "headers": AS_JSON}, 400),
        ("POST", "/api/instances", {"content": b'{"name":', "headers": AS_JSON}, 400),
        ("POST", "/api/instances", {"content": b"[]", "headers": AS_JSON}, 400),
        ("POST", "/api/instances", {"data": {"name": "a form"}}, 400),
        ("POST", "/api/auth/login", {"data": {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}}, 400),
        ("POST", "/api/auth/login", {"json": {"email": ADMIN_EMAIL, "password": 7}}, 400),
        ("POST", "/api/auth/login", {"json": {"email": ADMIN_EMAIL, "password": {"$ne": None}}}, 400),
        ("POST", "/api/auth/login", {"json": {"email": ["a"], "password": "b"}}, 400),
        ("GET", "/api/auth/me", {"headers": {"x-api-key": "no-such-key"}}, 401),
        ("GET", "/api/no/such/path", {}, 404),
        ("GET", "/no/such/path", {}, 404),
        ("GET", "/api/instances/no-such-instance", {}, 404),
        ("PATCH", "/api/instances", {}, 405),
        ("POST", "/api/instances", {"content": b" " * (MEGABYTE + 1), "headers": AS_JSON}, 413),
    ],
)  # fmt: skip
async def test_every_answer_is_json_in_utf_8_and_a_refusal_says_why_and_nothing_else(
    api: httpx.AsyncClient, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    given = await api.request(method, path, **more)
    assert (given.status_code, given.headers["content-type"]) == (status, JSON), given.text
    if status >= 400:
        said = given.json()
        assert said.keys() <= {"error", "code", "field"}
        assert said["error"]
        assert not re.search(r"Traceback|litestar|msgspec|File \"|SELECT|/gateway/", given.text)


async def test_an_upload_over_the_limit_is_413(served: Served, api: httpx.AsyncClient) -> None:
    made = await new_instance(served, api)
    for path in (f"/api/whatsapp/{made['id']}/send-file", f"/api/instances/{made['id']}/send-file"):
        large = {"file": ("a.bin", bytes(UPLOAD_LIMIT + 1))}
        given = await api.post(path, data={"phone": "1"}, files=large)
        assert (given.status_code, given.headers["content-type"]) == (413, JSON)
        assert given.json()["error"] == "The file is larger than 1 MB."


async def test_only_listed_origins_may_read_from_a_browser(api: httpx.AsyncClient) -> None:
    for origin, allowed in ((LISTED_ORIGIN, LISTED_ORIGIN), ("https://evil.example.com", None), ("null", None)):
        given = await api.get("/api/instances", headers={"origin": origin})
        assert given.headers.get("access-control-allow-origin") == allowed
        asked = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key",
        }
        before = await api.options("/api/instances", headers=asked)
        assert before.headers.get("access-control-allow-origin") == allowed


async def test_a_login_token_is_an_hs256_jwt_of_the_user_for_a_day(nobody: httpx.AsyncClient) -> None:
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    given = await answer(nobody.post("/api/auth/login", json=login))
    claims = jwt.decode(given["token"], JWT_SECRET, algorithms=["HS256"], options={"verify_aud": False})
    assert (claims["id"], claims["email"]) == (given["user"]["id"], ADMIN_EMAIL)
    assert claims["exp"] - claims["iat"] == 24 * 3600
    for forged in (
        jwt.encode(claims, "another secret of the right length...", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, "default-jwt-secret".ljust(32), algorithm="HS256"),
    ):
        bearer = {"Authorization": f"Bearer {forged}"}
        assert (await nobody.get("/api/auth/me", headers=bearer)).status_code == 401


async def test_every_credential_opens_what_is_its_owners_and_an_admins_opens_all(
    served: Served, api: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    someone = await served.new_user()
    login = {"email": someone["user"]["email"], "password": "of another tenant"}
    token = (await answer(nobody.post("/api/auth/login", json=login)))["token"]
    async with served.client(someone["apiKey"]) as by_key, served.client(None, token=token) as by_token:
        theirs = await new_instance(served, by_key)
        own = await new_instance(served, api)
        for caller in (by_key, by_token, api):
            for path in (f"/api/instances/{theirs['id']}", f"/api/whatsapp/{theirs['id']}/status"):
                assert (await caller.get(path)).status_code == 200
        for caller in (by_key, by_token):
            assert [each["id"] for each in (await answer(caller.get("/api/instances")))["instances"]] == [theirs["id"]]
            for path in (f"/api/instances/{own['id']}", f"/api/whatsapp/{own['id']}/status"):
                refused = await answer(caller.get(path), 403)
                assert refused["error"] == "You do not have access to this instance"
        mixed = {"Authorization": "Bearer no.such.token", "x-api-key": someone["apiKey"]}
        assert (await answer(nobody.get("/api/auth/me", headers=mixed)))["email"] == someone["user"]["email"]
        await answer(by_key.delete(f"/api/instances/{theirs['id']}"))


async def test_what_a_create_leaves_out_has_its_default(served: Served, api: httpx.AsyncClient) -> None:
    hook = served.receiver.url(served.new_path())

    async def shown(**body: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
        made = await new_instance(served, api, **body)
        assert _UUID.fullmatch(made["id"])
        assert made["status"] == "connecting"
        whole = await answer(api.get(f"/api/instances/{made['id']}"))
        assert whole["webhookEnabled"] == made["webhookEnabled"]
        return whole, whole["webhookSettings"]

    defaults = {
        "notifyReceived": True, "notifySent": True, "notifyDelivery": False, "notifyRead": False,
        "maxRetries": 3, "retryInterval": 60000, "headerNames": [],
    }  # fmt: skip
    bare, settings = await shown()
    assert (bare["description"], bare["webhookUrl"], bare["webhookEnabled"], settings) == (None, None, False, None)
    hooked, settings = await shown(webhookUrl=hook)
    assert (hooked["webhookEnabled"], settings) == (True, defaults), "a URL alone switches it on"
    off, _ = await shown(webhookUrl=hook, webhookEnabled=False)
    assert off["webhookEnabled"] is False, "what is said counts"
    _, settings = await shown(webhookUrl=hook, maxRetries=0, retryInterval=0)
    assert settings == defaults | {"maxRetries": 0, "retryInterval": 0}, "0 is a number"
    _, settings = await shown(webhookUrl=hook, webhookSettings={"notifySent": False, "maxRetries": 5})
    assert settings == defaults | {"notifySent": False, "maxRetries": 5}, "nested, as its own pages send them"


async def test_what_a_change_leaves_out_stays_and_an_empty_secret_changes_nothing(
    served: Served, api: httpx.AsyncClient
) -> None:
    hook = served.new_path()
    made = await new_instance(served, api, webhookUrl=served.receiver.url(hook), webhookSecret="first secret")
    path = f"/api/instances/{made['id']}"
    served.receiver.trust(hook, "first secret")
    before = await answer(api.get(path))
    await answer(api.put(path, json={}))
    await answer(api.put(path, json={"webhookSettings": {"secret": "", "notifyRead": True}}))
    after = await answer(api.get(path))
    assert after["webhookSettings"] == before["webhookSettings"] | {"notifyRead": True}
    assert (after["name"], after["description"], after["webhookUrl"]) == ("Helper", None, before["webhookUrl"])

    def told() -> bool:
        return any(each.json()["event"] == "webhook_updated" for each in served.receiver.received(hook))

    await served.receiver.wait_for(lambda _: told())
    assert {each.legacy_signature for each in served.receiver.received(hook)} == {True}


async def test_both_ends_of_a_span_of_time_are_in_it(served: Served, api: httpx.AsyncClient) -> None:
    made = await new_instance(served, api)
    path = f"/api/instances/{made['id']}/activity"
    (log,) = (await answer(api.get(path, params={"actions": "instance_created"})))["logs"]
    at = log["createdAt"]
    for span, total in (
        ({"startDate": at, "endDate": at}, 1),
        ({"startDate": at}, 1),
        ({"endDate": at}, 1),
        ({"endDate": "2020-01-01"}, 0),
        ({"startDate": "2999-01-01T00:00:00+03:00"}, 0),
    ):
        page = await answer(api.get(path, params={"actions": "instance_created", **span}))
        assert page["pagination"]["total"] == total, span
