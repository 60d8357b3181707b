"""`ApiClient` against a running gateway on each database."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.client import (
    ApiClient,
    Blocking,
    Conflict,
    InvalidRequest,
    NotConnected,
    NotFound,
    Unauthenticated,
    genuine,
)
from tests.conftest import Until
from tests.process import ADMIN_EMAIL, ADMIN_KEY, ADMIN_PASSWORD
from tests.served import SHARED, Served
from tests.simulators.telegram import Bot, User

pytestmark = SHARED
NOBODY = "00000000-0000-4000-8000-000000000000"


async def connected(api: ApiClient, served: Served, until: Until, **more: Any) -> tuple[str, Bot, User]:
    bot, ann = served.telegram.add_bot(name="Helper"), served.telegram.add_person("Ann")
    served.telegram.people.opens(ann, bot)
    made = await api.create("Helper", provider="telegram", token=bot.token, **more)

    async def ready() -> bool:
        return (await api.status(made.id)).ready

    await until(ready)
    return made.id, bot, ann


async def test_logging_in_gives_a_client_with_the_users_token(served: Served, http: httpx.AsyncClient) -> None:
    async with await ApiClient.logged_in(served.gateway.base_url, ADMIN_EMAIL, ADMIN_PASSWORD, http=http) as api:
        assert (await api.me()).email == ADMIN_EMAIL
        again = await api.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        assert again.user.api_key == ADMIN_KEY
        assert ADMIN_KEY not in repr(again)
    with pytest.raises(Unauthenticated):
        await ApiClient.logged_in(served.gateway.base_url, ADMIN_EMAIL, "not the password", http=http)


async def test_an_instance_is_made_shown_stopped_connected_changed_and_deleted(
    api: ApiClient, served: Served, until: Until
) -> None:
    instance_id, _, _ = await connected(api, served, until, description="for support")
    shown = await api.show(instance_id)
    assert (shown.name, shown.provider, shown.status, shown.description) == (
        "Helper", "telegram", "connected", "for support",
    )  # fmt: skip
    assert [each.id for each in await api.instances()] == [instance_id]
    assert datetime.now(UTC) - shown.created_at < timedelta(hours=1)
    assert (await api.change(instance_id, name="Front desk")).name == "Front desk"
    await api.disconnect(instance_id)
    assert not (await api.status(instance_id)).ready
    with pytest.raises(NotConnected):
        await api.send(instance_id, 1, "anybody there?")
    await api.connect(instance_id)

    async def ready() -> bool:
        return (await api.status(instance_id)).ready

    await until(ready)
    with pytest.raises(NotFound):
        await api.qr(instance_id)
    await api.logout(instance_id)
    await api.delete(instance_id)
    with pytest.raises(NotFound) as raised:
        await api.show(instance_id)
    assert raised.value.status == 404
    assert await api.instances() == []


async def test_messages_go_out_once_for_a_key_and_are_read_back(api: ApiClient, served: Served, until: Until) -> None:
    instance_id, bot, ann = await connected(api, served, until)
    sent = await api.send(instance_id, ann.id, "Привет <b>!</b>", idempotency_key="order-7")
    assert await api.send(instance_id, ann.id, "Привет <b>!</b>", idempotency_key="order-7") == sent
    with pytest.raises(Conflict) as clash:
        await api.send(instance_id, ann.id, "something else", idempotency_key="order-7")
    assert clash.value.code == "idempotency_mismatch"
    assert served.telegram.texts(bot, ann) == ["Привет <b>!</b>"]

    picture = served.receiver.url("/picture.png")
    served.receiver.answer("/picture.png", body=b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"Content-Type": "image/png"})
    await api.send_media(instance_id, ann.id, picture, caption="from a URL")
    await api.send_file(instance_id, ann.id, b"a,b\n1,2\n", filename="Отчёт.csv", caption="of ours")
    page = await api.messages(instance_id, ann.id, limit=2)
    assert [each.content for each in page.messages] == ["of ours", "from a URL"]
    assert (page.messages[0].file_name, page.messages[0].from_me, page.pagination.total) == ("Отчёт.csv", True, 3)
    assert page.pagination.has_more
    assert (await api.media(instance_id, ann.id, page.messages[0].message_id)) == b"a,b\n1,2\n"
    before = await api.messages(instance_id, ann.id, until=datetime.now(UTC) - timedelta(days=1))
    assert before.messages == []

    served.telegram.people.sends_text(ann, bot, "Hello")

    async def arrived() -> bool:
        return (await api.messages(instance_id, ann.id)).messages[0].content == "Hello"

    await until(arrived)
    assert [each.id for each in (await api.chats(instance_id)).chats] == [str(ann.id)]
    (contact,) = (await api.contacts(instance_id, search="ann")).contacts
    assert contact.remote_jid == str(ann.id)
    assert (await api.contacts(instance_id, search="nobody at all")).contacts == []


async def test_events_are_paged_by_cursor_and_followed_without_a_gap(
    api: ApiClient, served: Served, until: Until
) -> None:
    instance_id, bot, ann = await connected(api, served, until)
    told = ["message_received"]
    cursor = (await api.events(instance_id, types=told)).next_cursor
    heard: list[str] = []

    async def listen() -> None:
        async with aclosing(api.follow(instance_id, after=cursor, types=told)) as events:
            async for event in events:
                heard.append(event.data["body"])
                if len(heard) == 5:
                    return

    served.telegram.people.sends_text(ann, bot, "0")
    listening = asyncio.create_task(listen())
    for number in range(1, 5):
        served.telegram.people.sends_text(ann, bot, str(number))
    await asyncio.wait_for(listening, 30)
    assert heard == ["0", "1", "2", "3", "4"]
    page = await api.events(instance_id, after=cursor, types=told, limit=3)
    assert [each.data["body"] for each in page.events] == ["0", "1", "2"]
    assert page.has_more
    rest = await api.events(instance_id, after=page.next_cursor, types=told)
    assert [each.data["body"] for each in rest.events] == ["3", "4"]
    assert rest.events[0].cursor is not None


async def test_refusals_name_their_culprit(api: ApiClient, served: Served, http: httpx.AsyncClient) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await api.create("x", provider="carrier-pigeon")
    assert (raised.value.status, raised.value.field) == (400, "provider")
    with pytest.raises(NotFound):
        await api.status(NOBODY)
    stranger = ApiClient(served.gateway.base_url, api_key="gw_nobody", http=http)
    with pytest.raises(Unauthenticated) as shut:
        await stranger.instances()
    assert shut.value.status == 401


async def test_real_webhooks_are_genuine_and_others_are_not(api: ApiClient, served: Served, until: Until) -> None:
    path = served.new_path()
    url = served.receiver.url(path)
    await connected(api, served, until, webhook_url=url, webhook_secret="of ours and yours")
    await until(lambda: served.receiver.received(path))
    came = served.receiver.received(path)[0]
    assert genuine("of ours and yours", came.headers, came.body)
    assert not genuine("another one", came.headers, came.body)
    assert not genuine("of ours and yours", came.headers, came.body + b" ")


async def test_programs_without_asyncio_call_it_too(served: Served) -> None:
    def program() -> str:
        http = httpx.AsyncClient(trust_env=False)
        with Blocking(ApiClient(served.gateway.base_url, api_key=ADMIN_KEY, http=http)) as call:
            email = call(call.client.me()).email
            with pytest.raises(NotFound):
                call(call.client.show(NOBODY))
            call(http.aclose())
            return email

    assert await asyncio.to_thread(program) == ADMIN_EMAIL
