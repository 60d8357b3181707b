"""`/api/auth` and `/api/users` as a client meets them."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from msgspec.structs import replace

from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Role
from gateway.services.limits import Limiter
from gateway.services.throttle import FREE_FAILURES
from gateway.settings import Settings
from gateway.surfaces.api import auth, users
from gateway.surfaces.api.documented import SECURITY
from tests.clock import ManualClock
from tests.integration.services.conftest import PASSWORD, Gate, gate_over, opened
from tests.integration.surfaces.conftest import app_over, client_of

Http = httpx.AsyncClient
ADA = {"email": "ada@example.com", "password": PASSWORD}


async def logged_in(http: Http, **body: str) -> dict[str, Any]:
    answer = await http.post("/api/auth/login", json=ADA | body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_login_answers_exactly_as_documented(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    body = await logged_in(http)
    assert set(body) == {"token", "user"}
    assert body["user"] == {
        "id": ada.user.id,
        "email": "ada@example.com",
        "firstName": "",
        "lastName": "",
        "apiKey": ada.api_key,
    }


async def test_me_answers_with_a_token_or_a_key(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    token = (await logged_in(http))["token"]
    for headers in (bearer(token), {"x-api-key": ada.api_key}, {"authorization": f"bearer {token}"}):
        answer = await http.get("/api/auth/me", headers=headers)
        assert answer.status_code == 200
        assert (
            answer.json().items()
            >= {
                "id": ada.user.id,
                "email": "ada@example.com",
                "firstName": "",
                "lastName": "",
            }.items()
        )
        assert "apiKey" not in answer.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ada@example.com"},
        {"password": "x"},
        {"email": "", "password": ""},
        {"email": None, "password": "x"},
    ],
)
async def test_login_wants_both_fields(http: Http, body: dict[str, Any]) -> None:
    answer = await http.post("/api/auth/login", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Email and password are required"


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b'{"email": 7, "password": "x"}', "application/json", "invalid_input"),
        (b'{"email": "a", "password": ["x"]}', "application/json", "invalid_input"),
        (b"[]", "application/json", "invalid_input"),
        (b"null", "application/json", "invalid_input"),
        (b'"text"', "application/json", "invalid_input"),
        (b"{", "application/json", "malformed_json"),
        (b'{"email": "\\ud800", "password": "x"}', "application/json", "malformed_json"),
        (b'{"email": "\xff", "password": "x"}', "application/json", "malformed_json"),
        (b'{"email": "a", "more":' + b"[" * 100_000, "application/json", "malformed_json"),
        (b"", "application/json", "invalid_input"),
        (b"email=a&password=b", "application/x-www-form-urlencoded", "not_json"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", "not_json"),
    ],
)
async def test_what_is_not_the_expected_json_is_400(http: Http, content: bytes, content_type: str, code: str) -> None:
    answer = await http.post("/api/auth/login", content=content, headers={"content-type": content_type})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code
    assert isinstance(answer.json()["error"], str)


async def test_a_wrong_type_names_its_field_as_on_the_wire(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    headers = {"x-api-key": ada.api_key}
    for body, field in (
        ({"name": "x", "allowedIps": [7]}, "allowedIps[0]"),
        ({"name": "x", "allowedIps": ["nowhere"]}, "allowedIps"),
        ({"name": "x", "expiresAt": "tomorrow"}, "expiresAt"),
        ({"name": 7}, "name"),
    ):
        answer = await http.post("/api/auth/api-keys", json=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["field"] == field
        assert field in answer.json()["error"]


async def test_unknown_fields_are_ignored(gate: Gate, http: Http) -> None:
    await gate.let_in("ada@example.com")
    assert (await logged_in(http, rememberMe="yes"))["token"]


async def test_nobody_gets_401_before_the_body_is_looked_at(http: Http) -> None:
    for method, path in (
        ("GET", "/api/auth/me"),
        ("POST", "/api/auth/logout"),
        ("POST", "/api/auth/password"),
        ("POST", "/api/auth/api-key/rotate"),
        ("GET", "/api/auth/api-keys"),
        ("POST", "/api/auth/api-keys"),
        ("DELETE", "/api/auth/api-keys/x"),
        ("GET", "/api/users"),
        ("POST", "/api/users"),
        ("GET", "/api/users/x"),
        ("PATCH", "/api/users/x"),
        ("POST", "/api/users/x/password"),
    ):
        for headers in (
            {},
            {"authorization": "Basic YTpi"},
            {"authorization": "Bearer"},
            {"authorization": "Bearer junk"},
            {"x-api-key": "junk"},
        ):
            answer = await http.request(method, path, content=b"{", headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized", "code": "unauthenticated"})
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_wrong_password_and_unknown_user_are_the_same_401(gate: Gate, http: Http) -> None:
    await gate.let_in("ada@example.com")
    wrong = await http.post("/api/auth/login", json=ADA | {"password": "wrong"})
    unknown = await http.post("/api/auth/login", json=ADA | {"email": "nobody@example.com"})
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.json() == {"error": "Invalid credentials", "code": "unauthenticated"}


async def test_too_many_failures_are_429_with_retry_after(gate: Gate, http: Http) -> None:
    for _ in range(FREE_FAILURES):
        await http.post("/api/auth/login", json=ADA)
    answer = await http.post("/api/auth/login", json=ADA)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "1"


async def test_logout_ends_the_token(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    headers = bearer((await logged_in(http))["token"])
    assert (await http.post("/api/auth/logout", headers=headers)).json()["success"] is True
    assert (await http.get("/api/auth/me", headers=headers)).status_code == 401
    by_key = await http.post("/api/auth/logout", headers={"x-api-key": ada.api_key})
    assert by_key.status_code == 400


async def test_a_password_change_answers_with_a_new_token(gate: Gate, http: Http) -> None:
    await gate.let_in("ada@example.com")
    old = (await logged_in(http))["token"]
    body = {"currentPassword": PASSWORD, "newPassword": "another sentence altogether"}
    answer = await http.post("/api/auth/password", json=body, headers=bearer(old))
    assert answer.status_code == 200
    assert (await http.get("/api/auth/me", headers=bearer(old))).status_code == 401
    assert (await http.get("/api/auth/me", headers=bearer(answer.json()["token"]))).status_code == 200
    weak = await http.post(
        "/api/auth/password", json=body | {"currentPassword": "x"}, headers=bearer(answer.json()["token"])
    )
    assert (weak.status_code, weak.json()["field"]) == (400, "currentPassword")


async def test_keys_are_made_listed_rotated_and_revoked(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    headers = {"x-api-key": ada.api_key}
    body = {"name": "CRM", "allowedIps": ["10.0.0.0/8"], "expiresAt": "2026-06-01T00:00:00Z"}
    made = await http.post("/api/auth/api-keys", json=body, headers=headers)
    assert made.status_code == 201
    key = made.json()["key"]
    assert (key["name"], key["allowedIps"], key["expiresAt"]) == ("CRM", ["10.0.0.0/8"], "2026-06-01T00:00:00.000Z")
    listed = await http.get("/api/auth/api-keys", headers=headers)
    assert {each["name"] for each in listed.json()} == {"primary", "CRM"}
    assert made.json()["apiKey"] not in listed.text
    away = await http.get("/api/auth/me", headers={"x-api-key": made.json()["apiKey"]})
    assert (away.status_code, away.json()["code"]) == (403, "address_not_allowed")
    assert (await http.delete(f"/api/auth/api-keys/{key['id']}", headers=headers)).status_code == 200
    assert (await http.delete(f"/api/auth/api-keys/{key['id']}", headers=headers)).status_code == 404
    rotated = await http.post("/api/auth/api-key/rotate", headers=headers)
    assert (await http.get("/api/auth/me", headers=headers)).status_code == 401
    fresh = {"x-api-key": rotated.json()["apiKey"]}
    assert (await http.get("/api/auth/me", headers=fresh)).status_code == 200
    primary = rotated.json()["key"]["id"]
    assert (await http.delete(f"/api/auth/api-keys/{primary}", headers=fresh)).status_code == 409


async def test_an_instance_key_is_nobody_here(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com", role=Role.ADMIN)
    instance_id: InstanceId = await gate.instance_of(ada.user)
    for path in ("/api/auth/me", "/api/auth/api-keys", "/api/users", f"/api/users/{ada.user.id}"):
        assert (await http.get(path, headers=bearer(instance_id))).status_code == 403


async def test_an_administrator_manages_users(gate: Gate, http: Http) -> None:
    root = await gate.let_in("root@example.com", role=Role.ADMIN)
    headers = {"x-api-key": root.api_key}
    made = await http.post("/api/users", json=ADA | {"firstName": "Ada"}, headers=headers)
    assert made.status_code == 201
    ada = made.json()["user"]
    assert (ada["role"], ada["isActive"], ada["createdAt"]) == ("owner", True, "2026-01-01T00:00:00.000Z")
    assert (await http.get("/api/auth/me", headers={"x-api-key": made.json()["apiKey"]})).status_code == 200
    again = await http.post("/api/users", json=ADA, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    listed = (await http.get("/api/users", params={"limit": 1}, headers=headers)).json()
    assert (len(listed["users"]), listed["total"]) == (1, 2)
    path = f"/api/users/{ada['id']}"
    assert (await http.get(path, headers=headers)).json() == ada
    changed = await http.patch(path, json={"isActive": False, "lastName": "Lovelace"}, headers=headers)
    assert (changed.json()["isActive"], changed.json()["lastName"]) == (False, "Lovelace")
    assert (await http.post("/api/auth/login", json=ADA)).status_code == 401
    assert (await http.patch(path, json={"isActive": True}, headers=headers)).status_code == 200
    set_to = await http.post(f"{path}/password", json={"password": "another sentence altogether"}, headers=headers)
    assert set_to.status_code == 200
    assert await logged_in(http, password="another sentence altogether")
    last = await http.patch(f"/api/users/{root.user.id}", json={"role": "member"}, headers=headers)
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    assert (await http.get("/api/users/nobody", headers=headers)).status_code == 404


async def test_an_owner_does_not(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    answer = await http.get("/api/users", headers={"x-api-key": ada.api_key})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("params", "field"),
    [({"limit": "-1"}, "limit"), ({"limit": "many"}, "limit"), ({"skip": "-5"}, "skip"), ({"skip": "9" * 30}, "skip")],
)
async def test_bad_paging_is_400_naming_the_field(gate: Gate, http: Http, params: dict[str, str], field: str) -> None:
    root = await gate.let_in("root@example.com", role=Role.ADMIN)
    answer = await http.get("/api/users", params=params, headers={"x-api-key": root.api_key})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert field in answer.json()["error"]


async def test_an_unknown_role_is_400_naming_the_field(gate: Gate, http: Http) -> None:
    root = await gate.let_in("root@example.com", role=Role.ADMIN)
    answer = await http.post("/api/users", json=ADA | {"role": "king"}, headers={"x-api-key": root.api_key})
    assert (answer.status_code, answer.json()["field"]) == (400, "role")


async def test_unknown_paths_and_methods_speak_json(http: Http) -> None:
    missing = await http.get("/api/nothing/here")
    assert (missing.status_code, missing.json()) == (404, {"error": "Not found", "code": "not_found"})
    wrong = await http.put("/api/auth/login", json={})
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert {each.strip() for each in wrong.headers["allow"].split(",")} == {"POST", "OPTIONS"}


async def test_a_large_body_is_413(http: Http) -> None:
    answer = await http.post("/api/auth/login", json=ADA | {"password": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_fast_caller_is_429(gate: Gate, http: Http, clock: ManualClock) -> None:
    ada = await gate.let_in("ada@example.com")
    gate.limiter = Limiter(2, clock)
    statuses = [(await http.get("/api/auth/me", headers={"x-api-key": ada.api_key})) for _ in range(5)]
    assert [each.status_code for each in statuses] == [200, 200, 200, 200, 429]
    assert statuses[-1].headers["retry-after"] == "1"


async def test_a_lost_database_is_503_and_tells_nothing(gate: Gate, http: Http) -> None:
    await gate.storage.close()
    answer = await http.get("/api/auth/me", headers={"x-api-key": "gw_some_key_or_other"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
    assert int(answer.headers["retry-after"]) >= 1


async def test_ids_that_cannot_exist_are_404_on_postgresql_too(
    postgres_url: str, clock: ManualClock, settings: Settings
) -> None:
    async with opened(postgres_url) as storage:
        gate = gate_over(storage, clock, settings)
        root = await gate.let_in("root@example.com", role=Role.ADMIN)
        async with client_of(app_over(gate)) as http:
            for each in ("%00", "a%00b", "%FF", "%ED%A0%80", "%F0%9F%98%80", "x" * 2000, "'", "..%2F.."):
                answer = await http.get(f"/api/users/{each}", headers={"x-api-key": root.api_key})
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), each
                gone = await http.delete(f"/api/auth/api-keys/{each}", headers={"x-api-key": root.api_key})
                assert gone.status_code == 404, each


async def test_a_bug_is_a_plain_500(gate: Gate, http: Http) -> None:
    gate.auth = None  # type: ignore[assignment]  # whatever the bug, its text must not get out
    answer = await http.post("/api/auth/login", json=ADA)
    assert (answer.status_code, answer.json()) == (500, {"error": "Internal server error", "code": "internal_error"})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


async def test_every_answer_has_its_protective_headers_and_an_id(http: Http) -> None:
    for path, status in (("/api/auth/me", 401), ("/api/nothing", 404), ("/api/auth/login", 405)):
        answer = await http.get(path)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["x-request-id"]
    kept = await http.get("/api/auth/me", headers={"x-request-id": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    replaced = await http.get("/api/auth/me", headers={"x-request-id": 'x" evil=1'})
    assert re.fullmatch(r"[0-9a-f]{16}", replaced.headers["x-request-id"])


async def test_behind_a_trusted_proxy_the_callers_own_address_counts(gate: Gate, http: Http) -> None:
    ada = await gate.let_in("ada@example.com")
    issued = await gate.api_keys.create(await gate.by_key(ada.api_key), name="x", allowed_ips=["203.0.113.9"], ip=None)
    headers = {"x-api-key": issued.text, "x-forwarded-for": "203.0.113.9"}
    assert (await http.get("/api/auth/me", headers=headers)).status_code == 403, "nobody is trusted yet"
    gate.settings = replace(gate.settings, trusted_proxies=(ip_network("127.0.0.0/8"),))
    assert (await http.get("/api/auth/me", headers=headers)).status_code == 200
    spoofed = headers | {"x-forwarded-for": "203.0.113.9, 198.51.100.1"}
    assert (await http.get("/api/auth/me", headers=spoofed)).status_code == 403


def test_every_route_is_documented() -> None:
    app = Litestar(
        [auth.router, users.router],
        openapi_config=OpenAPIConfig(title="Test", version="0", use_handler_docstrings=True),
    )
    document = app.openapi_schema.to_schema()
    operations = [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    ]
    assert len(operations) == 13
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert {"401", "429", "503"} <= set(operation["responses"]), where
        body = operation["responses"]["401"]["content"]["application/json"]["schema"]
        assert body == {"$ref": "#/components/schemas/ErrorBody"}, where
        assert operation.get("security", []) == ([] if path == "/api/auth/login" else SECURITY), where
        bare = method in {"get", "delete"} or path.endswith(("/logout", "/rotate"))
        assert ("requestBody" in operation) is not bare, where
    assert "apiKey" in document["components"]["schemas"]["LoginUser"]["properties"]
