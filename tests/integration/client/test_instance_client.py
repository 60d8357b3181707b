"""`InstanceClient` and `MultiProviderClient` against a running gateway on each database."""

from __future__ import annotations

import httpx
import pytest

from gateway.client import InstanceClient, ManagerClient, NotFound, Unauthenticated
from tests.conftest import Until
from tests.served import SHARED, Served
from tests.simulators.telegram import Bot, User

pytestmark = SHARED


async def connected(manager: ManagerClient, served: Served, until: Until) -> tuple[str, InstanceClient, Bot, User]:
    bot, ann = served.telegram.add_bot(name="Helper"), served.telegram.add_person("Ann")
    served.telegram.people.opens(ann, bot)
    made = await manager.create("acme", "telegram", token=bot.token)

    async def ready() -> bool:
        return (await manager.auth_status(made.instance_id)).is_ready_for_messages

    await until(ready)
    assert made.api_key is not None
    return made.instance_id, manager.instance(made.api_key), bot, ann


async def test_a_bot_says_things_by_its_key(manager: ManagerClient, served: Served, until: Until) -> None:
    _, line, bot, ann = await connected(manager, served, until)
    assert (await line.telegram_send(ann.id, "plain")).message_id
    assert (await line.telegram_send_message(ann.id, "*bold*", parse_mode="Markdown")).message_id
    assert served.telegram.texts(bot, ann) == ["plain", "bold"]
    served.receiver.answer("/picture.png", body=b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"Content-Type": "image/png"})
    assert (await line.telegram_send_media(ann.id, served.receiver.url("/picture.png"), caption="look")).message_id
    assert (await line.send(str(ann.id), "by the common route")).message_id
    assert (await line.status()).status == "connected"


async def test_many_are_told_at_once_or_in_the_background(manager: ManagerClient, served: Served, until: Until) -> None:
    _, line, bot, ann = await connected(manager, served, until)
    report = await line.send_bulk(
        [{"to": str(ann.id), "name": "Ann"}, "@nobody_at_all"], "Hello {name}", delayBetweenMessages=0, retryAttempts=0
    )
    assert (report.total_recipients, report.success_count, report.failure_count, report.success) == (2, 1, 1, False)
    assert [each.success for each in report.results] == [True, False]
    assert report.results[1].error
    assert served.telegram.texts(bot, ann) == ["Hello Ann"]
    started = await line.start_bulk([str(ann.id)], "later", idempotency_key="later")
    assert (await line.start_bulk([str(ann.id)], "later", idempotency_key="later")).bulk_id == started.bulk_id

    async def over() -> bool:
        return (await line.bulk(started.bulk_id)).status == "completed"

    await until(over)
    assert served.telegram.texts(bot, ann) == ["Hello Ann", "later"]
    slow = await line.start_bulk([str(ann.id)] * 2, "never twice", delayBetweenMessages=3_600_000)
    await line.cancel_bulk(slow.bulk_id)

    async def cancelled() -> bool:
        return (await line.bulk(slow.bulk_id)).status == "cancelled"

    await until(cancelled)


async def test_the_same_instances_are_there_by_network_and_id(
    manager: ManagerClient, served: Served, until: Until
) -> None:
    instance_id, _, bot, ann = await connected(manager, served, until)
    by_network = manager.multi_provider
    assert [each.instance_id for each in await by_network.list(provider="telegram")] == [instance_id]
    active = await by_network.active()
    assert (active.providers, active.active_providers) == (["telegram"], [instance_id])
    assert (await by_network.status("telegram", instance_id)).state == "READY"
    assert (await by_network.send("telegram", instance_id, ann.id, "by network")).message_id
    assert served.telegram.texts(bot, ann) == ["by network"]
    made = await by_network.create("telegram", {"botToken": served.telegram.add_bot().token})
    assert made.provider == "telegram"
    for each in (instance_id, made.instance_id):
        assert (await by_network.delete("telegram", each)).status == "deleted"
    with pytest.raises(NotFound):
        await manager.get(instance_id)


async def test_a_key_that_is_none_opens_no_instance(served: Served, http: httpx.AsyncClient) -> None:
    line = InstanceClient(served.gateway.base_url, token="zzz", http=http)
    with pytest.raises(Unauthenticated):
        await line.send("79001234567", "Hello")
