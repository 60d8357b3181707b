"""A real neonize and pictures, block list, privacy, presence and calls."""

from __future__ import annotations

import pytest

from tests.integration.simulators_whatsapp.linked_client import Refusal, data, enum, jid
from tests.integration.simulators_whatsapp.network import ALICE, BOB, JPEG, OWN, Linked


async def test_pictures_are_told_shown_hidden_and_set(linked: Linked) -> None:
    client, network = linked
    with pytest.raises(Refusal, match="does not have a profile picture"):
        await client.call("get_profile_picture", jid(ALICE))
    picture = await network.features.set_picture(ALICE, JPEG)
    assert (await client.event("Picture"))["JID"]["User"] == ALICE
    shown = await client.call("get_profile_picture", jid(ALICE))
    assert (shown["ID"], shown["Type"]) == (picture, "image")
    await network.features.hide_picture(ALICE)
    with pytest.raises(Refusal, match="hidden their profile picture"):
        await client.call("get_profile_picture", jid(ALICE))
    assert await client.call("set_profile_photo", data(JPEG)) == await network.features.picture_id(OWN)


async def test_blocking_and_privacy_are_kept(linked: Linked) -> None:
    client, network = linked
    await client.call("update_blocklist", jid(ALICE), enum("BlocklistAction.BLOCK"))
    assert len((await client.call("get_blocklist"))["JIDs"]) == 1
    assert (await network.features.account(OWN)).blocked == [ALICE]
    await client.call("update_blocklist", jid(ALICE), enum("BlocklistAction.UNBLOCK"))
    await network.features.block(OWN, BOB)
    await client.event("BlocklistEvent")
    assert (await network.features.account(OWN)).blocked == [BOB]

    await network.features.choose_privacy(OWN, "last", "none")
    assert (await client.call("get_privacy_settings"))["LastSeen"] == "NONE"
    await client.call("set_status_message", "Busy")
    await client.call("set_default_disappearing_timer", 86_400 * 10**9)
    account = await network.features.account(OWN)
    assert (account.about, account.disappearing) == ("Busy", 86_400)


async def test_presence_is_told_to_those_who_follow_it(linked: Linked) -> None:
    client, network = linked
    assert await network.features.type_to(ALICE, OWN) == 0, "a client that is not online hears nobody type"
    await client.call("send_presence", enum("Presence.AVAILABLE"))
    await client.call("subscribe_presence", jid(ALICE))
    await client.event("Presence", lambda event: event.get("Unavailable") is True)
    await network.features.come_online(ALICE)
    await client.event("Presence", lambda event: not event.get("Unavailable"))
    assert await network.features.type_to(ALICE, OWN, "recording") == 1
    await client.event("ChatPresence")
    media = "ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT"
    await client.call("send_chat_presence", jid(ALICE), enum("ChatPresence.CHAT_PRESENCE_COMPOSING"), enum(media))
    await network.until(lambda account: [typing["state"] for typing in account.typing] == ["composing"])


async def test_calls_ring_end_and_are_declined(linked: Linked) -> None:
    client, network = linked
    call = await network.features.offer_call(ALICE, OWN)
    rang = await client.event("CallOffer")
    await client.call("reject_call", {"message": "JID", "of": rang["basicCallMeta"]["callCreator"]}, call.id)
    missed = await network.features.offer_call(ALICE, OWN, video=True)
    await network.features.terminate_call(missed.id)
    await client.event("CallTerminate")
    assert (await network.features.call(call.id)).state == "rejected"
