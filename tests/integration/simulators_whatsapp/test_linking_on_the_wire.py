"""A real neonize becomes a linked device, and stops being one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.simulators_whatsapp.linked_client import LinkedClient, jid, linked_client
from tests.integration.simulators_whatsapp.network import ALICE, OWN, PEOPLE, Linked, Network
from tests.integration.simulators_whatsapp.waiting import eventually
from tests.simulators.whatsapp.remote import OrderFailed


async def test_eight_characters_link_as_well_as_a_qr_code(network: Network, client: LinkedClient) -> None:
    await client.qr()
    code = await client.call("PairPhone", OWN, True)
    await network.features.enter_code(OWN, code)
    await client.event("Connected")
    await network.until_answers(client, "get_me", containing=PEOPLE[OWN])
    await client.call("send_message", jid(ALICE), "hello")
    assert [seen.text for seen in await network.features.seen(ALICE)] == ["hello"]


async def test_a_wrong_code_links_nothing(network: Network, client: LinkedClient) -> None:
    await client.qr()
    await client.call("PairPhone", OWN, True)
    await network.features.enter_code(OWN, "AAAA-AAAA")
    await eventually(network.features.stats, lambda stats: stats.get("pairing code wrong") == 1)
    assert await network.features.devices(OWN) == []


async def test_a_qr_code_links_only_who_was_seen_by_the_phone(network: Network, client: LinkedClient) -> None:
    shown = await client.qr()
    with pytest.raises(OrderFailed, match="NoSuchCode"):
        await network.features.scan("https://wa.me/settings/linked_devices#2@other,a,b,c,d", OWN)
    await network.features.scan(shown, OWN, forged=True)
    await eventually(network.features.stats, lambda stats: stats.get("pairing refused by the device") == 1)
    assert await network.features.devices(OWN) == []


async def test_a_link_outlives_the_process_and_what_was_missed_arrives(network: Network, tmp_path: Path) -> None:
    whatsapp = network.features
    async with linked_client(tmp_path, whatsapp.proxy_url, whatsapp.environment()) as first:
        await network.link(first)
    missed = [await whatsapp.write_text(ALICE, OWN, f"missed {number}") for number in range(3)]
    async with linked_client(tmp_path, whatsapp.proxy_url, whatsapp.environment()) as second:
        await second.event("Message", lambda event: event["Message"].get("conversation") == "missed 2")
        await eventually(lambda: network.features.delivered(OWN), lambda ids: set(missed) <= set(ids))
        assert second.qr_codes == []


async def test_either_side_ends_the_link_for_good(network: Network, tmp_path: Path) -> None:
    whatsapp = network.features
    async with linked_client(tmp_path, whatsapp.proxy_url, whatsapp.environment()) as client:
        await network.link(client)
        assert await whatsapp.logout_device(OWN) == 1
        await client.event("LoggedOut")
        assert await whatsapp.devices(OWN) == []
    other = tmp_path / "other"
    other.mkdir()
    async with linked_client(other, whatsapp.proxy_url, whatsapp.environment()) as client:
        await network.link(client)
        await client.call("logout")
        assert await whatsapp.devices(OWN) == []


async def test_every_reason_to_refuse_a_login_is_told(linked: Linked) -> None:
    client, network = linked
    await network.features.ban(OWN, code=102, seconds=7200)
    await network.features.drop(OWN)
    ban = await client.event("TemporaryBan")
    assert (ban["Code"], ban["Expire"]) == ("BLOCKED_BY_USERS", "7200")
    assert (await network.features.stats())["login refused 402"] == 1


@pytest.mark.parametrize(("code", "event"), [(405, "ClientOutdated"), (401, "LoggedOut")])
async def test_a_refused_login_names_its_reason(linked: Linked, code: int, event: str) -> None:
    client, network = linked
    await network.features.fault("refuse_login", code=code)
    await network.features.drop(OWN)
    await client.event(event)


async def test_a_second_login_replaces_the_first(linked: Linked, tmp_path: Path) -> None:
    client, network = linked
    whatsapp = network.features
    async with linked_client(tmp_path, whatsapp.proxy_url, whatsapp.environment()) as second:
        await client.event("StreamReplaced")
        await second.event("Connected")


async def test_after_a_busy_server_the_client_comes_back(linked: Linked) -> None:
    client, network = linked
    await network.features.fault("refuse_connect")
    await network.features.stream_error(OWN, 503)
    await eventually(network.features.stats, lambda stats: stats["login"] == 2)
    await network.features.write_text(ALICE, OWN, "back?")
    await client.event("Message", lambda event: event["Message"].get("conversation") == "back?")
