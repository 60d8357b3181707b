"""What an API call asks is said once, recorded, and refused with a reason when it cannot be said."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.domain.errors import (
    Conflict,
    InvalidInput,
    NetworkRefused,
    NetworkUnreachable,
    NotConnected,
    NotFound,
    NotYours,
    StorageUnavailable,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from gateway.domain.ids import Address, InstanceId, TenantId, UserId
from gateway.domain.instances import ProviderName, SessionStateKind
from gateway.domain.messages import MediaKind, OutgoingMessage, Text, TextFormat
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.services.instances import NewInstance
from gateway.storage.tables import Messages
from tests.conftest import Until
from tests.process import ADMIN_KEY
from tests.running import RunningGateway, running_gateway
from tests.simulators.receiver import Behaviour, Receiver
from tests.simulators.telegram import Fault, TelegramSimulator, User, too_many_requests
from tests.simulators.telegram.samples import PNG

TOKEN = "123456:" + "A" * 35
STRANGER = Principal(
    tenant_id=TenantId("elsewhere"),
    user_id=UserId("stranger"),
    role=Role.OWNER,
    credential=CredentialKind.API_KEY,
    credential_id="k",
)


@dataclass
class Shop:
    """A connected bot and somebody who has opened it."""

    gateway: RunningGateway
    telegram: TelegramSimulator
    who: Principal
    id: InstanceId
    person: User

    @property
    def ann(self) -> Address:
        """How the gateway names her chat."""
        return Address(str(self.person.id))

    async def send(self, text: str, to: Address | None = None) -> str:
        message = OutgoingMessage(to=to or self.ann, content=Text(text=text))
        return (await self.gateway.gateway.services.messaging.send(self.who, self.id, message)).id

    @property
    def said(self) -> list[str]:
        """What Ann has been told."""
        (bot,) = self.telegram.world.bots.values()
        return self.telegram.texts(bot, self.person)


async def open_shop(gateway: RunningGateway, telegram: TelegramSimulator, until: Until) -> Shop:
    services = gateway.gateway.services
    who = await services.auth.authenticate(bearer=None, api_key=ADMIN_KEY, ip="127.0.0.1")
    new = NewInstance(name="shop", provider=ProviderName.TELEGRAM, config={"token": TOKEN})
    made = await services.instances.create(who, new)
    ann = telegram.add_person("Ann")

    async def connected() -> bool:
        return (await services.instances.get(who, made.instance.id)).state.kind is SessionStateKind.CONNECTED

    await until(connected)
    (bot,) = telegram.world.bots.values()
    telegram.people.opens(ann, bot)
    return Shop(gateway, telegram, who, made.instance.id, ann)


@pytest.fixture
async def shop(gateway: RunningGateway, telegram: TelegramSimulator, until: Until) -> Shop:
    return await open_shop(gateway, telegram, until)


async def test_what_is_sent_is_said_and_recorded(shop: Shop) -> None:
    network_id = await shop.send("hello")
    assert shop.said == ["hello"]
    services = shop.gateway.gateway.services
    messages, total = await services.contacts.messages(
        shop.who, shop.id, shop.ann, since=None, until=None, limit=10, skip=0
    )
    sent = [message for message in messages if message.message.from_me]
    assert [(each.message.network_id, each.message.body) for each in sent] == [(network_id, "hello")]
    assert total >= 1


async def test_a_stranger_says_nothing(shop: Shop) -> None:
    messaging = shop.gateway.gateway.services.messaging
    message = OutgoingMessage(to=shop.ann, content=Text(text="boo"))
    with pytest.raises(NotYours):
        await messaging.send(STRANGER, shop.id, message)
    with pytest.raises(NotFound):
        await messaging.send(shop.who, InstanceId("nowhere"), message)
    assert shop.said == []


async def test_a_stopped_instance_says_so_and_sends_nothing(shop: Shop) -> None:
    await shop.gateway.gateway.services.lifecycle.stop(shop.who, shop.id)
    with pytest.raises(NotConnected, match="not ready"):
        await shop.send("hello")
    assert shop.said == []


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        (Fault(method="sendMessage", code=403, description="Forbidden: bot was blocked by the user"), NetworkRefused),
        (Fault(method="sendMessage", code=400, description="Bad Request: chat not found"), InvalidInput),
        (too_many_requests(7, method="sendMessage"), TooManyRequests),
        (Fault(method="sendMessage", code=502, body="<html>"), NetworkUnreachable),
        (Fault(method="sendMessage", drop="before"), NetworkUnreachable),
    ],
)
async def test_what_the_network_refuses_is_not_recorded(shop: Shop, fault: Fault, refusal: type[Exception]) -> None:
    shop.telegram.fault(fault)
    with pytest.raises(refusal):
        await shop.send("hello")
    assert await Messages.count().where(Messages.from_me.eq(True)) == 0
    await shop.send("again")
    assert shop.said == ["again"]


async def test_edits_deletions_and_reactions_reach_the_network_and_the_record(shop: Shop) -> None:
    messaging = shop.gateway.gateway.services.messaging
    first, second = await shop.send("helo"), await shop.send("oops")
    await messaging.edit(shop.who, shop.id, shop.ann, first, "hello", TextFormat.PLAIN)
    await messaging.react(shop.who, shop.id, shop.ann, first, "👍")
    await messaging.delete(shop.who, shop.id, shop.ann, second)
    assert shop.said == ["hello"]
    rows = {row["network_id"]: row for row in await Messages.select().where(Messages.from_me.eq(True))}
    assert rows[first]["text"] == "hello"
    assert rows[first]["edited_at"] is not None
    assert rows[second]["deleted_at"] is not None


async def test_sending_faster_than_the_pace_is_refused_with_when_to_come_back(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, until: Until
) -> None:
    async with running_gateway(
        tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, SEND_RATE_LIMIT="2"
    ) as gateway:
        shop = await open_shop(gateway, telegram, until)
        answers = await asyncio.gather(*(shop.send(str(number)) for number in range(6)), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, TooManyRequests)]
        assert len(shop.said) == 6 - len(refused)
        assert len(refused) >= 3
        assert all(0 < each.retry_after <= 1 for each in refused)


async def test_the_same_key_sends_once_and_answers_alike(shop: Shop) -> None:
    once = shop.gateway.gateway.services.idempotency.once

    async def ask(text: str = "hello") -> str:
        return await once(shop.who, f"send:{shop.id}", "key-1", text.encode(), lambda: shop.send(text))

    first, second = await asyncio.gather(ask(), ask())
    third = await ask()
    assert first == second == third
    assert shop.said == ["hello"]
    with pytest.raises(Conflict) as mismatch:
        await ask("something else")
    assert mismatch.value.code == "idempotency_mismatch"
    assert shop.said == ["hello"]


async def test_a_key_belongs_to_its_tenant_and_its_instance(shop: Shop) -> None:
    once = shop.gateway.gateway.services.idempotency.once
    await once(shop.who, "send:a", "key", b"x", lambda: shop.send("one"))
    await once(shop.who, "send:b", "key", b"x", lambda: shop.send("two"))
    await once(STRANGER, "send:a", "key", b"x", lambda: shop.send("three"))
    assert shop.said == ["one", "two", "three"]


async def test_a_refused_request_gives_its_key_back(shop: Shop) -> None:
    once = shop.gateway.gateway.services.idempotency.once
    shop.telegram.fault(Fault(method="sendMessage", code=400, description="Bad Request: chat not found"))
    with pytest.raises(InvalidInput):
        await once(shop.who, "s", "key", b"x", lambda: shop.send("hello"))
    await once(shop.who, "s", "key", b"x", lambda: shop.send("hello"))
    assert shop.said == ["hello"]


async def test_an_interrupted_request_is_never_repeated_by_its_key(shop: Shop) -> None:
    once = shop.gateway.gateway.services.idempotency.once
    # The network did it and the answer was lost: nobody knows, so nobody may say it twice.
    shop.telegram.fault(Fault(method="sendMessage", drop="after"))
    with pytest.raises(NetworkUnreachable):
        await once(shop.who, "s", "key", b"x", lambda: shop.send("hello"))
    with pytest.raises(Conflict) as unknown:
        await once(shop.who, "s", "key", b"x", lambda: shop.send("hello"))
    assert unknown.value.code == "idempotency_unknown"
    assert shop.said == ["hello"]


async def test_a_request_that_never_left_gives_its_key_back(shop: Shop) -> None:
    once = shop.gateway.gateway.services.idempotency.once
    await shop.gateway.gateway.services.lifecycle.stop(shop.who, shop.id)
    with pytest.raises(NotConnected):
        await once(shop.who, "s", "key", b"x", lambda: shop.send("hello"))

    async def other() -> str:
        return "it was free again"

    assert await once(shop.who, "s", "key", b"y", other) == "it was free again"


@pytest.mark.parametrize("key", ["", "k" * 256, "line\nbreak"])
async def test_an_odd_key_is_refused(shop: Shop, key: str) -> None:
    with pytest.raises(InvalidInput):
        await shop.gateway.gateway.services.idempotency.once(shop.who, "s", key, b"x", lambda: shop.send("hello"))
    assert shop.said == []


async def test_media_by_url_is_fetched_seen_and_sent(shop: Shop, receiver: Receiver) -> None:
    receiver.behave("/cat", Behaviour(body=PNG, headers={"content-type": "text/plain"}))
    media = await shop.gateway.gateway.services.media.from_url(receiver.url("/cat"), caption="a cat")
    assert (media.media, media.mime_type) == (MediaKind.IMAGE, "image/png")
    messaging = shop.gateway.gateway.services.messaging
    sent = await messaging.send(shop.who, shop.id, OutgoingMessage(to=shop.ann, content=media))
    fetched, content = await messaging.media(shop.who, shop.id, shop.ann, sent.id)
    assert fetched.data == PNG
    assert content.media is MediaKind.IMAGE


async def test_media_from_a_private_address_is_refused(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver
) -> None:
    async with running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, EGRESS_ALLOW="") as gateway:
        with pytest.raises(InvalidInput) as refused:
            await gateway.gateway.services.media.from_url(receiver.url("/cat"))
    assert refused.value.code == "url_refused"
    assert receiver.received("/cat") == []


async def test_media_over_the_cap_is_refused(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, receiver: Receiver
) -> None:
    receiver.behave("/big", Behaviour(body=b"x" * (2 * 1024 * 1024)))
    async with running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, MEDIA_MAX_MB="1") as gateway:
        with pytest.raises(TooLarge):
            await gateway.gateway.services.media.from_url(receiver.url("/big"))


async def test_what_left_but_could_not_be_recorded_is_told_as_such(shop: Shop) -> None:
    await shop.gateway.gateway.services.messaging._storage.close()
    with pytest.raises((StorageUnavailable, Unavailable)):
        await shop.send("hello")
