"""The commands that the Instance Manager's testing guide lists, one after the other, and the status of each answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.instance_manager.programs import PRINTED, Runner
from tests.e2e.whatsapp.town import BEN, Town, until
from tests.process import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.simulators.telegram import TelegramSimulator

pytestmark = pytest.mark.slow
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
CUSTOMER, FIRST = "77475318623", "1234567890"


async def made(api: httpx.AsyncClient, **body: Any) -> str:
    """A new instance, ready or showing its code; its id."""
    answer = await api.post("/api/v1/instances", json={"company_id": "acme"} | body)
    assert answer.status_code == 201, answer.text
    instance_id = str(answer.json()["instance_id"])

    async def settled() -> bool:
        shown = (await api.get(f"/api/v1/instances/{instance_id}/auth-status")).json()
        return shown["data"]["status"] in ("client_ready", "qr_ready")

    await until("it is ready or shows its code", settled)
    return instance_id


async def login_token(api: httpx.AsyncClient) -> str:
    answer = await api.post("/api/auth/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
    return str(answer.json()["token"])


def went_wrong(lines: list[str]) -> list[str]:
    """The calls that were not answered with 200."""
    return [line for line in lines if not line.endswith(" 200")]


async def test_managing(place: Town, runner: Runner) -> None:
    async with place.gateway.client() as api:
        phone, other = [await made(api, provider="whatsappweb") for _ in range(2)]
        places = {
            "curl ": f"curl -H 'x-api-key: {api.headers['x-api-key']}' ",
            PRINTED: runner.url,
            # The guide deletes one instance and asks for the log of the same; here the log is that of another.
            "f58e2c89-a5ab-44a5-95c3-f41bfc005ef3/logs": f"{phone}/logs",
            "f58e2c89-a5ab-44a5-95c3-f41bfc005ef3": other,
            "b8efc348-a8c3-47ce-bef4-3ca5a2d5cab9": phone,
            "9ccf5650-3442-416e-98c7-bc12a8ff8dc5": phone,
            "{INSTANCE_ID}": phone,
        }
        lines = await runner.calls("managing.sh", places)
        # It restarts the phone and asks for its code at once, as no person can: there may be none for a moment.
        assert [each for each in went_wrong(lines) if not each.endswith("/qr 404")] == []
        assert len(lines) == 25
        assert [each["id"] for each in (await api.get("/api/v1/instances")).json()["instances"]] == [phone]


async def test_whatsapp(place: Town, runner: Runner) -> None:
    for phone, name in ((CUSTOMER, "Клиент"), (FIRST, "Первый")):
        await place.whatsapp.add_person(phone, name)
    place.receiver.answer("/300/200", body=PICTURE, headers={"Content-Type": "image/png"})
    line = await place.open_line()
    await place.whatsapp.write_text(CUSTOMER, line.phone, "Здравствуйте")
    await line.heard(1)
    group = (await line.post("/groups", {"subject": "Группа", "members": [BEN]}, 201))["id"]
    places = {
        "{INSTANCE_ID}": line.id,
        PRINTED: runner.url,
        "http://localhost:4699": runner.url,
        "b7542e75-2a76-43cb-9ed0-c0d3ecbbcef2": line.id,
        "YOUR_API_KEY": line.id,
        "YOUR_API_TOKEN": await login_token(line.api),
        "https://picsum.photos": place.receiver.url(),
        "GROUP_ID@g.us": group,
        "0987654321": BEN,  # no country's numbers begin with a zero
        "https://your-webhook-url.com": place.receiver.url(),
    }
    lines = await runner.calls("whatsapp.sh", places, WHATSAPP_API_PORT=str(place.gateway.port))
    assert went_wrong(lines) == []
    assert len(lines) == 15
    texts = {each.text for each in await line.seen_by(CUSTOMER, 1)}
    assert "Тестовое сообщение" in texts
    assert await place.problems() == []


async def test_telegram(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    bot, ann = telegram.add_bot(), telegram.add_person("Ann")
    telegram.people.opens(ann, bot)
    place.receiver.answer("/400/300", body=PICTURE, headers={"Content-Type": "image/png"})
    async with place.gateway.client() as api:
        instance_id = await made(api, provider="telegram", token=bot.token)
        places = {
            "{INSTANCE_ID}": instance_id,
            PRINTED: runner.url,
            # Here nothing but the key says which instance is meant, and this one call came without any.
            "/api/v1/health": f"/api/v1/health?instance_id={instance_id}",
            "http://localhost:5064": runner.url,
            "ce55ad31-8f7d-455f-bd99-5c5d68e413a5": instance_id,
            "134527512": str(ann.id),
            "YOUR_API_TOKEN": await login_token(api),
            "https://picsum.photos": place.receiver.url(),
            "https://your-webhook-url.com": place.receiver.url(),
        }
        lines = await runner.calls(
            "telegram.sh",
            places,
            TELEGRAM_API_PORT=str(place.gateway.port),
            TELEGRAM_BOT_TOKEN=bot.token,
            TELEGRAM_CHAT_ID=str(ann.id),
        )
    assert went_wrong(lines) == []
    assert len(lines) == 17
    assert telegram.texts(bot, ann)[:3] == [
        "🚀 Тестовое сообщение через Multi-Provider API!",
        "🚀 Привет из Telegram API!",
        "Жирный текст и курсив",
    ]
