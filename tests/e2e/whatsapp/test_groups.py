"""Groups: made, changed, left and joined by an instance and by others, and what is said in them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.whatsapp.hearing import find_seen, hear
from tests.e2e.whatsapp.town import ANN, BEN, CLEO, OWN, Line, Town, town, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

DORA = "4915100000005"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One town for all of them; a start costs seconds."""
    async with town(tmp_path_factory.mktemp("town")) as started:
        await started.whatsapp.add_person(DORA, "Dora")
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(place: Town) -> Line:
    """The shop's instance, linked."""
    return await place.open_line()


async def test_a_group_is_made_changed_and_left(place: Town, line: Line) -> None:
    await place.whatsapp.close_to_strangers(DORA)
    made = await line.post("/groups", {"subject": "Team", "members": [ANN, BEN]}, 201)
    group = made["id"]
    assert group.endswith("@g.us")
    assert {each["number"] for each in made["members"]} == {OWN, ANN, BEN}
    path = f"/groups/{group}"
    changed = await line.ask("PUT", path, {"subject": "The team", "description": "Who we are"})
    assert (changed["subject"], changed["description"]) == ("The team", "Who we are")
    real = await place.whatsapp.group(group)
    assert (real.subject, real.description) == ("The team", "Who we are")
    assert group in [each["id"] for each in (await line.get("/groups"))["groups"]]

    fates = (await line.post(f"{path}/members", {"action": "add", "members": [CLEO, DORA]}))["results"]
    assert [each["success"] for each in fates] == [True, False], fates
    await line.post(f"{path}/members", {"action": "promote", "members": [ANN]})
    assert (await place.whatsapp.group(group)).members[ANN] == "admin"
    await line.post(f"{path}/members", {"action": "demote", "members": [ANN]})
    assert (await place.whatsapp.group(group)).members[ANN] == "member"
    await line.post(f"{path}/members", {"action": "remove", "members": [CLEO]})
    assert set((await place.whatsapp.group(group)).members) == {OWN, ANN, BEN}

    link = (await line.get(f"{path}/invite"))["link"]
    assert link.endswith((await place.whatsapp.group(group)).invite)
    assert (await line.post(f"{path}/invite/reset"))["link"] != link
    shown = await line.get(path)
    assert (shown["id"], shown["subject"], len(shown["members"])) == (group, "The team", 3)
    await line.post(f"{path}/leave")
    assert OWN not in (await place.whatsapp.group(group)).members
    assert await place.problems() == []


async def test_a_group_of_others_is_joined_by_its_link(place: Town, line: Line) -> None:
    theirs = await place.whatsapp.create_group("Club", ANN, [BEN])
    joined = await line.post("/groups/join", {"link": f"https://chat.whatsapp.com/{theirs.invite}"})
    assert joined["id"] == theirs.jid
    assert OWN in (await place.whatsapp.group(theirs.jid)).members
    await line.post("/groups/join", {"link": "https://chat.whatsapp.com/"}, 400)
    assert (await line.post("/groups/join", {"link": "NeverGivenToAnybody123"}, 502))["code"]
    assert await place.problems() == []


async def test_a_group_is_talked_in_and_its_changes_are_told(place: Town, line: Line) -> None:
    group = (await place.whatsapp.create_group("Choir", ANN, [OWN, BEN])).jid
    said = await place.whatsapp.write_text(ANN, text="Tonight?", group=group)
    told = await hear(line, "message_received", messageId=said)
    assert (told["from"], told["participantPn"]) == (group, f"{ANN}@s.whatsapp.net")
    assert told["participantLid"].endswith("@lid")
    sent = await line.send(group, "Yes", replyTo=said)
    for person in (ANN, BEN):
        seen = await find_seen(line, person, id=sent["id"])
        assert (seen.text, seen.chat, seen.context["reply_to"]) == ("Yes", group, said)

    await place.whatsapp.rename_group(group, ANN, "Chorus")
    assert (await hear(line, "group_changed", **{"from": group, "changes": {"subject": "Chorus"}}))["by"]
    await place.whatsapp.change_members(group, "add", ANN, [CLEO])
    await until("Cleo is told", lambda: _told_of(line, group, CLEO, "member"))
    await place.whatsapp.change_members(group, "promote", ANN, [CLEO])
    await until("her rise is told", lambda: _told_of(line, group, CLEO, "administrator"))
    assert await place.problems() == []


def _told_of(line: Line, group: str, person: str, after: str) -> bool:
    return any(
        each["from"] == group and each["member"].get("phone") == person and each["after"] == after
        for each in line.told("member_changed")
    )
