"""Webhooks as clients of the WhatsApp Multi-Instance API know them, from running processes on both databases.

The events that only a phone brings about (QR codes, receipts) are looked at in `test_over_whatsapp.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import Until
from tests.e2e.shop import SECRET, Shop, add_bot, answer, nothing_owed
from tests.served import SHARED, Served
from tests.simulators.receiver import Received

pytestmark = SHARED

MARKS = 'Привет, мир! «ёлка» ¿? 日本語 👋🏽 \u2028 \\ " </script> & 1.0'
"""Letters that a serialiser could write in more than one way."""
BEYOND = {"eventId", "sequence", "chatId", "fromMe", "mediaType"}
"""What this gateway tells beyond the documentation."""


@pytest_asyncio.fixture(loop_scope="session")
async def api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as client:
        yield client


async def open_shop(served: Served, api: httpx.AsyncClient, until: Until, **webhook: Any) -> Shop:
    """A connected bot whose endpoint has been told so."""
    shop = await add_bot(api, served.telegram, served.receiver, hook=served.new_path(), **webhook)
    await until(lambda: shop.is_in("connected"))
    if webhook.get("webhookEnabled", True):
        await until(lambda: shop.deliveries("connection_opened"))
    await until(lambda: nothing_owed(api))
    return shop


def all_of(shop: Shop) -> list[Received]:
    """Every request that the endpoint got."""
    return shop.receiver.received(shop.hook)


def as_javascript_writes(value: Any) -> bytes:
    """`JSON.stringify`: compact, and letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


async def test_the_signature_is_over_the_bytes_that_came_whatever_letters_they_hold(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    shop = await open_shop(served, api, until)
    shop.writes(MARKS)
    await answer(shop.api.post(f"/api/whatsapp/{shop.id}/send", json={"phone": shop.chat, "message": MARKS}))
    await until(lambda: shop.deliveries("message_received") and shop.deliveries("message_sent"))
    for each in all_of(shop):
        assert each.method == "POST"
        assert each.headers["content-type"] == "application/json"
        wanted = hmac.new(SECRET.encode(), each.body, hashlib.sha256).hexdigest()
        assert each.headers["x-webhook-signature"] == wanted
        assert list(each.json()) == ["event", "data", "timestamp"]
        assert each.body == as_javascript_writes(each.json()), "who writes it anew gets the same signature"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each.json()["timestamp"])
        assert each.json()["data"]["instanceId"] == shop.id
    for event in ("message_received", "message_sent"):
        (told,) = shop.deliveries(event)
        assert told.json()["data"]["body"] == MARKS
        assert MARKS.partition(" \u2028")[0].encode() in told.body


async def test_a_received_message_is_told_as_documented(served: Served, api: httpx.AsyncClient, until: Until) -> None:
    shop = await open_shop(served, api, until)
    number = shop.writes("Здравствуйте")
    served.telegram.people.sends_media(shop.ann, shop.bot, "document", b"figures", file_name="a.txt", caption="Цифры")
    await until(lambda: len(shop.deliveries("message_received")) == 2)
    words, file = (each.json()["data"] for each in shop.deliveries("message_received"))
    assert {key: value for key, value in words.items() if key not in BEYOND} == {
        "instanceId": shop.id,
        "messageId": str(number),
        "from": shop.chat,
        "body": "Здравствуйте",
        "type": "conversation",
        "timestamp": words["timestamp"],
        "hasMedia": False,
        "pushName": "Ann",
    }
    assert isinstance(words["timestamp"], int)
    assert (file["type"], file["hasMedia"], file["body"]) == ("documentMessage", True, "Цифры")


async def test_a_sent_message_is_told_as_documented(served: Served, api: httpx.AsyncClient, until: Until) -> None:
    shop = await open_shop(served, api, until)
    picture = served.receiver.url(path := served.new_path())
    served.receiver.answer(path, body=b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"Content-Type": "image/png"})
    base = f"/api/whatsapp/{shop.id}"
    text = await answer(api.post(f"{base}/send", json={"phone": shop.chat, "message": "Привет"}))
    media = await answer(
        api.post(f"{base}/send-media", json={"phone": shop.chat, "url": picture, "caption": "Смотрите"})
    )
    file = await answer(
        api.post(f"{base}/send-file", data={"phone": shop.chat}, files={"file": ("Отчёт.txt", b"figures")})
    )
    await until(lambda: len(shop.deliveries("message_sent")) == 3)
    told = {each["messageId"]: each for each in (one.json()["data"] for one in shop.deliveries("message_sent"))}
    said = told[text["id"]]
    assert {key: value for key, value in said.items() if key not in BEYOND} == {
        "instanceId": shop.id,
        "messageId": text["id"],
        "to": shop.chat,
        "body": "Привет",
        "type": "text",
        "timestamp": said["timestamp"],
        "hasMedia": False,
    }
    assert isinstance(said["timestamp"], int)
    shown = told[media["id"]]
    assert (shown["type"], shown["hasMedia"], shown["mediaUrl"]) == ("image", True, picture)
    given = told[file["id"]]
    assert (given["type"], given["hasMedia"], given["filename"]) == ("document", True, "Отчёт.txt")


async def test_each_flag_holds_back_its_own_events_and_no_others(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    for flags, wanted in (
        ({"notifyReceived": False}, {"message_sent"}),
        ({"notifySent": False}, {"message_received"}),
        ({"notifyReceived": False, "notifySent": False}, set()),
        ({}, {"message_received", "message_sent"}),
    ):
        shop = await open_shop(served, api, until, **flags)
        opened = len(all_of(shop))
        assert [each.json()["event"] for each in all_of(shop)] == ["connection_opened"], (
            "no flag of these holds it back"
        )
        shop.writes("in")
        await until(lambda shop=shop: shop.messages())  # type: ignore[misc]  # a default binds the loop's own shop
        assert (await shop.send("out")).status_code == 200
        await until(lambda: nothing_owed(api))
        assert {each.json()["event"] for each in all_of(shop)[opened:]} == wanted, flags


async def test_nothing_is_told_without_a_url_or_while_it_is_switched_off(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    shop = await open_shop(served, api, until, webhookEnabled=False)
    shop.writes("while it is off")
    await until(shop.messages)
    await until(lambda: nothing_owed(api))
    assert all_of(shop) == []
    await answer(api.put(f"/api/instances/{shop.id}", json={"webhookEnabled": True}))
    shop.writes("while it is on")
    await until(lambda: shop.heard() == ["while it is on"])
    assert [each.json()["event"] for each in all_of(shop)] == ["webhook_updated", "message_received"]
    await answer(api.put(f"/api/instances/{shop.id}", json={"webhookUrl": ""}))
    shop.writes("without a URL")
    await until(lambda: _count(shop, 3))
    await until(lambda: nothing_owed(api))
    assert shop.heard() == ["while it is on"]


async def _count(shop: Shop, count: int) -> bool:
    return len(await shop.messages()) == count


async def test_own_headers_go_along_under_their_names_and_never_in_place_of_the_signature(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    own = {"X-Team": "shop", "Authorization": "Bearer of-the-receiver"}
    shop = await open_shop(served, api, until, headers=own)
    shop.writes("Hello")
    await until(shop.heard)
    for each in all_of(shop):
        assert (each.headers["x-team"], each.headers["authorization"]) == ("shop", "Bearer of-the-receiver")
        assert not [name for name in each.headers if name.isdigit()]
        assert each.legacy_signature is True
    for name in ("X-Webhook-Signature", "x-webhook-signature", "webhook-signature", "Content-Type", "Host"):
        refused = await answer(
            api.put(f"/api/instances/{shop.id}", json={"webhookSettings": {"headers": {name: "mine"}}}), 400
        )
        assert name in refused["error"]
        made = {"name": "a", "provider": "telegram", "token": "1:x", "webhookUrl": served.receiver.url("/x")}
        await answer(api.post("/api/instances", json=made | {"headers": {name: "mine"}}), 400)
    shop.writes("still signed")
    await until(lambda: len(shop.heard()) == 2)
    assert all_of(shop)[-1].legacy_signature is True
    assert all_of(shop)[-1].headers["x-team"] == "shop"


async def test_a_webhook_without_a_given_secret_is_signed_with_one_of_ours(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    bot, hook = served.telegram.add_bot(name="shop"), served.new_path()
    body = {"name": "shop", "provider": "telegram", "token": bot.token, "webhookUrl": served.receiver.url(hook)}
    made = await answer(api.post("/api/instances", json=body), 201)
    await until(lambda: served.receiver.received(hook))
    (opened,) = served.receiver.received(hook)
    assert re.fullmatch(r"[0-9a-f]{64}", opened.headers["x-webhook-signature"])
    (own,) = (await answer(api.get("/api/webhooks", params={"instanceId": made["id"]})))["webhooks"]
    shown = await answer(api.post(f"/api/webhooks/{own['id']}/rotate-secret"))
    await answer(api.post(f"/api/webhooks/{own['id']}/test"), 202)
    await until(lambda: len(served.receiver.received(hook)) == 2)
    last = served.receiver.received(hook)[-1]
    wanted = hmac.new(shown["secret"].encode(), last.body, hashlib.sha256).hexdigest()
    assert last.headers["x-webhook-signature"] == wanted


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
async def test_a_failed_delivery_is_tried_again_alike_and_each_try_is_listed(
    served: Served, api: httpx.AsyncClient, until: Until, retries: int, attempts: int
) -> None:
    shop = await open_shop(served, api, until, maxRetries=retries, retryInterval=0)
    served.receiver.refuse(shop.hook, status=500)
    shop.writes("Hello")
    await until(lambda: len(shop.deliveries("message_received")) == attempts)
    await until(lambda: nothing_owed(api))
    tries = shop.deliveries("message_received")
    assert len(tries) == attempts
    assert {(each.body, each.headers["x-webhook-signature"], each.webhook_id) for each in tries} == {
        (tries[0].body, tries[0].headers["x-webhook-signature"], tries[0].webhook_id)
    }
    query = {"event": "message.received", "instanceId": shop.id}
    (given_up,) = (await answer(api.get("/api/webhooks/deliveries", params=query)))["deliveries"]
    assert (given_up["state"], given_up["attempts"], given_up["lastStatus"]) == ("dead", attempts, 500)
    shown = await answer(api.get(f"/api/webhooks/deliveries/{given_up['id']}"))
    assert [(each["number"], each["status"]) for each in shown["tries"]] == [
        (number, 500) for number in range(1, attempts + 1)
    ]
    assert shown["payload"].encode() == tries[0].body


async def test_a_change_of_the_webhook_is_told_to_it(served: Served, api: httpx.AsyncClient, until: Until) -> None:
    shop = await open_shop(served, api, until)
    await answer(api.put(f"/api/instances/{shop.id}", json={"name": "nothing about the webhook"}))
    await answer(api.put(f"/api/instances/{shop.id}", json={"webhookSettings": {"notifyRead": True}}))
    await until(lambda: shop.deliveries("webhook_updated"))
    await until(lambda: nothing_owed(api))
    (told,) = shop.deliveries("webhook_updated")
    assert {"instanceId", "timestamp"} <= told.json()["data"].keys()


async def test_a_stopped_connection_is_told_with_its_reason(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    shop = await open_shop(served, api, until)
    await answer(api.post(f"/api/instances/{shop.id}/logout"))
    await until(lambda: shop.deliveries("connection_closed"))
    (closed,) = shop.deliveries("connection_closed")
    data = closed.json()["data"]
    assert (data["instanceId"], data["reason"], data["willReconnect"]) == (shop.id, "logged_out", False)
