"""A phone linked through `/api/v1`, and everything that happened still known after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.whatsapp.town import ANN, OWN, Town, town, until

pytestmark = pytest.mark.slow

INSTANCES = "/api/v1/instances"


class Manager:
    """One instance, as clients of the Instance Manager see it."""

    def __init__(self, http: httpx.AsyncClient, instance_id: str) -> None:
        self.http, self.id = http, instance_id

    async def get(self, path: str = "", status: int = 200) -> Any:
        answer = await self.http.get(f"{INSTANCES}/{self.id}{path}")
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def shows_a_code(self) -> bool:
        return (await self.http.get(f"{INSTANCES}/{self.id}/qr")).status_code == 200

    async def is_ready(self) -> bool:
        return bool((await self.get("/auth-status"))["is_ready_for_messages"])


async def link(place: Town, shop: Manager) -> str:
    """The phone scans what the API shows; the code."""
    await until("there is a code", shop.shows_a_code)
    shown = await shop.get("/qr")
    code = str(shown["qr_code"])
    assert shown["auth_status"] == "qr_ready"
    assert 0 <= shown["expires_in"] <= 60
    assert shown["data"]["qr_url"].startswith("data:image/png;base64,")
    current = await shop.get("/current-qr")
    assert current["data"]["expires_at"] > current["data"]["generated_at"]
    waiting = await shop.get("/auth-status")
    assert (waiting["whatsapp_state"], waiting["data"]["status"]) == ("QR_READY", "qr_ready")
    code = str((await shop.get("/qr"))["qr_code"])
    await place.whatsapp.scan(code, OWN, "Shop")
    await until("the instance is ready", shop.is_ready)
    return code


async def histories(shop: Manager) -> dict[str, Any]:
    """What has to be there after a restart, too."""
    kept = {
        path: (await shop.get(f"/{path}?limit=1000"))["data"] for path in ("status-history", "qr-history", "errors")
    }
    memory = (await shop.get("/memory"))["data"]
    kept["counts"] = memory["message_stats"]
    kept["account"] = memory["whatsapp_user"]
    kept["key"] = memory["api_key_usage_count"]
    return kept


async def test_a_phone_is_linked_and_what_happened_outlives_the_process(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url) as place:
        async with place.gateway.client() as http:
            body = {"company_id": "acme", "provider": "whatsappweb", "type_instance": ["api"]}
            made = await http.post(INSTANCES, json=body)
            assert made.status_code == 201, made.text
            shop = Manager(http, made.json()["instance_id"])
            code = await link(place, shop)

            status = await shop.get("/auth-status")
            assert (status["auth_status"], status["whatsapp_state"]) == ("client_ready", "READY")
            await until("it knows its number", lambda: _knows(shop))
            await shop.get("/qr", 404)
            await shop.get("/current-qr", 404)
            async with place.gateway.client(Authorization=f"Bearer {shop.id}") as own:
                del own.headers["x-api-key"]
                for _ in range(3):
                    assert (await own.get(f"{INSTANCES}/{shop.id}/health")).json()["healthy"] is True
            await place.whatsapp.write_text(ANN, OWN, "Hello")
            await until("Ann's message is counted", lambda: _received(shop, 1))

            before = await histories(shop)
            states = [each["status"] for each in reversed(before["status-history"])]
            assert (states[0], states[-1]) == ("start", "client_ready")
            assert "qr_ready" in states
            assert before["qr-history"], "no code is in the history"
            assert code not in str(before), "a history keeps a code that could be scanned"
            assert before["key"] == 3
            assert before["account"] == {"phone_number": OWN, "account": OWN}

            await place.gateway.stop()
            await place.gateway.start()
            await until("it is connected again", shop.is_ready)
            after = await histories(shop)
            for name in ("qr-history", "errors"):
                assert after[name][-len(before[name]) :] == before[name]
            assert after["status-history"][-len(before["status-history"]) :] == before["status-history"]
            assert len(after["status-history"]) > len(before["status-history"])
            assert {name: after[name] for name in ("counts", "account", "key")} == {
                name: before[name] for name in ("counts", "account", "key")
            }
            assert (await shop.get("/memory"))["data"]["system_info"]["restart_count"] >= 1

            # Begun anew, it wants to be linked again.
            again = await http.post(f"{INSTANCES}/{shop.id}/process", json={"force_recreate": True})
            assert again.json()["action"] == "recreate"
            assert await link(place, shop) != code
        assert await place.problems() == []


async def _knows(shop: Manager) -> bool:
    return bool((await shop.get("/auth-status"))["phone_number"] == OWN)


async def _received(shop: Manager, count: int) -> bool:
    return bool((await shop.get("/memory"))["data"]["message_stats"]["received_count"] == count)
