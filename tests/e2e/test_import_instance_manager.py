"""The guide for users of an Instance Manager, followed once: its own commands, and then its own clients."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.guide import Guide, counted, everything
from tests.e2e.shop import Until, answer
from tests.old_instance_manager import OldManager, old_manager
from tests.postgres import PostgresServer, fresh_database
from tests.process import ADMIN_KEY, NO_TLS, GatewayProcess
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import Bot, TelegramSimulator, User

pytestmark = pytest.mark.slow

SHOP = "0f8fad5b-d9cb-469f-a165-70867728950e"
BOT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SLACK = "33333333-3333-4333-8333-333333333333"
TOKEN = "123456789:AAF-a-token-that-nobody-may-see-here"
AUTH = "hidden-receiver-token"
SLACK_TOKEN = "xoxb-hidden"
WORDS = "Привет 👋"
THEN = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
GUIDE = Guide("from-instance-manager.md", (TOKEN, AUTH, SLACK_TOKEN))


@pytest.fixture
async def source(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Where the old system keeps its data: beside the gateway's own database."""
    async with fresh_database(postgres_server) as url:
        yield url


async def old_database(url: str, hook: str, ann: User) -> OldManager:
    """Two companies: a shop on WhatsApp, and a bot to which Ann wrote. And what nobody can take over."""
    old = await old_manager(url)
    await old.instance(id=SHOP, company="acme", account="79990000001", auth_status="client_ready")
    await old.instance(
        "telegram", id=BOT, company="globex", token=TOKEN, account="Робот", auth_status="client_ready",
        api_webhook_schema={"url": hook, "authToken": AUTH, "filters": {"allowGroups": False}},
    )  # fmt: skip
    await old.instance("slack", id=SLACK, company="acme", token=SLACK_TOKEN)
    said = {"message_body": WORDS, "timestamp": int(THEN.timestamp())}
    await old.message(
        SHOP, message_id="false_79001234567@c.us_3EB0A1", chat_id="79001234567@c.us", message_type="chat",
        contact_name="Иван Иванов", **said,
    )  # fmt: skip
    await old.message(
        BOT, message_id="900001", chat_id=str(ann.id), from_number=str(ann.id), message_body="hi", contact_name="Ann",
        timestamp=int(THEN.timestamp() * 1000),
    )  # fmt: skip
    await old.message(SLACK, chat_id="C1", **said)
    return old


def at(source: str, line: str) -> str:
    """A line of the guide with this database in the place of its example."""
    assert "postgresql://reader@db.example.com/postgres" in line
    return line.replace("postgresql://reader@db.example.com/postgres", f"'{source}'")


def ann_and_the_bot(telegram: TelegramSimulator) -> tuple[User, Bot]:
    bot, ann = telegram.add_bot(TOKEN, name="robot"), telegram.add_person("Ann")
    telegram.people.opens(ann, bot)
    return ann, bot


async def test_the_guide_is_followed_and_the_instances_of_old_answer(
    tmp_path: Path, database_url: str, source: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    ann, bot = ann_and_the_bot(telegram)
    old = await old_database(source, receiver.url("/hook"), ann)
    gateway = GatewayProcess(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url)
    rehearse, import_ = (at(source, line) for line in GUIDE.block("migrate"))
    try:
        await gateway.start()
        await gateway.stop()
        before, there = await everything(database_url), await old.everything()
        status, rehearsed = await GUIDE.run(gateway, rehearse, MESSAGE_RETENTION_DAYS="2")
        assert status == 0, rehearsed
        assert await everything(database_url) == before
        status, out = await GUIDE.run(gateway, import_, MESSAGE_RETENTION_DAYS="2")
        assert status == 0, out
        assert rehearsed.partition("\n")[2] == out
        assert counted(out) == {
            "instances": [2, 0, 1], "webhooks": [1, 0, 0], "contacts": [2, 0, 0], "messages": [2, 0, 1]
        }  # fmt: skip
        for told in (
            f"! instances {SLACK}: left out. This gateway has no provider slack.",
            f"! messages: 1 left out, because their instance {SLACK} was not imported.",
            "Every instance is stopped until you start it. WhatsApp logins are not taken over",
            "Some messages are older than MESSAGE_RETENTION_DAYS=2, and get deleted soon; 0 keeps them.",
        ):
            assert told in out, told
        assert WORDS not in out
        assert await old.everything() == there

        await gateway.start()
        check = "\n".join(GUIDE.block("check")).replace("http://127.0.0.1:3000", gateway.base_url)
        status, out = await GUIDE.run(gateway, check, KEY=ADMIN_KEY, ID=SHOP)
        assert status == 0, out
        assert "Иван Иванов" in out
        async with gateway.client() as admin, client_of(gateway, BOT) as robot, client_of(gateway, SHOP) as shop:
            listed = (await answer(admin.get("/api/instances")))["instances"]
            assert {each["id"]: (each["provider"], each["status"]) for each in listed} == {
                SHOP: ("whatsappweb", "disconnected"), BOT: ("telegram", "disconnected")
            }  # fmt: skip
            page = await answer(shop.get(f"/api/instances/{SHOP}/chats/79001234567/messages"))
            assert [each["content"] for each in page["messages"]] == [WORDS]
            assert (await robot.get(f"/api/instances/{SHOP}")).status_code == 403  # a key opens its own instance
            assert receiver.received("/hook") == []

            start = "\n".join(GUIDE.block("start"))
            status, out = await GUIDE.run(gateway, start, BASE=gateway.base_url, KEY=ADMIN_KEY, ID=BOT)
            assert status == 0, out

            async def connected() -> bool:
                return bool((await answer(robot.get(f"/api/instances/{BOT}/status")))["ready"])

            await until(connected)
            telegram.people.sends_text(ann, bot, "still there?")
            await receiver.wait_for(lambda r: len(r.accepted("/hook")) == 1)
            await answer(robot.post(f"/api/instances/{BOT}/send", json={"phone": str(ann.id), "message": "yes"}))
            assert telegram.texts(bot, ann) == ["yes"]
            page = await answer(robot.get(f"/api/instances/{BOT}/chats/{ann.id}/messages"))
            assert [each["content"] for each in page["messages"]] == ["yes", "still there?", "hi"]
        (got,) = receiver.received("/hook")
        assert (got.headers["authorization"], got.json()["body"]) == (f"Bearer {AUTH}", "still there?")
        assert TOKEN not in gateway.log()
    finally:
        if gateway.process is not None:
            await gateway.kill()


async def test_each_company_has_a_door_of_its_own(
    tmp_path: Path, sqlite_url: str, source: str, telegram: TelegramSimulator, receiver: Receiver
) -> None:
    ann, _ = ann_and_the_bot(telegram)
    await old_database(source, receiver.url("/hook"), ann)
    gateway = GatewayProcess(tmp_path, sqlite_url, INSTANCE_KEYS="secret")
    import_, rotate = GUIDE.block("companies")
    try:
        await gateway.start()
        await gateway.stop()
        status, out = await GUIDE.run(gateway, at(source, import_))
        assert (status, counted(out)["companies"]) == (0, [2, 0, 0])
        assert "Instances that no instance key opens, because an id is none with INSTANCE_KEYS=secret: 2." in out
        owners = re.findall(r"^  python -m gateway user rotate-key (\S+)$", out, re.MULTILINE)
        assert [owner.partition("-")[0] for owner in owners] == ["acme", "globex"]
        example = rotate.split()[-1]
        assert re.fullmatch(r"acme-[0-9a-f]{8}@instance-manager\.invalid", example)
        assert example.partition("@")[2] == owners[0].partition("@")[2]
        status, out = await GUIDE.run(gateway, rotate.replace(example, owners[0]))
        assert status == 0, out
        (key,) = re.findall(r"gw_\S+", out)

        await gateway.start()
        async with client_of(gateway, SHOP) as shop:
            assert (await shop.get(f"/api/instances/{SHOP}")).status_code == 401
            acme: dict[str, Any] = {"headers": {"x-api-key": key, "authorization": ""}}
            listed = (await answer(shop.get("/api/instances", **acme)))["instances"]
            assert [each["id"] for each in listed] == [SHOP]
            assert (await shop.get(f"/api/instances/{BOT}", **acme)).status_code == 403
    finally:
        if gateway.process is not None:
            await gateway.kill()


def client_of(gateway: GatewayProcess, instance_id: str) -> httpx.AsyncClient:
    """A client that shows what it always has shown: the instance's id."""
    return httpx.AsyncClient(
        base_url=gateway.base_url,
        headers={"authorization": f"Bearer {instance_id}"},
        timeout=30,
        trust_env=False,
        verify=NO_TLS,
    )
