from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot as Aiogram
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from tests.integration.simulators.telegram.waiting import until
from tests.simulators.telegram import Bot, Chaos, Fault, TelegramSimulator, User, bad_gateway_page, too_many_requests


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, TelegramBadRequest),
        (401, TelegramUnauthorizedError),
        (403, TelegramForbiddenError),
        (409, TelegramConflictError),
        (500, TelegramServerError),
    ],
)
async def test_the_next_calls_fail_as_asked_and_then_work(
    client: Aiogram, telegram: TelegramSimulator, code: int, expected: type[AiogramError]
) -> None:
    telegram.fault(Fault(method="getMe", code=code, times=2))
    for _ in range(2):
        with pytest.raises(expected):
            await client.get_me()
    assert (await client.get_me()).is_bot


async def test_a_fault_can_be_meant_for_one_bot_and_method(
    client: Aiogram, telegram: TelegramSimulator, account: Bot, ann: User
) -> None:
    telegram.fault(Fault(method="sendMessage", bot_id=account.id + 1, code=500))
    telegram.fault(too_many_requests(7, method="sendMessage", bot_id=account.id))
    assert (await client.get_me()).is_bot
    with pytest.raises(TelegramRetryAfter) as flood:
        await client.send_message(ann.id, "x")
    assert flood.value.retry_after == 7
    assert (await client.send_message(ann.id, "x")).text == "x"
    assert telegram.world.faults.owed == 1


async def test_a_proxys_html_page_and_half_a_json_cannot_be_decoded(
    client: Aiogram, telegram: TelegramSimulator
) -> None:
    telegram.fault(bad_gateway_page())
    telegram.fault(Fault(body='{"ok": tr', code=200, content_type="application/json"))
    for _ in range(2):
        with pytest.raises(ClientDecodeError):
            await client.get_me()


async def test_a_connection_dropped_before_does_nothing_and_after_has_done_it(
    client: Aiogram, telegram: TelegramSimulator, account: Bot, ann: User
) -> None:
    telegram.fault(Fault(method="sendMessage", drop="before"))
    telegram.fault(Fault(method="sendMessage", drop="after"))
    for text in ("never said", "said unheard"):
        with pytest.raises(TelegramNetworkError):
            await client.send_message(ann.id, text)
    assert telegram.texts(account, ann) == ["said unheard"]


async def test_a_slow_answer_runs_into_the_clients_timeout(client: Aiogram, telegram: TelegramSimulator) -> None:
    telegram.fault(Fault(delay=30))
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await client.get_me(request_timeout=1)


async def test_offline_refuses_connections_and_comes_back_on_the_same_port(
    client: Aiogram, telegram: TelegramSimulator, account: Bot, ann: User
) -> None:
    before = telegram.base_url
    waiting = asyncio.create_task(client.get_updates(timeout=30))
    await until(lambda: account.updates.polling)
    await telegram.go_offline()
    with pytest.raises(TelegramNetworkError):
        await waiting
    with pytest.raises(TelegramNetworkError, match="ClientConnectorError"):
        await client.get_me()
    telegram.people.sends_text(ann, account, "meanwhile")
    await telegram.go_online()
    assert telegram.base_url == before
    assert len(await client.get_updates()) == 1


async def _history(client: Aiogram, telegram: TelegramSimulator, seed: int) -> list[str]:
    telegram.unleash(Chaos(seed=seed, drop_before=0.2, drop_after=0.1, server_error=0.2, flood=0.1))
    history = []
    for _ in range(60):
        try:
            await client.get_me()
            history.append("fine")
        except AiogramError as error:
            history.append(type(error).__name__)
    return history


async def test_chaos_with_one_seed_repeats_itself(client: Aiogram, telegram: TelegramSimulator) -> None:
    first = await _history(client, telegram, seed=4)
    assert set(first) == {"fine", "TelegramNetworkError", "TelegramServerError", "TelegramRetryAfter"}
    assert await _history(client, telegram, seed=4) == first
    assert await _history(client, telegram, seed=5) != first
    telegram.unleash(None)
    assert (await client.get_me()).is_bot


async def test_every_call_is_logged_with_what_it_was_told(
    client: Aiogram, telegram: TelegramSimulator, account: Bot, ann: User
) -> None:
    telegram.fault(Fault(method="sendMessage", drop="before"))
    with pytest.raises(TelegramNetworkError):
        await client.send_message(ann.id, "lost")
    with pytest.raises(TelegramBadRequest):
        await client.send_message(1, "nobody")
    await client.send_message(ann.id, "there")
    log = [(call.params["text"], call.status) for call in telegram.calls(account, "sendMessage")]
    assert log == [("lost", 0), ("nobody", 400), ("there", 200)]
