"""People, presence, channels, statuses, calls and the past, as an instance finds them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.whatsapp.hearing import hear
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
async def past(place: Town) -> list[str]:
    """What Ann had said before the shop's device was linked, and whom its phone knew."""
    await place.whatsapp.save_contacts(OWN, {"Ben the Baker": BEN})
    return await place.whatsapp.remember(OWN, f"{ANN}@s.whatsapp.net", ANN, ["long ago", "and later"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(place: Town, past: list[str]) -> Line:
    """The shop's instance, linked."""
    return await place.open_line()


async def test_the_past_is_told_and_found_in_the_chat(place: Town, line: Line, past: list[str]) -> None:
    await until("the past is told", lambda: set(past) <= _past(line))
    stored = (await line.get(f"/chats/{ANN}/messages"))["messages"]
    assert set(past) <= {each["messageId"] for each in stored}
    assert not [each for each in line.told("message_received") if each["messageId"] in past]


def _past(line: Line) -> set[str]:
    return {message["messageId"] for each in line.told("history") for message in each["messages"]}


async def test_people_are_found_checked_and_described(place: Town, line: Line) -> None:
    await until("the address book has come", lambda: _knows(line, BEN, "Ben the Baker"))
    checked = (await line.post("/contacts/check", {"phones": [ANN, "4900000"]}))["numbers"]
    assert [each["exists"] for each in checked] == [True, False]
    await line.get(f"/contacts/{ANN}/picture", 404)
    await place.whatsapp.set_picture(ANN, b"\xff\xd8\xff" + bytes(30))
    assert (await line.get(f"/contacts/{ANN}/picture"))["url"]
    await place.whatsapp.hide_picture(ANN)
    assert (await line.get(f"/contacts/{ANN}/picture", 502))["code"] == "hidden"
    assert (await line.get(f"/contacts/{ANN}/about"))["about"] == (await place.whatsapp.account(ANN)).about
    assert await place.problems() == []


async def _knows(line: Line, phone: str, name: str) -> bool:
    people = (await line.get("/contacts/live"))["contacts"]
    return any((each["number"], each["name"]) == (phone, name) for each in people)


async def test_one_person_under_two_names_is_one_contact_and_one_chat(place: Town, line: Line) -> None:
    said = await place.whatsapp.write_text(CLEO, OWN, "It is me")
    told = await hear(line, "message_received", messageId=said)
    for name in (CLEO, told["fromPn"], told["fromLid"]):
        assert said in [each["messageId"] for each in (await line.get(f"/chats/{name}/messages"))["messages"]], name
    numbers = [each["number"] for each in (await line.get("/contacts/db"))["contacts"] if "number" in each]
    assert numbers.count(CLEO) == 1


async def test_an_import_keeps_people_and_groups_and_an_addition_asks_the_network_first(
    place: Town, line: Line
) -> None:
    group = (await place.whatsapp.create_group("Bakers", ANN, [OWN, BEN])).jid
    imported = await line.post("/contacts/import")
    assert imported["message"] == f"Successfully imported {imported['importedCount']} contacts"
    kept = {each["remoteJid"]: each for each in (await line.get("/contacts/db", limit=500))["contacts"]}
    assert (kept[f"{BEN}@s.whatsapp.net"]["name"], kept[f"{BEN}@s.whatsapp.net"]["isGroup"]) == ("Ben the Baker", False)
    assert (kept[group]["pushName"], kept[group]["isGroup"]) == ("Bakers", True)
    assert (await line.get("/contacts/db", search="the baker"))["pagination"]["total"] == 1

    before = len(await place.whatsapp.seen(DORA))
    added = await line.post("/contacts/add", {"phone": f"+{DORA}", "name": "Dora"})
    assert added["contact"] == {"id": f"{DORA}@s.whatsapp.net", "number": f"+{DORA}", "name": "Dora"}
    assert (await line.post("/contacts/add", {"phone": "4900000"}, 400))["code"] == "not_on_network"
    assert len(await place.whatsapp.seen(DORA)) == before
    socket = await line.get("/socket")
    assert (socket["alive"], socket["state"]) == (True, "connected")
    assert socket["latency"] >= 0
    assert await place.problems() == []


async def test_people_are_blocked_and_let_in_again(place: Town, line: Line) -> None:
    await line.ask("PUT", f"/blocklist/{DORA}")
    assert DORA in (await place.whatsapp.account(OWN)).blocked
    assert DORA in [each["number"] for each in (await line.get("/blocklist"))["contacts"]]
    await line.ask("DELETE", f"/blocklist/{DORA}")
    assert (await place.whatsapp.account(OWN)).blocked == []


async def test_presence_is_shown_and_told(place: Town, line: Line) -> None:
    await line.ask("PUT", "/presence", {"available": True})
    await until("the shop is seen online", lambda: _is_available(place))
    await line.post(f"/contacts/{BEN}/presence")
    await place.whatsapp.come_online(BEN)
    await until("Ben's coming is told", lambda: bool(line.told("presence")))
    await place.whatsapp.type_to(BEN, OWN)
    await until("Ben's typing is told", lambda: "typing" in [each["presence"] for each in line.told("presence")])
    await place.whatsapp.type_to(BEN, OWN, "recording")
    await until("Ben's recording is told", lambda: "recording" in [each["presence"] for each in line.told("presence")])
    await line.post(f"/chats/{BEN}/activity", {"activity": "typing"})
    await until("the shop's typing is seen", lambda: _types(place))


async def _is_available(place: Town) -> bool:
    return (await place.whatsapp.account(OWN)).available


async def _types(place: Town) -> bool:
    return bool((await place.whatsapp.account(OWN)).typing)


async def test_channels_and_statuses_are_read(place: Town, line: Line) -> None:
    channel = await place.whatsapp.create_newsletter("News", ANN, [OWN])
    await place.whatsapp.post(channel.jid, "Extra!")
    assert channel.jid in [each["id"] for each in (await line.get("/channels"))["channels"]]
    said = (await line.get(f"/channels/{channel.jid}/messages"))["messages"]
    assert [each["content"] for each in said] == ["Extra!"]
    posted = await place.whatsapp.write(ANN, status=[OWN], kind="text", text="On holiday")
    assert (await hear(line, "message_received", messageId=posted))["from"] == "status@broadcast"


async def test_a_call_rings_and_is_turned_down(place: Town, line: Line) -> None:
    call = await place.whatsapp.offer_call(ANN, OWN)
    told = await hear(line, "call_received", callId=call.id)
    assert told["rejected"] is False
    await line.post(f"/calls/{call.id}/reject", {"caller": told["from"]})
    await until("the call is rejected", lambda: _is_rejected(place, call.id))


async def _is_rejected(place: Town, call: str) -> bool:
    return (await place.whatsapp.call(call)).state == "rejected"


async def test_calls_are_turned_down_and_the_past_left_alone_when_so_configured(place: Town) -> None:
    await place.whatsapp.remember(CLEO, f"{ANN}@s.whatsapp.net", ANN, ["none of your business"])
    quiet = await place.open_line(CLEO, rejectCalls=True, history=False)
    call = await place.whatsapp.offer_call(ANN, CLEO)
    assert (await hear(quiet, "call_received", callId=call.id))["rejected"] is True
    await until("the call is rejected", lambda: _is_rejected(place, call.id))
    assert quiet.told("history") == []
