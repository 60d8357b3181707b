"""Telegram's bad days, one by one: what the session says, whether it goes on, and what a sender is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.domain.errors import (
    GatewayError,
    InvalidInput,
    NetworkRefused,
    NetworkUnreachable,
    NotConnected,
    TooLarge,
    TooManyRequests,
)
from gateway.domain.ids import Address
from gateway.domain.instances import Credentials
from gateway.domain.messages import OutgoingMessage, Text
from gateway.providers.contract import BadCredentials, LoggedOut
from gateway.providers.telegram import TelegramProvider
from gateway.settings import Settings
from tests.seam import Seam, living
from tests.simulators.telegram import Bot, Fault, TelegramSimulator, User, bad_gateway_page, too_many_requests

OUR_POLL = "getUpdates"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault(method=OUR_POLL, code=400, description="Bad Request: odd"), "telegram_bad_request", "odd"),
        (Fault(method=OUR_POLL, code=403, description="Forbidden: not you"), "telegram_forbidden", "not you"),
        (
            Fault(
                method=OUR_POLL,
                code=409,
                description="Conflict: can't use getUpdates method while webhook is active; use deleteWebhook",
            ),
            "telegram_webhook_active",
            "restart this instance",
        ),
        (Fault(method=OUR_POLL, code=409), "telegram_second_poller", "one poller"),
        (Fault(method=OUR_POLL, code=413, body="<html>413</html>"), "telegram_bad_request", "Too Large"),
        (too_many_requests(3, method=OUR_POLL), "telegram_flood_control", "wait 3 seconds"),
        (Fault(method=OUR_POLL, code=429, body="slow down"), "telegram_flood_control", "wait 5 seconds"),
        (Fault(method=OUR_POLL, code=500), "telegram_server_error", "Internal Server Error"),
        (bad_gateway_page(method=OUR_POLL), "telegram_server_error", "HTTP 502"),
        (Fault(method=OUR_POLL, code=503, body='{"ok": false}'), "telegram_server_error", "HTTP 503"),
        (Fault(method=OUR_POLL, code=200, body="<html>Log in to the Wi-Fi</html>"), "telegram_unreadable", "proxy"),
        (Fault(method=OUR_POLL, code=200, body='{"ok": tr'), "telegram_unreadable", "proxy"),
        (Fault(method=OUR_POLL, drop="before"), "telegram_unreachable", "does not answer"),
        (Fault(method=OUR_POLL, drop="after"), "telegram_unreachable", "does not answer"),
        (Fault(method="getMe", code=500), "telegram_server_error", "Internal Server Error"),
        (Fault(method="getWebhookInfo", drop="before"), "telegram_unreachable", "does not answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_trouble_has_a_code_and_a_sentence_and_passes(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    fault: Fault,
    code: str,
    words: str,
) -> None:
    telegram.fault(fault)
    telegram.people.sends_text(ann, bot, "still here")
    async with living(provider, seam.context(credentials)) as life:
        await seam.until(lambda: seam.state == "connected", passing=61)
        assert seam.bodies == ["still here"]
        assert not life.task.done()
    assert seam.codes == [code, "connected"]
    sentence = seam.states[0][1]
    assert words in sentence
    assert sentence.endswith(".")
    assert bot.token not in seam.told()


async def test_one_failed_poll_of_a_connected_bot_is_a_note_and_two_are_a_state(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
) -> None:
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
        telegram.fault(bad_gateway_page(method=OUR_POLL))
        telegram.people.sends_text(ann, bot, "one")
        telegram.people.sends_text(ann, bot, "two")
        await seam.until(lambda: any("HTTP 502" in note for note in seam.notes), passing=1)
        await seam.until(lambda: seam.bodies == ["one", "two"], passing=1)
        assert seam.codes == ["connected"]
        telegram.fault(Fault(method=OUR_POLL, code=500, times=2))
        telegram.people.sends_text(ann, bot, "three")
        await seam.until(lambda: seam.codes == ["connected", "telegram_server_error", "connected"], passing=1)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (lambda method: Fault(method=method, code=401), BadCredentials, "telegram_unauthorized"),
        (lambda method: Fault(method=method, code=404), BadCredentials, "telegram_not_found"),
        (lambda method: Fault(method=method, code=400, description="Logged out"), LoggedOut, "telegram_logged_out"),
    ],
)
async def test_what_only_a_person_can_mend_ends_the_session(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    seam: Seam,
    method: str,
    fault: Callable[[str], Fault],
    kind: type[BadCredentials | LoggedOut],
    code: str,
) -> None:
    telegram.fault(fault(method))
    async with living(provider, seam.context(credentials)) as life:
        ending = await life.ending()
    assert isinstance(ending, kind)
    assert ending.code == code
    assert bot.token not in f"{ending!r} {ending.sentence}"
    assert seam.codes == []


async def test_a_revoked_token_ends_a_running_session(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        telegram.revoke(bot)
        assert isinstance(await life.ending(), BadCredentials)


async def test_a_second_poller_is_named_and_met_with_growing_patience(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam
) -> None:
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
        telegram.fault(Fault(method=OUR_POLL, code=409, times=14))
        for number in range(1, 15):
            await seam.clock.sleeping()
            assert seam.state == "telegram_second_poller"
            pause = min(5.0 * number, 60.0)
            seen = len(telegram.calls(bot, OUR_POLL))
            await seam.clock.advance(seconds=pause - 0.01)
            assert len(telegram.calls(bot, OUR_POLL)) == seen
            await seam.clock.advance(seconds=0.01)
        await seam.until_connected()


async def test_flood_control_is_obeyed_to_the_second(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam
) -> None:
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
        telegram.fault(too_many_requests(30, method=OUR_POLL))
        await seam.clock.sleeping()
        seen = len(telegram.calls(bot, OUR_POLL))
        await seam.clock.advance(seconds=29.9)
        assert len(telegram.calls(bot, OUR_POLL)) == seen
        await seam.clock.advance(seconds=3.2)
        await seam.until_connected()


async def test_a_webhook_of_an_earlier_program_is_removed_without_losing_what_waits(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, ann: User, seam: Seam
) -> None:
    async with telegram.http.post(
        f"{telegram.base_url}/bot{bot.token}/setWebhook", json={"url": "http://127.0.0.1:9/gone"}
    ) as answer:
        assert answer.status == 200
    telegram.people.sends_text(ann, bot, "waiting")
    async with living(provider, seam.context(credentials)):
        await seam.until(lambda: seam.bodies == ["waiting"])
    assert bot.webhook is None
    assert any("webhook" in note for note in seam.notes)


async def test_pending_updates_are_dropped_only_when_asked(
    provider: TelegramProvider, telegram: TelegramSimulator, bot: Bot, ann: User, seam: Seam
) -> None:
    telegram.people.sends_text(ann, bot, "old")
    credentials = provider.check({"token": bot.token, "dropPendingUpdates": True})
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
        telegram.people.sends_text(ann, bot, "new")
        await seam.until(lambda: seam.bodies)
    assert seam.bodies == ["new"]


async def test_every_kind_we_can_tell_is_asked_for_by_name(
    provider: TelegramProvider, telegram: TelegramSimulator, credentials: Credentials, bot: Bot, seam: Seam
) -> None:
    async with living(provider, seam.context(credentials)):
        await seam.until_connected()
    assert bot.updates.allowed is not None
    assert {"message", "chat_member", "message_reaction", "message_reaction_count"} <= set(bot.updates.allowed)


@pytest.mark.parametrize(
    ("fault", "kind", "code", "words"),
    [
        (Fault(code=400, description="Bad Request: chat not found"), InvalidInput, "telegram_bad_request", "chat not"),
        (Fault(code=401), NetworkRefused, "telegram_unauthorized", "token"),
        (Fault(code=403), NetworkRefused, "blocked", "blocked by the user"),
        (
            Fault(code=403, description="Forbidden: bot was kicked from the group chat"),
            NetworkRefused,
            "telegram_forbidden",
            "kicked",
        ),
        (Fault(code=404, description="Not Found: method not found"), NetworkRefused, "telegram_not_found", "method"),
        (Fault(code=409), NetworkRefused, "telegram_conflict", "terminated"),
        (Fault(code=413, body="<html>"), TooLarge, "telegram_file_too_big", "size"),
        (too_many_requests(9), TooManyRequests, "telegram_flood_control", "9 seconds"),
        (Fault(code=500), NetworkUnreachable, "telegram_server_error", "repeated"),
        (bad_gateway_page(), NetworkUnreachable, "telegram_server_error", "502"),
        (Fault(code=200, body="<html>"), NetworkUnreachable, "telegram_unreadable", "not known whether"),
        (Fault(drop="before"), NetworkUnreachable, "telegram_unreachable", "not known whether"),
        (
            Fault(
                code=400, description="Bad Request: group chat was upgraded", parameters={"migrate_to_chat_id": -1001}
            ),
            NetworkRefused,
            "telegram_migrated",
            "-1001",
        ),
        (Fault(code=418, description="I'm a teapot"), NetworkRefused, "network_refused", "teapot"),
    ],
)
async def test_a_refused_send_says_why(
    provider: TelegramProvider,
    telegram: TelegramSimulator,
    credentials: Credentials,
    bot: Bot,
    ann: User,
    seam: Seam,
    fault: Fault,
    kind: type[GatewayError],
    code: str,
    words: str,
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        await seam.until(lambda: bot.updates.polling)
        telegram.fault(fault)
        with pytest.raises(kind) as refused:
            await life.session.send(OutgoingMessage(to=Address(str(ann.id)), content=Text(text="x")))
        assert (type(refused.value), refused.value.code) == (kind, code)
        assert words in refused.value.sentence
        assert refused.value.__context__ is None
        assert bot.token not in repr(refused.value)


async def test_a_session_that_has_not_started_cannot_send(
    provider: TelegramProvider, credentials: Credentials, seam: Seam
) -> None:
    session = provider.open(seam.context(credentials))
    with pytest.raises(NotConnected):
        await session.send(OutgoingMessage(to=Address("1"), content=Text(text="x")))


async def test_an_address_that_answers_as_no_telegram_does_is_not_taken_for_a_bad_token(
    telegram: TelegramSimulator, credentials: Credentials, seam: Seam
) -> None:
    telegram.fault(Fault(method="getMe", code=404, body="<html>nothing here</html>"))
    elsewhere = TelegramProvider(Settings(telegram_api_base=telegram.base_url), poll_seconds=1)
    async with living(elsewhere, seam.context(credentials)) as life:
        await seam.until(lambda: seam.state == "connected", passing=60)
        assert not life.task.done()
    assert seam.codes == ["telegram_unreadable", "connected"]
    await elsewhere.aclose()
