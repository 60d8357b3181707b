"""What users of the Instance Manager were given to run, run: scripts, Node programs and Jest tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.clients.programs import Ended
from tests.e2e.instance_manager.programs import Runner
from tests.e2e.whatsapp.town import Town
from tests.simulators.telegram import TelegramSimulator

pytestmark = pytest.mark.slow
both = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


async def instances(place: Town) -> list[dict[str, Any]]:
    """What the manager lists."""
    async with place.gateway.client() as api:
        found: list[dict[str, Any]] = (await api.get("/api/v1/instances")).json()["instances"]
    return found


def well(ended: Ended) -> str:
    """What a program printed that ended well."""
    assert ended.status == 0, ended.out + ended.err
    return ended.out


async def test_the_life_of_an_instance(place: Town, runner: Runner) -> None:
    lines = well(await runner.script("test-instance-lifecycle.sh")).splitlines()
    assert lines[lines.index("4️⃣ Проверка статуса экземпляра...") + 1] == '"running"'
    assert lines[lines.index("5️⃣ Проверка данных в памяти...") + 1] == '"qr_ready"'
    assert lines[-1].endswith("✅ Тест завершен успешно")
    assert '"success":true' in lines[-1]
    assert await instances(place) == []


@both
async def test_both_networks_from_beginning_to_end(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    out = well(await runner.script("test-e2e-complete.sh", TELEGRAM_BOT_TOKEN=telegram.add_bot().token))
    for line in (
        "✅ WhatsApp статус: running",
        "✅ Telegram статус: running",
        "✅ WhatsApp память: qr_ready",
        "✅ Telegram память: client_ready",
        "✅ Статистика памяти: 2",
        "🎉 E2E тест завершен успешно!",
    ):
        assert line in out.splitlines(), out
    assert await instances(place) == []


async def test_a_telegram_bot(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    out = well(await runner.node("test-telegram-full.js", TELEGRAM_BOT_TOKEN=telegram.add_bot().token))
    assert '✅ Экземпляр готов: "running"' in out, out
    assert '✅ Данные в памяти: "client_ready"' in out
    (made,) = await instances(place)
    assert f"🎉 Тест завершен! Instance: {made['id']}" in out


async def test_a_telegram_bot_whose_token_is_none_ends_in_an_error_that_is_told(
    place: Town, runner: Runner, telegram: TelegramSimulator
) -> None:
    out = well(await runner.node("test-telegram-full.js", TELEGRAM_BOT_TOKEN="test-token"))
    assert '✅ Данные в памяти: "error"' in out, out


@both
async def test_the_integration_tests(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    out = well(await runner.jest("instance-manager-multi-provider.test.js"))
    assert "# pass 3" in out
    assert "# fail 0" in out
    assert await instances(place) == []


async def test_an_integration_test_that_does_not_hold_would_be_noticed(place: Town, runner: Runner) -> None:
    runner.url = place.receiver.url()  # which answers 200 and `ok` to everything
    ended = await runner.jest("instance-manager-multi-provider.test.js")
    assert ended.status != 0
    assert "# pass 0" in ended.out


async def test_the_tests_of_several_networks(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    token = telegram.add_bot().token
    out = well(await runner.jest("create-instances.test.js", TELEGRAM_BOT_TOKEN=token))
    assert "# pass 4" in out
    assert "Failed to cleanup" not in out
    assert await instances(place) == []


@both
async def test_the_diagnosis_finds_everything(place: Town, runner: Runner, telegram: TelegramSimulator) -> None:
    async with place.gateway.client() as api:
        body = {"company_id": "acme", "provider": "telegram", "token": telegram.add_bot().token}
        assert (await api.post("/api/v1/instances", json=body)).status_code == 201
    out = well(await runner.script("diagnose-system.sh"))
    assert "❌" not in out, out
    sections = out.split("️⃣ ")[1:]
    health = json.loads(sections[1].partition(":\n")[2])
    assert {"status", "timestamp", "uptime", "environment", "version"} <= health.keys()
    assert sections[2].split() == ["База", "данных:", "1"]
    assert sections[3].split() == ["Экземпляры:", "1", "5"], "the next section's number follows"
    cpu, memory = sections[4].partition(":\n")[2].split()[:2]
    assert cpu.startswith('"')
    assert memory.startswith('"')
    assert sections[5].partition(":\n")[2].split()[0].isdigit()
