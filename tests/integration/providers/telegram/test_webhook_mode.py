"""Webhook mode: Telegram posts to us, and only Telegram is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web

from gateway.domain.errors import GatewayError, InvalidInput, StorageUnavailable, Unauthenticated
from gateway.domain.instances import Credentials
from gateway.providers.contract import BadCredentials, ReceivesHooks
from gateway.providers.telegram import TelegramProvider
from gateway.providers.telegram.session import SECRET_HEADER, WATCH_EVERY
from tests.seam import Seam, living
from tests.simulators.telegram import Bot, TelegramSimulator, User
from tests.simulators.telegram.wire import unix_now

STATUS = {Unauthenticated: 401, InvalidInput: 400, StorageUnavailable: 503}


class Door:
    """What the hook route does: hand each POST to the session, answer with its reply or the status of its refusal."""

    def __init__(self) -> None:
        self.session: ReceivesHooks | None = None
        self.url = ""
        self.statuses: list[int] = []

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self.session is not None
        try:
            reply = await self.session.hook(dict(request.headers), await request.read())
            status, body = reply.status, reply.body
        except GatewayError as refusal:
            status, body = STATUS[type(refusal)], b""
        self.statuses.append(status)
        return web.Response(status=status, body=body)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    runner = web.ServerRunner(web.Server(made.take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/telegram/instance-1"
    yield made
    await runner.cleanup()


@pytest.fixture
def credentials(provider: TelegramProvider, bot: Bot) -> Credentials:
    return provider.check({"token": bot.token, "mode": "webhook"})


@asynccontextmanager
async def hooked(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, door: Door
) -> AsyncIterator[ReceivesHooks]:
    async with living(provider, seam.context(credentials, hook_url=door.url)) as life:
        assert isinstance(life.session, ReceivesHooks)
        door.session = life.session
        await seam.until_connected()
        yield life.session


def update(text: str = "hi") -> bytes:
    chat = {"id": 5, "type": "private", "first_name": "A"}
    message = {"message_id": 1, "date": unix_now(), "chat": chat, "from": chat | {"is_bot": False}, "text": text}
    return msgspec.json.encode({"update_id": 10, "message": message})


async def test_updates_arrive_by_post_and_are_committed_before_the_answer(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    door: Door,
) -> None:
    telegram.people.sends_text(ann, bot, "early")
    async with hooked(provider, credentials, seam, door):
        telegram.people.sends_text(ann, bot, "late")
        await seam.until(lambda: seam.bodies == ["early", "late"])
        await seam.until(lambda: not telegram.unconfirmed(bot))
    assert bot.webhook is not None, "a stop leaves the webhook in place: Telegram keeps what comes"
    assert bot.webhook.secret_token == credentials.values["webhookSecret"]


async def test_what_cannot_be_committed_is_posted_again(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    door: Door,
) -> None:
    async with hooked(provider, credentials, seam, door):
        seam.refuse = lambda _event: StorageUnavailable("away")
        telegram.people.sends_text(ann, bot, "again")
        await seam.until(lambda: 503 in door.statuses)
        assert telegram.unconfirmed(bot)
        seam.refuse = lambda _event: None
        await seam.until(lambda: seam.bodies == ["again"])


@pytest.mark.parametrize("shown", [None, "", "wrong", "geheim-\u00fc"])
async def test_a_post_without_the_secret_is_refused(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, door: Door, shown: str | None
) -> None:
    async with hooked(provider, credentials, seam, door) as session:
        headers = {} if shown is None else {"X-Telegram-Bot-Api-Secret-Token": shown}
        with pytest.raises(Unauthenticated):
            await session.hook(headers, update())
    assert seam.asked == []


@pytest.mark.parametrize("body", [b"", b"junk", b"[]", b"null", b"{}", b'{"update_id": "1"}', b"\xff\xfe", b"[" * 5000])
async def test_junk_with_the_secret_is_invalid(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, door: Door, body: bytes
) -> None:
    async with hooked(provider, credentials, seam, door) as session:
        headers = {SECRET_HEADER: str(credentials.values["webhookSecret"])}
        with pytest.raises(InvalidInput):
            await session.hook(headers, body)
        assert (await session.hook(headers, update())).status == 200
    assert seam.bodies == ["hi"]


async def test_a_polling_bot_takes_no_posts(provider: TelegramProvider, bot: Bot, seam: Seam) -> None:
    session = provider.open(seam.context(provider.check({"token": bot.token})))
    with pytest.raises(Unauthenticated):
        await session.hook({SECRET_HEADER: ""}, update())


async def test_without_a_public_address_it_says_what_to_set(
    provider: TelegramProvider, credentials: Credentials, seam: Seam
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        ending = await life.ending()
    assert isinstance(ending, BadCredentials)
    assert "BASE_URL" in ending.sentence


async def test_an_address_telegram_refuses_is_told_in_its_words(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, seam: Seam
) -> None:
    telegram.world.allow_http = False
    async with living(provider, seam.context(credentials, hook_url="http://gateway.example.com/hooks")):
        await seam.until(lambda: seam.states)
    code, sentence = seam.states[0]
    assert code == "telegram_bad_request"
    assert "HTTPS" in sentence


async def test_a_stolen_webhook_is_noticed(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam, door: Door
) -> None:
    async with hooked(provider, credentials, seam, door):
        await seam.clock.sleeping()
        async with telegram.http.post(f"{telegram.base_url}/bot{bot.token}/deleteWebhook") as answer:
            assert answer.status == 200
        await seam.clock.advance(seconds=WATCH_EVERY)
        await seam.until(lambda: seam.state == "telegram_webhook_lost")


async def test_a_gateway_telegram_cannot_reach_is_told_and_recovers(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    door: Door,
) -> None:
    async with hooked(provider, credentials, seam, door):
        await seam.clock.sleeping()
        seam.refuse = lambda _event: StorageUnavailable("away")
        telegram.people.sends_text(ann, bot, "waits")
        await seam.until(lambda: 503 in door.statuses)
        await seam.clock.advance(seconds=WATCH_EVERY)
        await seam.until(lambda: seam.state == "telegram_webhook_failing")
        assert "503" in seam.states[-1][1]
        seam.refuse = lambda _event: None
        await seam.until(lambda: seam.bodies == ["waits"])
        await seam.until(lambda: seam.state == "connected", passing=WATCH_EVERY)
