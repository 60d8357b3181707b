"""Contacts that people keep: noted, found again, forgotten, on both databases."""

from __future__ import annotations

from typing import Any

from tests.e2e.shop import Shop, answer
from tests.served import SHARED

pytestmark = SHARED


async def save(shop: Shop, status: int = 200, **body: Any) -> Any:
    return await answer(shop.api.post(f"/api/instances/{shop.id}/contacts/save", json=body), status)


async def page(shop: Shop, **query: str | int) -> tuple[list[str], dict[str, Any]]:
    """Names, as a page shows them, and the pagination."""
    found = await answer(shop.api.get(f"/api/instances/{shop.id}/contacts/db", params=query))
    return [each["name"] for each in found["contacts"]], found["pagination"]


async def test_a_contact_is_made_completed_found_and_forgotten(shop: Shop) -> None:
    made = await save(shop, number="100200", name="Пётр Ильич", pushName="Petya")
    assert set(made) == {
        *("id", "instanceId", "name", "number", "remoteJid", "pushName", "username", "isGroup", "profilePicture"),
        *("about", "lastActivity", "createdAt", "updatedAt"),
    }
    assert (made["name"], made["number"], made["isGroup"]) == ("Пётр Ильич", "100200", False)
    assert made["lastActivity"]

    again = await save(shop, remoteJid=made["remoteJid"], name="", about="Plays the piano", profilePicture=None)
    assert (again["id"], again["createdAt"]) == (made["id"], made["createdAt"])
    assert (again["name"], again["pushName"], again["about"]) == ("Пётр Ильич", "Petya", "Plays the piano")

    gone = await answer(
        shop.api.post(f"/api/instances/{shop.id}/contacts/delete", json={"remoteJid": made["remoteJid"]})
    )
    assert gone == {"success": True, "message": f"Contact {made['remoteJid']} successfully deleted"}
    missing = await answer(shop.api.delete(f"/api/instances/{shop.id}/contacts/{made['remoteJid']}"), 404)
    assert missing["error"] == f"Contact {made['remoteJid']} not found"
    assert await page(shop) == ([], {"total": 0, "limit": 100, "skip": 0, "hasMore": False})


async def test_a_search_knows_letters_of_every_alphabet_and_takes_no_wildcards(shop: Shop) -> None:
    for number, name in enumerate(("Пётр Ильич", "ANN Smith", "100% real", "under_score", "Žofie")):
        await save(shop, number=f"55500{number}", name=name)
    assert (await page(shop, search="пётр"))[0] == ["Пётр Ильич"]
    assert (await page(shop, search="ИЛЬИЧ"))[0] == ["Пётр Ильич"]
    assert (await page(shop, search="ann"))[0] == ["ANN Smith"]
    assert (await page(shop, search="žOFIE"))[0] == ["Žofie"]
    assert (await page(shop, search="%"))[0] == ["100% real"]
    assert (await page(shop, search="_"))[0] == ["under_score"]
    assert (await page(shop, search="555001"))[0] == ["ANN Smith"]
    assert (await page(shop, search="nobody"))[0] == []
    names, pagination = await page(shop, search="5550", limit=2, skip=2)
    assert len(names) == 2
    assert pagination == {"total": 5, "limit": 2, "skip": 2, "hasMore": True}
    refused = await shop.api.get(f"/api/instances/{shop.id}/contacts/db", params={"search": "x" * 300})
    assert (refused.status_code, refused.json()["field"]) == (400, "search")


async def test_groups_keep_being_groups(shop: Shop) -> None:
    await save(shop, number="100200", name="A person")
    kept = await save(shop, number="120363-99", name="A group", isGroup=True)
    assert kept["remoteJid"] == "120363-99@g.us"
    assert (await page(shop, onlyGroups="true"))[0] == ["A group"]
    assert (await page(shop, onlyGroups="false"))[0] == ["A group", "A person"]
    assert (await save(shop, remoteJid=kept["remoteJid"], name="The group"))["isGroup"] is True


async def test_what_is_missing_is_said_and_changes_nothing(shop: Shop) -> None:
    assert (await save(shop, 400, name="nobody"))["error"] == "Either number or remoteJid is required"
    long = await save(shop, 400, number="1", name="x" * 5000)
    assert (long["code"], long["field"]) == ("invalid_input", "name")
    path = f"/api/instances/{shop.id}/contacts"
    assert (await answer(shop.api.post(f"{path}/delete", json={}), 400))["error"] == "remoteJid is required"
    assert (await answer(shop.api.post(f"{path}/add", json={"name": "x"}), 400))["error"] == "Номер телефона обязателен"
    assert (await answer(shop.api.post(f"{path}/import"), 400))["code"] == "unsupported"
    assert (await page(shop))[0] == []


async def test_adding_somebody_writes_to_nobody_unless_a_greeting_says_what(shop: Shop) -> None:
    ann = shop.chat
    added = await answer(
        shop.api.post(f"/api/whatsapp/{shop.id}/contacts/add", json={"phone": int(ann), "name": "Ann"})
    )
    assert added == {
        "success": True,
        "message": "Контакт успешно добавлен",
        "contact": {"id": ann, "number": ann, "name": "Ann"},
    }
    assert shop.said == []
    body = {"phone": ann, "greeting": "Welcome"}
    await answer(shop.api.post(f"/api/instances/{shop.id}/contacts/add", json=body))
    assert shop.said == ["Welcome"]
    assert (await page(shop))[0] == ["Ann"]

    await answer(shop.api.post(f"/api/instances/{shop.id}/stop"))
    refused = await answer(shop.api.post(f"/api/instances/{shop.id}/contacts/add", json={"phone": "1"}), 500)
    assert "not ready" in refused["error"]
