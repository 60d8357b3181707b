"""Polling that is stopped and started while the bot lives, and groups it is asked about."""

from __future__ import annotations

import pytest
from msgspec import structs

from gateway.domain.errors import Conflict, NotFound, TooManyRequests
from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, InstanceOptions
from gateway.domain.messages import OutgoingMessage, Text, TextFormat
from gateway.providers.contract import ManagesGroups, PausesReceiving, RemembersItself, ShowsGroups
from gateway.providers.telegram import TelegramProvider
from gateway.providers.telegram.session import TelegramSession
from tests.seam import Seam, living
from tests.simulators.telegram import Bot, TelegramSimulator, User, too_many_requests


async def test_what_arrives_while_polling_is_stopped_waits_at_telegram(
    provider: TelegramProvider,
    credentials: Credentials,
    seam: Seam,
    telegram: TelegramSimulator,
    bot: Bot,
    ann: User,
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        session = life.session
        assert isinstance(session, PausesReceiving)
        assert session.receives()
        telegram.people.sends_text(ann, bot, "before")
        await seam.until(lambda: seam.bodies == ["before"])

        await session.set_receiving(False)
        assert not session.receives()
        polls = len(telegram.calls(bot, "getUpdates"))
        telegram.people.sends_text(ann, bot, "meanwhile")
        # It speaks all the same, and is still seen to be let in.
        await session.send(OutgoingMessage(to=Address(str(ann.id)), content=Text(text="I am here")))
        looks = len(telegram.calls(bot, "getMe"))
        await seam.until(lambda: len(telegram.calls(bot, "getMe")) > looks, passing=200)
        assert telegram.texts(bot, ann) == ["I am here"]
        assert len(telegram.calls(bot, "getUpdates")) == polls
        assert (seam.bodies, seam.state) == (["before"], "connected")

        await session.set_receiving(True)
        await seam.until(lambda: seam.bodies == ["before", "meanwhile"])


async def test_a_bot_whose_polling_was_stopped_starts_without(
    provider: TelegramProvider,
    credentials: Credentials,
    seam: Seam,
    telegram: TelegramSimulator,
    bot: Bot,
    ann: User,
) -> None:
    seam.instance = structs.replace(seam.instance, options=InstanceOptions(receives=False))
    telegram.people.sends_text(ann, bot, "hello")
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        assert telegram.calls(bot, "getUpdates") == []
        session = life.session
        assert isinstance(session, TelegramSession)
        await session.set_receiving(True)
        await seam.until(lambda: seam.bodies == ["hello"])


async def test_a_bot_in_webhook_mode_has_no_polling_to_switch(provider: TelegramProvider, bot: Bot, seam: Seam) -> None:
    credentials = provider.check({"token": bot.token, "mode": "webhook"})
    session = provider.open(seam.context(credentials, hook_url="https://example.com/hook"))
    assert not session.receives()
    for on in (True, False):
        with pytest.raises(Conflict):
            await session.set_receiving(on)


async def test_a_group_is_shown_with_its_size(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, telegram: TelegramSimulator, bot: Bot, ann: User
) -> None:
    family = telegram.rooms.create("supergroup", "Family", members=[ann, bot])
    closed = telegram.rooms.create("supergroup", "Closed", members=[ann])
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        session: object = life.session
        assert not isinstance(session, ManagesGroups)
        assert isinstance(session, ShowsGroups)
        shown = await session.group(Address(str(family.id)))
        assert (shown.subject, shown.size, shown.network_kind, shown.members) == ("Family", 2, "supergroup", ())
        for nothing in (str(ann.id), str(closed.id), "-424242", "@nobody_at_all"):
            with pytest.raises(NotFound):
                await session.group(Address(nothing))
        # Trouble is not taken for absence.
        telegram.fault(too_many_requests(3, method="getChat"))
        with pytest.raises(TooManyRequests):
            await session.group(Address(str(family.id)))


async def test_it_remembers_what_telegram_said_of_it(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, bot: Bot
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        session = life.session
        assert isinstance(session, RemembersItself)
        await seam.until_connected()
        known = session.known_profile()
        assert known is not None
        assert (known.details["id"], known.details["first_name"]) == (bot.user.id, bot.user.first_name)
        assert known.details["can_join_groups"] is True


async def test_the_older_markdown_needs_no_escapes(
    provider: TelegramProvider, credentials: Credentials, seam: Seam, telegram: TelegramSimulator, bot: Bot, ann: User
) -> None:
    async with living(provider, seam.context(credentials)) as life:
        await seam.until_connected()
        text = Text(text="*1.5* (new)!")
        to = Address(str(ann.id))
        await life.session.send(OutgoingMessage(to=to, content=text, format=TextFormat.OLD_MARKDOWN))
    (call,) = telegram.calls(bot, "sendMessage")
    assert call.params["parse_mode"] == "Markdown"
    assert telegram.texts(bot, ann) == ["1.5 (new)!"]
