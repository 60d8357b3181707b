"""What an event's body depends on beside the event: who tells it, what was asked for, how large it gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.domain.events import SessionConnected, SessionLoginRequired
from gateway.domain.instances import SessionState, SessionStateKind
from gateway.domain.messages import Text
from gateway.domain.webhooks import EventFilter, WebhookFormat
from gateway.storage.tables import Deliveries, Messages
from gateway.webhooks.formats import MAX_PAYLOAD_BYTES
from tests.integration.house import NOON, SHOP, House, open_house, received


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        opened.inbox.open()
        yield opened
        await opened.inbox.aclose()


async def bodies(endpoint: str) -> list[dict[str, Any]]:
    rows = await Deliveries.select(Deliveries.payload).where(Deliveries.endpoint_id == endpoint).order_by(Deliveries.id)
    return [json.loads(row["payload"]) for row in rows]


async def test_a_message_is_told_to_the_account_as_soon_as_it_is_known(house: House) -> None:
    await house.endpoint("b", form=WebhookFormat.API_V1)
    await house.inbox.accept(received("1"))
    await house.storage.instances.set_account(SHOP, "@shop_bot")
    await house.inbox.accept(received("2"))
    assert [(each["provider"], each["to"]) for each in await bodies("b")] == [
        ("telegram", None),
        ("telegram", "@shop_bot"),
    ]


async def test_two_who_chose_different_names_of_an_event_each_hear_their_own(house: House) -> None:
    chosen = {
        "both": ("ready", "status_changed"),
        "narrow": ("ready",),
        "wide": ("status_changed",),
        "ours": ("session.connected",),
        "none": ("message",),
    }
    for name, types in chosen.items():
        await house.endpoint(name, form=WebhookFormat.API_V1, wanted=EventFilter(types=types))
    state = SessionState(kind=SessionStateKind.CONNECTED, code="connected", sentence="Connected.", at=NOON)
    await house.inbox.accept(SessionConnected(instance_id=SHOP, at=NOON, state=state))
    told = {name: [each["event"] for each in await bodies(name)] for name in chosen}
    assert told == {
        "both": ["ready"],
        "narrow": ["ready"],
        "wide": ["status_changed"],
        "ours": ["ready"],
        "none": [],
    }


async def test_a_qr_code_is_told_as_such(house: House) -> None:
    await house.endpoint("b", form=WebhookFormat.API_V1, wanted=EventFilter(types=("qr",)))
    state = SessionState(kind=SessionStateKind.LOGIN_REQUIRED, code="login_required", sentence="Scan it.", at=NOON)
    await house.inbox.accept(SessionLoginRequired(instance_id=SHOP, at=NOON, state=state, qr_code="1@code"))
    (told,) = await bodies("b")
    assert (told["event"], told["qr_code"], told["status"]) == ("qr", "1@code", "qr_ready")


async def test_a_body_that_would_be_too_large_is_not_sent_and_its_message_is_kept(house: House) -> None:
    await house.endpoint("b", form=WebhookFormat.API_V1)
    await house.endpoint("old", form=WebhookFormat.LEGACY)
    words = "я" * (MAX_PAYLOAD_BYTES // 2 // 2 + 1)  # two bytes a letter, and this body says them twice
    accepted = await house.inbox.accept(received("1", content=Text(text=words)))
    assert accepted is not None
    assert await bodies("b") == []
    assert [each["message"] for each in await bodies("old")] == [words]
    assert await Messages.count() == 1
    # Just under the limit it goes out whole.
    await house.inbox.accept(received("2", content=Text(text=words[:-1000])))
    (told,) = await bodies("b")
    assert told["body"] == told["message"]["body"] == words[:-1000]
