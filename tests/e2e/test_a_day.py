"""A user's day with the gateway, from an empty folder on: the real process, real HTTP, a Telegram on loopback."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.shop import Until, add_bot, answer, nothing_owed, open_shop
from tests.empty_databases import database_url, postgres_url, sqlite_url  # as on an operator's first day
from tests.process import ADMIN_EMAIL, ADMIN_KEY, ADMIN_PASSWORD, ANEW, NO_TLS, GatewayProcess, gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import Fault, TelegramSimulator
from tests.simulators.telegram.samples import PNG

__all__ = ["database_url", "postgres_url", "sqlite_url"]

pytestmark = pytest.mark.slow


@asynccontextmanager
async def logged_in(gateway: GatewayProcess, email: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the login token of an e-mail and a password."""
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=30, trust_env=False, verify=NO_TLS) as http:
        given = await answer(http.post("/api/auth/login", json={"email": email, "password": password}))
        http.headers["authorization"] = f"Bearer {given['token']}"
        yield http


async def test_a_newcomer_starts_with_nothing_and_talks_both_ways(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, ANEW, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        logged_in(gateway, ADMIN_EMAIL, ADMIN_PASSWORD) as api,
    ):
        shop = await add_bot(api, telegram, receiver)
        await until(lambda: shop.is_in("connected"))

        shop.writes("is it open?")
        await until(lambda: shop.heard() == ["is it open?"])
        (told,) = shop.deliveries("message_received")
        assert told.legacy_signature is True
        assert told.standard_signature is True
        data = told.json()["data"]
        assert (data["from"], data["pushName"], data["type"]) == (shop.chat, "Ann", "conversation")
        assert data["eventId"] == told.webhook_id

        sent = await answer(shop.send("yes, until eight"))
        assert shop.said == ["yes, until eight"]
        await until(lambda: shop.deliveries("message_sent"))
        (echo,) = shop.deliveries("message_sent")
        assert echo.json()["data"]["messageId"] == sent["id"]
        assert receiver.stats.bad_signatures == 0

        kept = await shop.messages()
        assert [(each["content"], each["fromMe"], each["status"]) for each in kept] == [
            ("yes, until eight", True, "sent"),
            ("is it open?", False, "delivered"),
        ]
        shown = await shop.show()
        assert (shown["sentMessages"], shown["receivedMessages"]) == (1, 1)
        chats = await answer(api.get(f"/api/instances/{shop.id}/chats"))
        assert [(each["id"], each["name"]) for each in chats["chats"]] == [(shop.chat, "Ann")]


async def test_the_first_administrators_credentials_are_printed_once_and_work(tmp_path: Path, sqlite_url: str) -> None:
    gateway = GatewayProcess(tmp_path, sqlite_url, ANEW)
    for name in ("ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_API_KEY"):
        del gateway.env[name]
    await gateway.start()
    try:
        printed = gateway.log()
        email, password, key = (
            re.search(rf"^ *{label} +(\S+)$", printed, re.MULTILINE)[1]  # type: ignore[index]  # None fails the test
            for label in ("e-mail", "password", "API key")
        )
        async with logged_in(gateway, email, password) as api:
            assert (await answer(api.get("/api/auth/me")))["role"] == "admin"
        async with httpx.AsyncClient(base_url=gateway.base_url, trust_env=False, verify=NO_TLS) as nobody:
            assert (await answer(nobody.get("/api/auth/me", headers={"x-api-key": key})))["email"] == email
            assert (await nobody.get("/api/auth/me")).status_code == 401
        assert await gateway.stop() == 0
        await gateway.start()
        assert gateway.log().count(password) == gateway.log().count(key) == 1
    finally:
        await gateway.kill()


async def test_every_kind_of_message_reaches_the_person(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        base = f"/api/whatsapp/{shop.id}"

        async def send(**body: Any) -> str:
            return str((await answer(shop.api.post(f"{base}/send", json={"phone": shop.chat, **body})))["id"])

        first = await send(message="<b>hello</b>", format="html", silent=True)
        await send(location={"latitude": 52.5, "longitude": 13.4})
        await send(location={"latitude": 52.5, "longitude": 13.4, "title": "Cafe", "address": "Main Street 1"})
        await send(contact={"name": "Bob", "phone": "+4930123456"})
        await send(poll={"question": "Tea?", "options": ["yes", "no"]})
        await send(message="see above", replyTo=first)

        receiver.answer("/picture.png", headers={"Content-Type": "image/png"}, body=PNG)
        by_url = {"phone": shop.chat, "url": receiver.url("/picture.png"), "caption": "a dot"}
        await answer(shop.api.post(f"{base}/send-media", json=by_url))
        for name, data in (("dot.png", PNG), ("notes.txt", b"some notes")):
            form = {"phone": shop.chat, "caption": name}
            await answer(shop.api.post(f"{base}/send-file", data=form, files={"file": (name, data)}))

        text, place, venue, card, poll, reply, picture, photo, document = (
            message.wire for message in telegram.sent(shop.bot, shop.ann)
        )
        assert text["text"] == "hello"
        assert text["entities"][0]["type"] == "bold"
        assert place["location"]["latitude"] == 52.5
        assert venue["venue"]["title"] == "Cafe"
        assert card["contact"]["phone_number"].endswith("4930123456")
        assert [option["text"] for option in poll["poll"]["options"]] == ["yes", "no"]
        assert str(reply["reply_to_message"]["message_id"]) == first
        assert picture["photo"]
        assert picture["caption"] == "a dot"
        assert photo["photo"]
        assert document["document"]["file_name"] == "notes.txt"
        await until(lambda: len(shop.deliveries("message_sent")) == 9)

        message = f"/api/instances/{shop.id}/chats/{shop.chat}/messages/{first}"
        await answer(shop.api.put(message, json={"message": "good day"}))
        assert shop.said[0] == "good day"
        await answer(shop.api.post(f"{message}/reaction", json={"emoji": "👍"}))
        await answer(shop.api.delete(message))
        assert "good day" not in shop.said
        kept = {each["messageId"]: each for each in await shop.messages()}
        assert kept[first]["content"] == "good day"
        assert kept[first]["editedAt"]
        assert kept[first]["deletedAt"]


async def test_a_persons_photo_is_downloaded_by_an_authenticated_route_only(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        telegram.people.sends_media(shop.ann, shop.bot, "photo", PNG, caption="look")
        await until(lambda: shop.heard() == ["look"])
        (kept,) = await shop.messages()
        assert kept["hasMedia"]
        file = await shop.api.get(kept["mediaPath"])
        assert (file.status_code, file.content) == (200, PNG)
        assert file.headers["x-content-type-options"] == "nosniff"
        async with httpx.AsyncClient(base_url=gateway.base_url, trust_env=False, verify=NO_TLS) as nobody:
            assert (await nobody.get(kept["mediaPath"])).status_code == 401
        # A link of Telegram's would carry the bot's token.
        assert shop.bot.token not in str([each.body for each in receiver.requests])
        assert shop.bot.token not in gateway.log()


async def test_what_happened_is_counted_and_logged(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        for text in ("one", "two", "three"):
            shop.writes(text)
        await until(lambda: len(shop.heard()) == 3)
        for text in ("uno", "dos"):
            await answer(shop.send(text))
        await until(lambda: len(shop.deliveries("message_sent")) == 2)

        (usage,) = (await answer(shop.api.get("/api/stats/user")))["instances"]
        assert (usage["messagesReceived"], usage["messagesSent"], usage["apiCalls"]) == (3, 2, 2)
        assert usage["webhookSent"] == len(receiver.received(shop.hook))
        logs = (await answer(shop.api.get(f"/api/instances/{shop.id}/activity")))["logs"]
        actions = [each["action"] for each in logs]
        assert actions[-1] == "instance_created"
        assert "connection_opened" in actions
        events = await answer(
            shop.api.get(f"/api/instances/{shop.id}/events", params={"types": "message_received,message_sent"})
        )
        assert [each["data"]["body"] for each in events["events"]] == ["dos", "uno", "three", "two", "one"]
        assert [each["sequence"] for each in events["events"]] == [5, 4, 3, 2, 1]


async def test_an_instance_is_stopped_started_changed_and_deleted(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        path = f"/api/instances/{shop.id}"
        status = await answer(shop.api.get(f"{path}/status"))
        assert (status["status"], status["ready"]) == ("connected", True)
        await answer(shop.api.post(f"{path}/stop"))
        await until(lambda: shop.is_in("disconnected"))
        refused = await shop.send("anybody there?")
        assert refused.status_code == 500
        assert "not ready" in refused.json()["error"]
        await answer(shop.api.post(f"{path}/reconnect"))
        await until(lambda: shop.is_in("connected"))
        await until(lambda: len(shop.deliveries("connection_opened")) == 2)

        receiver.trust("/other", "another secret")
        changes = {
            "name": "store",
            "description": "at the corner",
            "webhookUrl": receiver.url("/other"),
            "webhookSecret": "another secret",
            "notifySent": False,
        }
        changed = await answer(shop.api.put(path, json=changes))
        assert (changed["name"], changed["description"]) == ("store", "at the corner")
        await answer(shop.send("silent"))
        shop.hook = "/other"
        shop.writes("hello again")
        await until(lambda: shop.heard() == ["hello again"])
        assert [each["event"] for each in receiver.bodies("/other")] == ["webhook_updated", "message_received"]
        assert receiver.stats.bad_signatures == 0

        await answer(shop.api.delete(path))
        assert (await shop.api.get(path)).status_code == 404
        assert (await answer(shop.api.get("/api/instances")))["instances"] == []
        before = receiver.stats.requests
        shop.writes("too late")
        assert (await shop.send("too late")).status_code == 404
        assert telegram.unconfirmed(shop.bot)
        assert receiver.stats.requests == before


async def test_a_bot_in_webhook_mode_talks_both_ways(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    gateway = GatewayProcess(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url)
    gateway.env["BASE_URL"] = gateway.base_url
    await gateway.start()
    try:
        async with open_shop(gateway, telegram, receiver, until, config={"mode": "webhook"}) as shop:
            assert shop.bot.webhook is not None
            assert shop.bot.webhook.url == f"{gateway.base_url}/hooks/telegram/{shop.id}"
            for number in range(20):
                shop.writes(f"in {number}")
            await until(lambda: len(shop.heard()) == 20)
            assert sorted(shop.heard()) == sorted(f"in {number}" for number in range(20))
            await answer(shop.send("out"))
            assert shop.said == ["out"]
            assert telegram.unconfirmed(shop.bot) == []

            forged = await shop.api.post(f"/hooks/telegram/{shop.id}", json={"update_id": 1})
            assert forged.status_code == 401
            assert (await shop.api.post("/hooks/telegram/nobody", json={"update_id": 1})).status_code == 404

            # While the gateway is down Telegram keeps what people write, and tries again.
            assert await gateway.stop() == 0
            for number in range(20, 25):
                shop.writes(f"in {number}")
            await gateway.start()
            await until(lambda: len(set(shop.heard())) == 25)
            await until(lambda: not telegram.unconfirmed(shop.bot))
            assert len(shop.heard()) == 25
    finally:
        await gateway.kill()


async def test_a_repeated_send_is_answered_and_not_repeated(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        together = await asyncio.gather(*(shop.send("once", key="k1") for _ in range(10)))
        assert {each.status_code for each in together} == {200}
        assert len({each.json()["id"] for each in together}) == 1
        assert shop.said == ["once"]
        mismatch = await shop.send("something else", key="k1")
        assert (mismatch.status_code, mismatch.json()["code"]) == (409, "idempotency_mismatch")

        await gateway.kill()
        await gateway.start()
        await until(lambda: shop.is_in("connected"))
        again = await shop.send("once", key="k1")
        assert again.json() == together[0].json()
        assert shop.said == ["once"]


async def test_a_send_cut_off_by_a_crash_is_not_said_twice(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        # Telegram takes its time; meanwhile the gateway is frozen, so that it never learns the answer, and then killed.
        telegram.fault(Fault(method="sendMessage", delay=2))
        sending = asyncio.create_task(shop.send("once", key="k1"))
        await until(lambda: telegram.world.faults.owed == 0)
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGSTOP)
        await until(lambda: shop.said == ["once"])
        await gateway.kill()
        with pytest.raises(httpx.TransportError):
            await sending
        await gateway.start()
        await until(lambda: shop.is_in("connected"))
        again = await shop.send("once", key="k1")
        assert (again.status_code, again.json()["code"]) == (409, "idempotency_unknown")
        assert shop.said == ["once"]


async def test_a_restart_brings_sessions_back_without_losing_or_doubling_anything(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        stopped = await add_bot(shop.api, telegram, receiver, name="closed", hook="/closed")
        await until(lambda: stopped.is_in("connected"))
        await answer(shop.api.post(f"/api/instances/{stopped.id}/stop"))
        await until(lambda: stopped.is_in("disconnected"))
        expected = []
        for round_ in range(2):
            for number in range(10):
                expected.append(f"{round_} up {number}")
                shop.writes(expected[-1])
            await until(lambda: len(set(shop.heard())) >= len(expected))
            for _ in range(7):  # counted in memory, and the stop comes before they are written by themselves
                await answer(shop.api.get(f"/api/whatsapp/{shop.id}/status"))
            file = _database_file(tmp_path)
            assert await gateway.stop() == 0
            for number in range(10):
                expected.append(f"{round_} down {number}")
                shop.writes(expected[-1])
            await gateway.start()
            await until(lambda: shop.is_in("connected"))
            assert _database_file(tmp_path) == file, "a start leaves it where it is, and makes no other"
        await until(lambda: len(set(shop.heard())) == len(expected))
        await until(lambda: not telegram.unconfirmed(shop.bot))
        await until(lambda: nothing_owed(shop.api))
        assert sorted(shop.heard()) == sorted(expected)
        assert [each["content"] for each in reversed(await shop.messages())] == expected
        assert await stopped.is_in("disconnected")
        (usage,) = [
            each
            for each in (await answer(shop.api.get("/api/stats/user")))["instances"]
            if each["instanceId"] == shop.id
        ]
        assert (usage["apiCalls"], usage["messagesReceived"]) == (14, len(expected))


def _database_file(folder: Path) -> dict[str, int]:
    """What lies beside the gateway, and which file each is; a SQLite database among it."""
    return {path.name: path.stat().st_ino for path in folder.iterdir() if path.suffix not in (".db-wal", ".db-shm")}


async def test_a_disabled_user_is_shut_out_while_the_gateway_runs(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    async with gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway:
        status, printed = await gateway.command("user", "add", "eve@example.com")
        assert status == 0
        password, key = (
            re.search(rf"^{label} +(\S+)$", printed, re.MULTILINE)[1]  # type: ignore[index]  # None fails the test
            for label in ("password", "API key")
        )
        async with (
            logged_in(gateway, "eve@example.com", password) as eve,
            gateway.client(**{"x-api-key": key}) as program,
        ):
            for client in (eve, program):
                assert (await client.get("/api/instances")).status_code == 200
            assert await gateway.command("user", "disable", "eve@example.com") == (0, "eve@example.com is disabled.\n")
            await until(lambda: refused(eve))
            await until(lambda: refused(program))
            async with httpx.AsyncClient(base_url=gateway.base_url, trust_env=False, verify=NO_TLS) as nobody:
                given = {"email": "eve@example.com", "password": password}
                assert (await nobody.post("/api/auth/login", json=given)).status_code == 401
        async with gateway.client() as admin:
            assert admin.headers["x-api-key"] == ADMIN_KEY
            assert (await admin.get("/api/instances")).status_code == 200


async def refused(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/instances")).status_code == 401
