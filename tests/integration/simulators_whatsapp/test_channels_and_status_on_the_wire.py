"""A real neonize and channels (newsletters), and status posts."""

from __future__ import annotations

import pytest

from tests.integration.simulators_whatsapp.linked_client import Refusal, jid
from tests.integration.simulators_whatsapp.network import ALICE, BOB, OWN, Linked


async def test_a_channel_is_read_and_answered(linked: Linked) -> None:
    client, network = linked
    channel = await network.features.create_newsletter("Daily", ALICE, [OWN], "News every day")
    there = jid(channel.id, "newsletter")
    for number in range(1, 4):
        assert await network.features.post(channel.id, f"post {number}") == number
    await client.event("Message", lambda event: event["Message"].get("conversation") == "post 3")
    assert len(await client.call("get_subscribed_newletters")) == 1
    assert (await client.call("get_newsletter_info", there))["ThreadMeta"]["Name"]["Text"] == "Daily"
    assert (await client.call("get_newsletter_info_with_invite", channel.invite))["ID"]["User"] == channel.id
    with pytest.raises(Refusal, match="404"):
        await client.call("get_newsletter_info", jid("1", "newsletter"))
    newest = await client.call("get_newsletter_messages", there, 2, 0)
    assert [post["Message"]["conversation"] for post in newest] == ["post 2", "post 3"]

    await client.call("newsletter_subscribe_live_updates", there)
    await client.call("newsletter_mark_viewed", there, [1])
    await client.call("newsletter_send_reaction", there, 1, "👍", "")
    await client.event("NewsletterLiveUpdate")
    seen = await network.features.newsletter(channel.id)
    assert (seen.posts[0].viewers, seen.posts[0].reactions) == ([OWN], {OWN: "👍"})
    await client.call("newsletter_toggle_mute", there, True)
    await client.call("unfollow_newsletter", there)
    await client.event("NewsletterLeave")
    assert OWN not in (await network.features.newsletter(channel.id)).roles


async def test_status_posts_go_both_ways(linked: Linked) -> None:
    client, network = linked
    await network.features.save_contacts(OWN, {"Alice Fullname": ALICE, "Bob Fullname": BOB})
    await network.until_answers(client, "get_all_contacts", containing="Bob Fullname", on="contact")
    for text in ("first", "second"):
        await client.call("send_message", jid("status", "broadcast"), text)
    for person in (ALICE, BOB):
        await network.until_seen(person, "second")
    await network.features.write(ALICE, status=[OWN], kind="text", text="from Alice")
    event = await client.event("Message", lambda event: "from Alice" in str(event["Message"]))
    source = event["Info"]["MessageSource"]
    assert (source["Chat"]["User"], source["Sender"]["User"]) == ("status", ALICE)
