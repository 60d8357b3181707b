"""A whole conversation in one test; what each part does is proven in the folder `telegram` beside this file."""

from __future__ import annotations

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from tests.integration.simulators.telegram.waiting import until
from tests.simulators.telegram import TelegramSimulator, bad_gateway_page, too_many_requests


async def test_an_ordinary_aiogram_program_talks_to_people_through_the_simulator() -> None:
    async with TelegramSimulator() as telegram:
        account, ann = telegram.add_bot(), telegram.add_person("Ann")
        dispatcher = Dispatcher()

        @dispatcher.message()
        async def echo(message: Message) -> None:
            await message.reply(f"you said {message.text}")

        async with AiohttpSession(api=TelegramAPIServer.from_base(telegram.base_url)) as session:
            bot = Bot(account.token, session=session)
            telegram.people.sends_text(ann, account, "hello")
            for update in await bot.get_updates(timeout=1):
                await dispatcher.feed_update(bot, update)
            await until(lambda: telegram.texts(account, ann))
        assert telegram.texts(account, ann) == ["you said hello"]
        assert telegram.sent(account, ann)[0].wire["reply_to_message"]["text"] == "hello"


def test_ready_made_faults_carry_what_telegram_sends() -> None:
    flood = too_many_requests(5).refusal()
    assert flood is not None
    assert flood.wire() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 5",
        "parameters": {"retry_after": 5},
    }
    assert bad_gateway_page().refusal() is None
