"""What goes wrong around a gateway: its database, its endpoints, Telegram, its neighbours, its operator in a hurry."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import aiohttp
import httpx
import pytest

from tests.e2e.shop import Shop, Until, add_bot, answer, nothing_owed, open_shop, owed
from tests.postgres import PostgresServer, running_server
from tests.process import ADMIN_KEY, GatewayProcess, gateway_process
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import Fault, TelegramSimulator
from tests.simulators.telegram.samples import PNG

pytestmark = pytest.mark.slow


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An endpoint that remembers every request of a flood."""
    async with Receiver(keep=1_000_000) as simulator:
        yield simulator


@pytest.fixture
def fragile() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, because the test stops it."""
    with running_server(tcp=True) as server:
        yield server


# ---------------------------------------------------------------- the database


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_database_that_goes_away_is_said_so_and_comes_back_by_itself(
    tmp_path: Path,
    fragile: PostgresServer,
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
    mode: Literal["fast", "immediate"],
) -> None:
    async with (
        gateway_process(tmp_path, fragile.tcp_url(), TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        written = [f"before {number}" for number in range(20)]
        for text in written:
            shop.writes(text)
        await until(lambda: len(shop.heard()) == 20)

        await asyncio.to_thread(fragile.stop, mode)
        during = [f"during {number}" for number in range(20)]
        for text in during:
            shop.writes(text)
        refused = await asyncio.gather(
            *(shop.api.put(f"/api/instances/{shop.id}", json={"description": "new"}) for _ in range(20))
        )
        for response in refused:
            assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
            assert int(response.headers["retry-after"]) >= 1
        assert (await shop.api.get("/ready")).status_code == 503
        assert (await shop.api.get("/health")).status_code == 200
        assert (await shop.api.get("/metrics")).status_code == 200

        def none_is_confirmed() -> bool:
            unread = [update["message"]["text"] for update in telegram.unconfirmed(shop.bot)]
            return unread == during

        # It has asked Telegram for them, it could not commit them, and so it did not confirm them.
        await until(lambda: "storage_unavailable" in gateway.log())
        assert none_is_confirmed()

        await asyncio.to_thread(fragile.start)
        await until(lambda: is_ready(shop.api))
        await until(lambda: set(shop.heard()) == {*written, *during})
        await until(lambda: not telegram.unconfirmed(shop.bot))
        await until(lambda: shop.is_in("connected"))
        await until(lambda: nothing_owed(shop.api))
        told = shop.deliveries("message_received")
        assert len({each.webhook_id for each in told}) == len(written) + len(during)
        # A crash may take back the last records that something was delivered, which costs a repeat; a stop may not.
        assert mode == "immediate" or len(told) == len(written) + len(during)
        assert (await shop.show())["description"] is None
        await answer(shop.send("back again"))


async def test_a_send_that_telegram_took_while_the_database_was_away_is_owned_up_to(
    tmp_path: Path, fragile: PostgresServer, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, fragile.tcp_url(), TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        # Everything needed before the network is asked has been looked up; then the database goes.
        telegram.fault(Fault(method="sendMessage", delay=3))
        sending = asyncio.create_task(shop.send("hello", key="k1"))
        await until(lambda: telegram.world.faults.owed == 0)
        await asyncio.to_thread(fragile.stop, "immediate")
        response = await sending
        assert (response.status_code, response.json()["code"]) == (503, "sent_not_recorded")
        assert shop.said == ["hello"]
        await asyncio.to_thread(fragile.start)
        await until(lambda: is_ready(shop.api))
        again = await shop.send("hello", key="k1")
        assert (again.status_code, again.json()["code"]) == (409, "idempotency_unknown")
        assert shop.said == ["hello"]


async def test_a_second_gateway_on_the_same_database_refuses_with_a_sentence(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator
) -> None:
    async with gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as first:
        (tmp_path / "second").mkdir()
        second = GatewayProcess(tmp_path / "second", database_url, DATA_DIR=first.env["DATA_DIR"])
        await second.start(ready=False)
        assert second.process is not None
        assert await second.process.wait() == 1
        assert second.log().splitlines()[-1] == ("Another gateway is already running on this database; stop it first.")
        assert "Traceback" not in second.log()
        async with first.client() as api:
            assert await is_ready(api)


async def test_a_thousand_writers_at_once_meet_no_locked_database(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
        aiohttp.ClientSession(
            gateway.base_url,
            connector=aiohttp.TCPConnector(limit=0),
            headers={"x-api-key": ADMIN_KEY},
            timeout=aiohttp.ClientTimeout(total=100),
        ) as http,
    ):

        async def change(number: int) -> tuple[int, str]:
            async with http.put(f"/api/instances/{shop.id}", json={"description": f"text {number}"}) as response:
                return response.status, await response.text()

        async def send(number: int) -> tuple[int, str]:
            body = {"phone": shop.chat, "message": f"text {number}"}
            headers = {"Idempotency-Key": f"key {number}"}
            async with http.post(f"/api/whatsapp/{shop.id}/send", json=body, headers=headers) as response:
                return response.status, await response.text()

        for number in range(50):
            shop.writes(f"in {number}")
        answers = await asyncio.gather(*((send if number % 2 else change)(number) for number in range(1000)))
        assert {status for status, _ in answers} == {200}, {text for status, text in answers if status != 200}
        assert len(set(shop.said)) == len(shop.said) == 500
        changes = await answer(
            shop.api.get(f"/api/instances/{shop.id}/activity", params={"actions": "instance_updated"})
        )
        assert changes["pagination"]["total"] == 500
        await until(lambda: len(shop.deliveries("message_sent")) == 500)
        await until(lambda: len(shop.heard()) == 50)
        assert "locked" not in gateway.log()


# ---------------------------------------------------------------- stopping


async def test_sigterm_finishes_what_is_in_flight_and_leaves_the_rest_for_the_next_start(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        receiver.stall(shop.hook)
        count = 300
        for number in range(count):
            shop.writes(f"in {number}")
        await until(lambda: not telegram.unconfirmed(shop.bot))
        await until(lambda: receiver.stalled == 4)
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGTERM)
        await until(lambda: not shop.bot.updates.polling)
        shop.writes("too late for this one")

        async def answer_them_all() -> None:
            while True:
                receiver.release()
                await asyncio.sleep(0.02)

        answering = asyncio.create_task(answer_them_all())
        assert await gateway.process.wait() == 0
        finished = len(shop.heard())
        assert 4 <= finished < count
        assert telegram.unconfirmed(shop.bot)
        assert "Traceback" not in gateway.log()

        await gateway.start()
        await until(lambda: len(set(shop.heard())) == count + 1)
        await until(lambda: nothing_owed(shop.api))
        assert len(shop.heard()) == count + 1
        answering.cancel()


async def test_sigterm_does_not_wait_for_an_endpoint_that_never_answers(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(
            tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url, SHUTDOWN_TIMEOUT="2", WEBHOOK_TIMEOUT="60"
        ) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        receiver.stall(shop.hook)
        shop.writes("hello")
        await until(lambda: receiver.stalled == 1)
        assert await gateway.stop() == 0
        receiver.answer(shop.hook)
        await gateway.start()
        await until(lambda: len(shop.heard()) == 2)
        first, second = shop.deliveries("message_received")
        assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
        await until(lambda: nothing_owed(shop.api))


async def test_a_second_sigterm_exits_at_once_and_loses_nothing(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(
            tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, SHUTDOWN_TIMEOUT="600", WEBHOOK_TIMEOUT="300"
        ) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        receiver.stall(shop.hook)
        shop.writes("hello")
        await until(lambda: receiver.stalled == 1)
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGTERM)
        await until(lambda: not shop.bot.updates.polling)
        # Patient as it was told to be, it would wait for that endpoint for minutes.
        assert await gateway.stop() in {128 + signal.SIGTERM, -signal.SIGTERM}
        receiver.answer(shop.hook)
        await gateway.start()
        await until(lambda: len(shop.heard()) == 2)


# ---------------------------------------------------------------- endpoints


async def test_an_endpoint_that_hangs_does_not_slow_the_others(
    tmp_path: Path, database_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, database_url, TELEGRAM_API_BASE=telegram.base_url, WEBHOOK_TIMEOUT="300") as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        for name in ("/slow-1", "/slow-2"):
            receiver.stall(name)
            hook = {"url": receiver.url(name), "instanceId": shop.id}
            await answer(shop.api.post("/api/webhooks", json=hook), 201)
        for number in range(400):
            shop.writes(f"in {number}")
        await until(lambda: len(shop.heard()) == 400)
        # All of them arrived while the two had not let go of a single one.
        assert receiver.stats.paths["/slow-1"] == receiver.stats.paths["/slow-2"] == 4

        async def all_to_the_slow() -> bool:
            return await owed(shop.api) == 800

        await until(all_to_the_slow)


async def test_an_endpoint_that_says_gone_is_switched_off_and_the_others_are_told(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        made = await answer(
            shop.api.post("/api/webhooks", json={"url": receiver.url("/gone"), "instanceId": shop.id}), 201
        )
        gone = made["webhook"]["id"]
        receiver.refuse("/gone", status=410)
        shop.writes("one")
        await until(lambda: shop.deliveries("endpoint_disabled"))
        (told,) = shop.deliveries("endpoint_disabled")
        assert told.json()["data"]["endpointId"] == gone
        shown = await answer(shop.api.get(f"/api/webhooks/{gone}"))
        assert shown["enabled"] is False
        assert "410" in shown["disabledReason"]
        assert (await shop.show())["webhookEnabled"] is True

        asked = receiver.stats.paths["/gone"]
        shop.writes("two")
        await until(lambda: shop.heard() == ["one", "two"])
        assert receiver.stats.paths["/gone"] == asked
        receiver.answer("/gone")
        await answer(shop.api.patch(f"/api/webhooks/{gone}", json={"enabled": True}))
        shop.writes("three")
        await until(lambda: any(body["data"].get("body") == "three" for body in receiver.bodies("/gone")))


async def test_an_endpoint_that_refuses_is_tried_again_with_the_same_id_and_bytes(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until, retryInterval=100) as shop,
    ):
        receiver.refuse(shop.hook, times=2)
        shop.writes("hello")
        await until(lambda: len(shop.heard()) == 3)
        tries = shop.deliveries("message_received")
        assert len({(each.webhook_id, each.body) for each in tries}) == 1
        assert [each.answered for each in tries] == [500, 500, 200]
        assert receiver.stats.bad_signatures == 0


# ---------------------------------------------------------------- Telegram


async def test_a_telegram_that_is_away_is_said_so_and_nothing_written_meanwhile_is_lost(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        await telegram.go_offline()
        await until(lambda: shop.is_in("connecting"))
        assert (await shop.show())["stateCode"] == "telegram_unreachable"
        refused = await shop.send("hello?")
        assert refused.status_code == 500
        assert "not ready" in refused.json()["error"]
        for number in range(10):
            shop.writes(f"in {number}")
        await telegram.go_online()
        await until(lambda: shop.is_in("connected"))
        await until(lambda: len(shop.heard()) == 10)
        await until(lambda: not telegram.unconfirmed(shop.bot))
        assert sorted(shop.heard()) == sorted(f"in {number}" for number in range(10))
        await answer(shop.send("hello"))
        assert shop.said == ["hello"]


async def test_a_bot_with_a_revoked_token_ends_in_error_and_hurts_no_other(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        other = await add_bot(shop.api, telegram, receiver, name="cafe", hook="/cafe")
        await until(lambda: other.is_in("connected"))
        telegram.revoke(other.bot)
        await telegram.go_offline()  # which ends the long polls, so that the token is shown again
        await telegram.go_online()
        await until(lambda: other.is_in("error"))
        shown = await other.show()
        assert shown["stateCode"] == "telegram_unauthorized"
        assert "@BotFather" in shown["stateMessage"]
        await until(lambda: other.deliveries("connection_closed"))

        await until(lambda: shop.is_in("connected"))
        shop.writes("still open?")
        await until(lambda: shop.heard() == ["still open?"])
        await answer(shop.send("yes"))
        new = telegram.add_bot(name="cafe again")
        await answer(shop.api.put(f"/api/instances/{other.id}", json={"config": {"token": new.token}}))
        await until(lambda: other.is_in("connected"))
        assert other.bot.token not in gateway.log()


# ---------------------------------------------------------------- too much of it


async def test_a_flood_does_not_fill_the_memory(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    async with (
        gateway_process(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, SEND_RATE_LIMIT="50") as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        await warm(shop, until)
        before = resident_megabytes(gateway)
        most = before
        receiver.stall(shop.hook)
        for number in range(3000):
            shop.writes(f"{number} " + "word " * 800)
        refused = 0
        while telegram.unconfirmed(shop.bot):
            answers = await asyncio.gather(*(shop.send("word " * 800) for _ in range(20)))
            refused += sum(response.status_code == 429 for response in answers)
            assert {response.status_code for response in answers} <= {200, 429}
            most = max(most, resident_megabytes(gateway))
        assert refused > 0
        assert receiver.stalled == 4
        assert await owed(shop.api) >= 3000
        receiver.answer(shop.hook)
        receiver.release()

        async def all_arrived() -> bool:
            nonlocal most
            most = max(most, resident_megabytes(gateway))
            return len(shop.deliveries("message_received")) >= 3000

        await until(all_arrived)
        assert most - before <= 100


async def warm(shop: Shop, until: Until) -> None:
    """Let everything be imported, cached and connected that a busy gateway has anyway."""
    shop.telegram.people.sends_media(shop.ann, shop.bot, "photo", PNG)
    for number in range(200):
        shop.writes(f"warm {number}")
    for _ in range(20):
        await shop.send("warm")
    await until(lambda: nothing_owed(shop.api))


def resident_megabytes(gateway: GatewayProcess) -> float:
    """What the gateway's process holds in memory now."""
    assert gateway.process is not None
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


async def is_ready(api: httpx.AsyncClient) -> bool:
    return (await api.get("/ready")).status_code == 200
