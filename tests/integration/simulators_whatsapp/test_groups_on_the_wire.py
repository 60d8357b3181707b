"""A real neonize and the simulated groups: what it can do, what is refused, and what it is told."""

from __future__ import annotations

import re

import pytest

from tests.integration.simulators_whatsapp.linked_client import Refusal, data, enum, group_jid, jid
from tests.integration.simulators_whatsapp.network import ALICE, BOB, CAROL, DAN, JPEG, OWN, Linked


async def test_a_group_is_created_changed_and_described(linked: Linked) -> None:
    client, network = linked
    made = await client.call("create_group", "Team", [jid(ALICE), jid(BOB)])
    group_id = made["JID"]["User"]
    assert (await client.event("JoinedGroup"))["Type"] == "new"
    assert (await network.features.group(group_id)).members == {OWN: "superadmin", ALICE: "member", BOB: "member"}

    await client.call("set_group_name", group_jid(group_id), "Team two")
    await client.call("set_group_topic", group_jid(group_id), "", "", "What we do")
    await client.call("set_group_announce", group_jid(group_id), True)
    await client.call("set_group_locked", group_jid(group_id), True)
    await client.event("GroupInfoEvent", lambda event: event.get("Name", {}).get("Name") == "Team two")
    await client.event("GroupInfoEvent", lambda event: event.get("Topic", {}).get("Topic") == "What we do")
    info = await client.call("get_group_info", group_jid(group_id))
    assert info["GroupName"]["Name"] == "Team two"
    assert info["GroupTopic"]["Topic"] == "What we do"
    assert (info["GroupAnnounce"]["IsAnnounce"], info["GroupLocked"]["isLocked"]) == (True, True)

    with pytest.raises(Refusal, match="406"):
        await client.call("set_group_name", group_jid(group_id), "x" * 101)
    with pytest.raises(Refusal, match="409"):
        await client.call("set_group_topic", group_jid(group_id), "somebody-elses-version", "", "Late")
    assert await client.call("set_group_photo", group_jid(group_id), data(JPEG))
    with pytest.raises(Refusal, match="not a valid image"):
        await client.call("set_group_photo", group_jid(group_id), data(b"\x89PNG"))


async def test_people_come_and_go_and_each_refusal_has_its_number(linked: Linked) -> None:
    client, network = linked
    await network.features.close_to_strangers(DAN)
    group_id = (await client.call("create_group", "Team", [jid(ALICE)]))["JID"]["User"]

    async def change(act: str, person: str) -> int:
        arguments = group_jid(group_id), [jid(person)], enum(f"ParticipantChange.{act}")
        [answer] = await client.call("update_group_participants", *arguments)
        return int(answer.get("Error", 0))

    assert [await change("ADD", CAROL), await change("ADD", CAROL), await change("ADD", DAN)] == [0, 409, 403]
    assert [await change("PROMOTE", CAROL), await change("DEMOTE", CAROL)] == [0, 0]
    assert [await change("REMOVE", CAROL), await change("REMOVE", CAROL)] == [0, 404]
    await client.event("GroupInfoEvent", lambda event: bool(event.get("Leave")))
    told = {field for name, event in client.events if name == "GroupInfoEvent" for field in event}
    assert {"Join", "Promote", "Demote", "Leave"} <= told


async def test_invite_links_lead_in_until_they_are_renewed(linked: Linked) -> None:
    client, network = linked
    theirs = await network.features.create_group("Theirs", ALICE, [BOB])
    with pytest.raises(Refusal, match="not participating"):
        await client.call("get_group_info", group_jid(theirs.id))
    with pytest.raises(Refusal, match="does not exist"):
        await client.call("get_group_info", group_jid("12036300000000000"))
    seen = await client.call("get_group_info_from_link", theirs.invite)
    assert seen["GroupName"]["Name"] == "Theirs"

    await client.call("join_group_with_link", f"https://chat.whatsapp.com/{theirs.invite}")
    await client.event("JoinedGroup", lambda event: event.get("Reason") == "invite")
    with pytest.raises(Refusal, match="permission to get the group's invite link"):
        await client.call("get_group_invite_link", group_jid(theirs.id))
    with pytest.raises(Refusal, match="403"):
        await client.call(
            "update_group_participants", group_jid(theirs.id), [jid(BOB)], enum("ParticipantChange.REMOVE")
        )
    await client.call("leave_group", group_jid(theirs.id))
    assert OWN not in (await network.features.group(theirs.id)).members

    mine = (await client.call("create_group", "Mine", [jid(ALICE)]))["JID"]["User"]
    first = await client.call("get_group_invite_link", group_jid(mine))
    second = await client.call("get_group_invite_link", group_jid(mine), True)
    assert re.fullmatch(r"https://chat\.whatsapp\.com/\S{22}", first)
    assert first != second
    with pytest.raises(Refusal, match="revoked"):
        await client.call("get_group_info_from_link", first)
    assert [group["GroupName"]["Name"] for group in await client.call("get_joined_groups")] == ["Mine"]


async def test_what_others_do_in_a_group_is_told(linked: Linked) -> None:
    client, network = linked
    theirs = await network.features.create_group("Theirs", ALICE, [BOB])
    await network.features.change_members(theirs.id, "add", ALICE, [OWN])
    await client.event("JoinedGroup", lambda event: event["GroupInfo"]["GroupName"]["Name"] == "Theirs")
    await network.features.rename_group(theirs.id, ALICE, "Renamed")
    await client.event("GroupInfoEvent", lambda event: event.get("Name", {}).get("Name") == "Renamed")
    await network.features.describe_group(theirs.id, ALICE, "About us")
    await client.event("GroupInfoEvent", lambda event: event.get("Topic", {}).get("Topic") == "About us")
    await network.features.change_members(theirs.id, "promote", ALICE, [OWN])
    await client.event("GroupInfoEvent", lambda event: bool(event.get("Promote")))
    await network.features.change_members(theirs.id, "remove", ALICE, [OWN])
    await client.event("GroupInfoEvent", lambda event: bool(event.get("Leave")))
