from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiohttp import web

from tests.integration.simulators.telegram.waiting import until
from tests.simulators.telegram import Bot, TelegramSimulator, User

SECRET = "s3cret_Token-1"


class Inbox:
    """A webhook receiver that answers as told and remembers what came."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[web.Response] = []
        self.texts: list[str] = []
        self.secrets: list[str | None] = []
        self.refused = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        update = json.loads(await request.read())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        answer = self.answers.pop(0) if self.answers else web.Response()
        if answer.status == 200:
            self.texts.append(update["message"]["text"])
        else:
            self.refused += 1
        return answer


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    receiver = Inbox()
    runner = web.ServerRunner(web.Server(receiver.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def test_updates_are_posted_in_order_with_the_secret_and_polling_is_a_conflict(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, inbox: Inbox
) -> None:
    telegram.people.sends_text(ann, account, "waiting since before")
    assert await client.set_webhook(inbox.url, secret_token=SECRET, max_connections=3)
    for number in range(20):
        telegram.people.sends_text(ann, account, str(number))
    await until(lambda: len(inbox.texts) == 21)
    assert inbox.texts == ["waiting since before", *map(str, range(20))]
    assert set(inbox.secrets) == {SECRET}
    info = await client.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (inbox.url, 0, 3)
    with pytest.raises(TelegramConflictError) as conflict:
        await client.get_updates()
    assert conflict.value.message == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )


async def test_a_refused_update_is_posted_again_and_the_failure_is_told(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, inbox: Inbox
) -> None:
    inbox.answers = [web.Response(status=500), web.Response(status=302)]
    await client.set_webhook(inbox.url)
    for text in ("first", "second"):
        telegram.people.sends_text(ann, account, text)
    await until(lambda: len(inbox.texts) == 2)
    assert (inbox.texts, inbox.refused) == (["first", "second"], 2)
    info = await client.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 302 Found"
    assert info.last_error_date is not None


async def test_a_receiver_that_is_away_keeps_its_updates_pending(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot
) -> None:
    await client.set_webhook("http://127.0.0.1:9/hook")
    telegram.people.sends_text(ann, account, "kept")
    await until(lambda: account.webhook and account.webhook.last_error_message)
    info = await client.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (1, "Connection refused")
    assert await client.delete_webhook()
    assert [update.message and update.message.text for update in await client.get_updates()] == ["kept"]


async def test_a_method_in_the_receivers_answer_is_carried_out(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, inbox: Inbox
) -> None:
    inbox.answers = [web.json_response({"method": "sendMessage", "chat_id": ann.id, "text": "at once"})]
    await client.set_webhook(inbox.url)
    telegram.people.sends_text(ann, account, "hello")
    await until(lambda: telegram.texts(account, ann))
    assert telegram.texts(account, ann) == ["at once"]


async def test_pending_updates_can_be_dropped(
    client: Aiogram, telegram: TelegramSimulator, ann: User, account: Bot, inbox: Inbox
) -> None:
    telegram.people.sends_text(ann, account, "forgotten")
    await client.set_webhook(inbox.url, drop_pending_updates=True, allowed_updates=["message"])
    telegram.people.sends_text(ann, account, "kept")
    await until(lambda: inbox.texts)
    assert inbox.texts == ["kept"]
    assert (await client.get_webhook_info()).allowed_updates == ["message"]


async def test_telegrams_own_server_wants_https_on_a_known_port(session: AiohttpSession) -> None:
    async with TelegramSimulator() as telegram:
        session.api = type(session.api).from_base(telegram.base_url)
        client = Aiogram(telegram.add_bot().token, session=session)
        with pytest.raises(TelegramBadRequest, match="bad webhook: An HTTPS URL must be provided for webhook"):
            await client.set_webhook("http://a.example/hook")
        with pytest.raises(TelegramBadRequest, match="only on ports 80, 88, 443 or 8443"):
            await client.set_webhook("https://a.example:9443/hook")
        assert await client.set_webhook("https://a.example:8443/hook")
        assert await client.set_webhook("")
        assert (await client.get_webhook_info()).url == ""
