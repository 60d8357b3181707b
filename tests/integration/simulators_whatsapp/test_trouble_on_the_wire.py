"""What goes wrong on networks, as a real neonize experiences it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.simulators_whatsapp.linked_client import Refusal, jid, linked_client
from tests.integration.simulators_whatsapp.network import ALICE, BOB, OWN, Linked
from tests.integration.simulators_whatsapp.waiting import eventually


async def test_a_refused_message_names_its_number_and_reaches_nobody(linked: Linked) -> None:
    client, network = linked
    for code in (463, 479):
        await network.features.fault("refuse_message", phone=OWN, code=code)
        with pytest.raises(Refusal, match=str(code)):
            await client.call("send_message", jid(ALICE), "refused")
    await client.call("send_message", jid(ALICE), "accepted")
    assert [seen.text for seen in await network.features.seen(ALICE)] == ["accepted"]


async def test_a_late_ack_holds_up_the_sender_alone(linked: Linked) -> None:
    client, network = linked
    await network.features.fault("slow_ack", phone=OWN, seconds=0.2)
    await client.call("send_message", jid(ALICE), "patience")
    assert [seen.text for seen in await network.features.seen(ALICE)] == ["patience"]


async def test_a_message_whose_ack_is_missing_is_sent_again_and_read_once(linked: Linked) -> None:
    client, network = linked
    for kind, repeated in (("drop_before_relay", 0), ("drop_before_ack", 2)):  # by Alice's phone and by our own
        await network.features.fault(kind, phone=OWN)
        await client.call("send_message", jid(ALICE), kind)
        await network.until_seen(ALICE, kind)
        assert (await network.features.stats()).get("message repeated", 0) == repeated
    assert len(await network.features.seen(ALICE)) == 2


async def test_what_was_not_acknowledged_is_sent_again_after_a_break(linked: Linked) -> None:
    client, network = linked
    await network.features.silence(OWN)
    unseen = await network.features.write_text(ALICE, OWN, "into the void")
    [device] = await network.features.devices(OWN)
    assert (device.waiting, unseen in device.delivered) == (1, False)
    await network.features.drop(OWN)
    await client.event("Message", lambda event: event["Message"].get("conversation") == "into the void")
    await eventually(lambda: network.features.delivered(OWN), lambda ids: unseen in ids)


async def test_a_request_can_be_refused_or_late(linked: Linked) -> None:
    client, network = linked
    await network.features.fault("refuse_iq", xmlns="w:g2", code=429)
    with pytest.raises(Refusal, match="429"):
        await client.call("get_joined_groups")
    await network.features.fault("slow_iq", xmlns="w:g2", seconds=0.1)
    assert await client.call("get_joined_groups") == []


async def test_a_device_stocks_up_when_its_keys_run_out(linked: Linked) -> None:
    client, network = linked
    await network.features.exhaust_prekeys(OWN)
    await eventually(lambda: network.features.devices(OWN), lambda devices: devices[0].prekeys > 10)
    await network.features.write_text(BOB, OWN, "a new contact")
    await client.event("Message", lambda event: event["Message"].get("conversation") == "a new contact")


async def test_two_clients_write_to_each_other(linked: Linked, tmp_path: Path) -> None:
    client, network = linked
    whatsapp = network.features
    await client.call("send_message", jid(BOB), "to a phone alone")
    folder = tmp_path / "second"
    folder.mkdir()
    async with linked_client(folder, whatsapp.proxy_url, whatsapp.environment()) as other:
        await whatsapp.scan(await other.qr(), BOB)
        await other.event("Connected")
        await client.call("send_message", jid(BOB), "the ack tells that there is a second device now")
        await client.call("send_message", jid(BOB), "client to client")
        text = "extendedTextMessage"
        await other.event("Message", lambda event: event["Message"].get(text, {}).get("text") == "client to client")
        await other.call("send_message", jid(OWN), "and back")
        await client.event("Message", lambda event: event["Message"].get(text, {}).get("text") == "and back")
        await client.event("Receipt")
