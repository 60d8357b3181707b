"""Messages between a real neonize and simulated people: every kind, both ways, read by decryption at the other end."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tests.integration.simulators_whatsapp.linked_client import Event, LinkedClient, data, group_jid, jid
from tests.integration.simulators_whatsapp.network import ALICE, BOB, CAROL, OWN, Linked
from tests.integration.simulators_whatsapp.waiting import eventually

KINDS: dict[str, dict[str, Any]] = {
    "location": {"latitude": 52.5, "longitude": 13.4, "name": "Berlin"},
    "contact": {"name": "Bob", "phone": BOB},
    "poll": {"name": "Lunch?", "options": ["Yes", "No"]},
}
FIELDS = {"location": "locationMessage", "contact": "contactMessage", "poll": "pollCreationMessageV3"}
FILES = {
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "voice": "audioMessage",
    "document": "documentMessage",
    "sticker": "stickerMessage",
}


def says(text: str) -> Callable[[Event], bool]:
    """Whether a message event carries this text, in either of the two ways there are."""

    def check(event: Event) -> bool:
        message = event["Message"]
        return text in (message.get("conversation"), message.get("extendedTextMessage", {}).get("text"))

    return check


def has_file(kind: str) -> Callable[[Event], bool]:
    field = FILES[kind]
    return lambda event: field in event["Message"] and event["Message"][field].get("PTT", False) is (kind == "voice")


async def arrives(client: LinkedClient, field: str) -> Any:
    return (await client.event("Message", lambda event: field in event["Message"]))["Message"][field]


async def test_a_conversation_goes_back_and_forth(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    for number in range(5):
        await client.call("send_message", jid(ALICE), f"out {number}")
        await whatsapp.write_text(ALICE, OWN, f"in {number}")
        await client.event("Message", says(f"in {number}"))
    assert [seen.text for seen in await whatsapp.seen(ALICE)] == [f"out {number}" for number in range(5)]
    assert [seen.text for seen in await whatsapp.seen(OWN)] == [f"out {number}" for number in range(5)]

    sent = (await whatsapp.seen(ALICE))[0].id
    await client.event("Receipt", lambda event: sent in event["MessageIDs"])
    await whatsapp.read(ALICE, OWN, [sent])
    await client.event("Receipt", lambda event: sent in event["MessageIDs"] and event["Type"] == "READ")


async def test_every_kind_of_message_arrives_at_the_client(linked: Linked) -> None:
    client, network = linked
    for kind, content in KINDS.items():
        await network.features.write(ALICE, OWN, kind=kind, **content)
        await arrives(client, FIELDS[kind])
    for kind in FILES:
        sent = os.urandom(2000)
        await network.features.send_file(ALICE, OWN, kind=kind, data=sent)
        event = await client.event("Message", has_file(kind))
        assert await client.call("download_any", {"message": "Message", "of": event["Message"]}) == data(sent)


async def test_people_reply_mention_react_edit_and_revoke(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    await client.call("send_message", jid(ALICE), "question")
    asked = (await whatsapp.seen(ALICE))[0].id
    answer = await whatsapp.write_text(ALICE, OWN, "answer", reply_to=asked, mentions=[BOB])
    context = (await arrives(client, "extendedTextMessage"))["contextInfo"]
    assert context["stanzaID"] == asked
    assert context["quotedMessage"]["extendedTextMessage"]["text"] == "question"
    assert len(context["mentionedJID"]) == 1

    await whatsapp.react(ALICE, OWN, asked, "👍")
    reaction = await arrives(client, "reactionMessage")
    assert (reaction["text"], reaction["key"]["ID"]) == ("👍", asked)
    await whatsapp.edit(ALICE, OWN, answer, "better answer")
    await client.event("Message", lambda event: event.get("IsEdit") is True)
    await whatsapp.revoke(ALICE, OWN, answer)
    revoked = await client.event("Message", lambda event: event["Message"].get("protocolMessage", {}).get("key"))
    assert revoked["Message"]["protocolMessage"]["key"]["ID"] == answer


async def test_what_the_client_does_is_seen_by_people(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    sent = await client.call("send_message", jid(ALICE), "first")
    await client.call("edit_message", jid(ALICE), sent["ID"], {"message": "Message", "of": {"conversation": "second"}})
    await client.call("revoke_message", jid(ALICE), jid(OWN), sent["ID"])
    theirs = await whatsapp.write_text(ALICE, OWN, "react to this")
    event = await client.event("Message", says("react to this"))
    source = event["Info"]["MessageSource"]
    reaction = await client.call(
        "build_reaction",
        {"message": "JID", "of": source["Chat"]},
        {"message": "JID", "of": source["Sender"]},
        theirs,
        "🎉",
    )
    await client.call("send_message", jid(ALICE), {"message": "Message", "of": reaction})
    seen = await whatsapp.seen(ALICE)
    assert [each.kind for each in seen] == ["text", "edit", "revoke", "reaction"]
    assert [each.text for each in seen] == ["first", "second", "", "🎉"]
    assert {each.details["target"] for each in seen[1:3]} == {sent["ID"]}
    assert seen[3].details["target"] == theirs


async def test_polls_are_voted_in_both_ways(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    poll = await client.call("build_poll_vote_creation", "Lunch?", ["Yes", "No"], {"enum": "VoteType.SINGLE"})
    sent = await client.call("send_message", jid(ALICE), {"message": "Message", "of": poll})
    await whatsapp.vote(ALICE, OWN, sent["ID"], ["No"])
    await arrives(client, "pollUpdateMessage")

    theirs = await whatsapp.create_poll(ALICE, OWN, "Dinner?", ["Soup", "Bread"])
    event = await client.event("Message", lambda event: "pollCreationMessageV3" in event["Message"])
    vote = await client.call("build_poll_vote", {"message": "MessageInfo", "of": event["Info"]}, ["Soup"])
    await client.call("send_message", jid(ALICE), {"message": "Message", "of": vote})
    [seen] = [each for each in await whatsapp.seen(ALICE) if each.kind == "vote"]
    assert (seen.details["target"], seen.details["options"]) == (theirs, ["Soup"])


async def test_a_group_reads_what_everybody_writes(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    group = (await client.call("create_group", "Team", [jid(ALICE), jid(BOB)]))["JID"]["User"]
    for number in range(2):
        await client.call("send_message", group_jid(group), f"out {number}")
        await whatsapp.write_text(ALICE, text=f"in {number}", group=group)
        await client.event("Message", says(f"in {number}"))
    for person in (ALICE, BOB):
        assert [seen.text for seen in await whatsapp.seen(person)] == ["out 0", "out 1"]
    assert await whatsapp.seen(CAROL) == []


async def test_a_client_asks_again_for_what_it_cannot_read(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    await whatsapp.write_text(ALICE, OWN, "fine")
    await client.event("Message", says("fine"))
    await whatsapp.fault("damage", phone=OWN)
    damaged = await whatsapp.write_text(ALICE, OWN, "damaged on the way")
    await client.event("Message", says("damaged on the way"))
    assert "retry" in [receipt.type for receipt in await whatsapp.receipts(ALICE) if receipt.id == damaged]
    await whatsapp.write_text(ALICE, OWN, "and on")
    await client.event("Message", says("and on"))


async def test_a_phone_asks_again_for_what_it_cannot_read(linked: Linked) -> None:
    client, network = linked
    whatsapp = network.features
    group = (await client.call("create_group", "Team", [jid(ALICE)]))["JID"]["User"]
    for chat, text in ((jid(ALICE), "private"), (group_jid(group), "group")):
        await client.call("send_message", chat, f"{text} before")
        await whatsapp.forget_session(ALICE, OWN)
        await client.call("send_message", chat, f"{text} repeated")
        await network.until_seen(ALICE, f"{text} repeated")
    assert (await whatsapp.stats())["retry asked"] >= 2


async def test_what_the_owner_writes_on_the_phone_is_shown_to_the_client(linked: Linked) -> None:
    client, network = linked
    await network.features.write_text(OWN, ALICE, "from my phone")
    event = await client.event("Message", says("from my phone"))
    assert event["Info"]["MessageSource"]["IsFromMe"] is True


async def test_a_flood_arrives_whole_and_is_acknowledged_whole(linked: Linked) -> None:
    client, network = linked
    flood = await network.features.flood([OWN], 300, contacts=7)

    async def texts() -> set[str]:
        messages = (event["Message"] for name, event in client.events if name == "Message")
        return {message["conversation"] for message in messages if "conversation" in message}

    await eventually(texts, lambda read: len(read) == 300)
    await eventually(lambda: network.features.delivered(OWN), lambda ids: set(flood.ids) <= set(ids))
