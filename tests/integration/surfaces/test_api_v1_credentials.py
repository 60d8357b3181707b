"""Who gets into `/api/v1`: bot tokens, the instance of a key, and MANAGER_OPEN."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Router, get

from gateway.domain.errors import Unauthenticated
from gateway.surfaces.api_v1 import EXCEPTION_HANDLERS
from gateway.surfaces.api_v1.addressed import INSTANCE, PUBLIC_INSTANCE, OneInstance
from gateway.surfaces.http import authenticated
from tests.integration.surfaces.conftest import client_of
from tests.running import RunningGateway, running_gateway
from tests.simulators.telegram import TelegramSimulator

INSTANCES = "/api/v1/instances"


@get("/me")
async def whose(instance: OneInstance) -> dict[str, str]:
    """Stands for a route of one instance."""
    return {"id": instance.id}


@get("/public")
async def public(instance: OneInstance) -> dict[str, str]:
    """Stands for a route that anybody may ask."""
    return {"id": instance.id}


def instance_routes(running: RunningGateway) -> httpx.AsyncClient:
    """A client of an app with such routes over the services of a gateway that runs."""
    private = Router(
        "/",
        route_handlers=[whose],
        middleware=[partial(authenticated, bot_tokens=True)],
        dependencies={"instance": INSTANCE},
    )
    open_to_all = Router("/", route_handlers=[public], dependencies={"instance": PUBLIC_INSTANCE})
    app = Litestar([private, open_to_all], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    app.state.services = running.gateway.services
    return client_of(app)


async def make(http: httpx.AsyncClient, token: str) -> dict[str, str]:
    body = {"company_id": "acme", "provider": "telegram", "token": token}
    answer = await http.post(INSTANCES, json=body)
    assert answer.status_code == 201, answer.text
    details = answer.json()["process_result"]["details"]
    return {"id": answer.json()["instance_id"], "key": details["api_key"]}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("mode", ["id", "secret"])
async def test_a_key_or_a_bot_token_selects_its_instance_and_a_person_names_one(
    mode: str, tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator
) -> None:
    env: dict[str, Any] = {"TELEGRAM_API_BASE": telegram.base_url, "INSTANCE_KEYS": mode}
    token = telegram.add_bot(name="Shop").token
    async with running_gateway(tmp_path, sqlite_url, **env) as running, running.client() as http:
        shop, other = await make(http, token), await make(http, telegram.add_bot(name="Other").token)
        assert (shop["key"] == shop["id"]) is (mode == "id")
        async with instance_routes(running) as routes:
            for key in (shop["key"], token):
                assert (await routes.get("/me", headers=bearer(key))).json() == {"id": shop["id"]}
                # It reaches no other, by whatever name.
                named = await routes.get("/me", headers=bearer(key) | {"X-Instance-Id": other["id"]})
                assert (named.status_code, named.json()["code"]) == (404, "INSTANCE_NOT_FOUND")
            for bad in (
                token[:-1] + "x",
                "1:" + "A" * 35,
                other["id"] + "x",
                *([shop["id"]] if mode == "secret" else []),
            ):
                assert (await routes.get("/me", headers=bearer(bad))).status_code == 401, bad
            person = {"x-api-key": http.headers["x-api-key"]}
            unnamed = await routes.get("/me", headers=person)
            assert (unnamed.status_code, unnamed.json()["code"]) == (400, "INSTANCE_REQUIRED")
            assert (await routes.get("/me", headers=person | {"X-Instance-Id": other["id"]})).json() == {
                "id": other["id"]
            }
            assert (await routes.get(f"/me?instance_id={shop['id']}", headers=person)).json() == {"id": shop["id"]}

            assert (await routes.get(f"/public?instance_id={shop['id']}")).json() == {"id": shop["id"]}
            assert (await routes.get("/public", headers=bearer(shop["key"]))).json() == {"id": shop["id"]}
            assert (await routes.get("/public")).status_code == 400
            assert (await routes.get("/public?instance_id=x")).status_code == 404
            assert (await routes.get("/public", headers=bearer("nobody's" * 3))).status_code == 401


async def test_a_bot_token_is_a_key_only_where_it_is_said_to_be_and_only_as_long_as_it_is_the_bots(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator
) -> None:
    first, second = telegram.add_bot(name="Shop").token, telegram.add_bot(name="Shop").token
    async with (
        running_gateway(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as running,
        running.client() as http,
    ):
        shop = await make(http, first)
        auth = running.gateway.services.auth
        assert (await auth.authenticate(bearer=first, api_key=None, ip=None, bot_tokens=True)).instance_id == shop["id"]
        with pytest.raises(Unauthenticated):
            await auth.authenticate(bearer=first, api_key=None, ip=None)
        change = {"updates": [{"id": shop["id"], "data": {"token": second}}]}
        assert (await http.post(f"{INSTANCES}/batch/update", json=change)).json()["success"] == 1
        with pytest.raises(Unauthenticated):
            await auth.authenticate(bearer=first, api_key=None, ip=None, bot_tokens=True)
        assert (await auth.authenticate(bearer=second, api_key=None, ip=None, bot_tokens=True)).instance_id == shop[
            "id"
        ]


async def test_an_open_manager_lets_programs_in_and_no_pages(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url, MANAGER_OPEN="true") as running:
        body = {"email": "other@example.com", "password": "a quiet morning by the lake"}
        async with running.client() as admin:
            other_key = (await admin.post("/api/users", json=body)).json()["apiKey"]
        async with running.client(other_key) as other:
            foreign = await make(other, "test-token")
        async with running.client(None) as http:
            made = await make(http, "test-token")
            rows = (await http.get(INSTANCES)).json()["instances"]
            assert [row["id"] for row in rows] == [made["id"]], "another tenant's instances show"
            assert (await http.get(f"{INSTANCES}/{foreign['id']}")).status_code == 404
            for page in (
                {"Origin": "https://evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Referer": "https://a"},
            ):
                assert (await http.get(INSTANCES, headers=page)).status_code == 401, page
            assert (await http.get(INSTANCES, headers=bearer("nobody's" * 3))).status_code == 401, "a bad credential"
            assert (await http.get("/api/instances")).status_code == 401, "the other surface is as closed as ever"


async def test_a_manager_is_closed_by_default(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url) as running, running.client(None) as http:
        assert (await http.get(INSTANCES)).status_code == 401


async def test_a_secret_key_is_shown_once_and_its_history_is_masked(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator
) -> None:
    env: dict[str, Any] = {"TELEGRAM_API_BASE": telegram.base_url, "INSTANCE_KEYS": "secret"}
    async with running_gateway(tmp_path, database_url, **env) as running, running.client() as http:
        shop = await make(http, telegram.add_bot(name="Shop").token)
        path = f"{INSTANCES}/{shop['id']}"
        async with running.client(None, token=shop["key"]) as own:
            for _ in range(3):
                assert (await own.get(f"{path}/health")).status_code == 200
            rotated = (await http.post(f"{path}/api-key/rotate")).json()["data"]["api_key"]
            assert (await own.get(f"{path}/health")).status_code == 401
        async with running.client(None, token=rotated) as own:
            assert (await own.get(f"{path}/health")).status_code == 200
        history = (await http.get(f"{path}/api-key-history")).json()
        assert [(each["usage_count"], each["retired_at"] is None) for each in history["data"]] == [
            (1, True),
            (3, False),
        ]
        told = [await http.get(path + end) for end in ("", "/memory", "/api-key", "/api-key-history", "/credentials")]
        assert [each.status_code for each in told] == [200, 200, 200, 200, 404]
        for each in told:
            assert shop["key"] not in each.text
            assert rotated not in each.text
        assert told[2].json()["data"]["api_key"].startswith(rotated[:12])
        assert (told[2].json()["data"]["masked"], told[2].json()["data"]["usage_count"]) == (True, 1)
