"""What goes wrong between an instance and WhatsApp: what is told of it, and how it goes on by itself or does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.e2e.whatsapp.town import ANN, BEN, CLEO, OWN, Line, Town, until

pytestmark = pytest.mark.slow


async def test_a_broken_connection_is_told_and_mended_and_nothing_is_lost_or_told_twice(
    place: Town, line: Line
) -> None:
    await place.whatsapp.fault("refuse_connect", times=None)
    await place.whatsapp.drop(OWN)
    await line.heard(1, "connection_closed")
    state = await line.state()
    assert (state["status"], state["stateCode"], state["ready"]) == ("connecting", "disconnected", False)
    refused = await line.send(ANN, "to nobody", status=500)
    assert refused["code"] == "not_connected"
    texts = [f"while you were away {number}" for number in range(5)]
    for text in texts:
        await place.whatsapp.write_text(ANN, OWN, text)
    await place.whatsapp.clear_faults()
    assert [each["body"] for each in await line.heard(5)] == texts
    await until("it is connected again", line.is_connected)
    assert [each["willReconnect"] for each in line.told("connection_closed")] == [True]
    assert len(await line.heard(2, "connection_opened")) == 2

    for code in (503, 515):
        await place.whatsapp.stream_error(OWN, code)
        await place.whatsapp.write_text(ANN, OWN, f"after {code}")
        await until(f"{code} is survived", partial(_has, line, f"after {code}"))
        await until("it is connected again", line.is_connected)
    await place.whatsapp.fault("refuse_login", code=503)
    await place.whatsapp.drop(OWN)
    await place.whatsapp.write_text(ANN, OWN, "after a refused login")
    await until("it is back", lambda: _has(line, "after a refused login"))
    assert [each["body"] for each in line.told("message_received")] == [
        *texts,
        "after 503",
        "after 515",
        "after a refused login",
    ]
    assert len(line.told("qr_received")) == 1
    assert await place.problems() == []


def _has(line: Line, text: str) -> bool:
    return text in [each["body"] for each in line.told("message_received")]


async def test_a_restart_needs_no_new_code_and_goes_on_in_the_same_conversations(place: Town, line: Line) -> None:
    await place.whatsapp.write_text(ANN, OWN, "before")
    await line.send(ANN, "also before")
    await line.heard(1)
    codes = len(line.told("qr_received"))
    assert await place.gateway.stop() == 0
    await until("the device is offline", lambda: _is_offline(place))
    await place.whatsapp.write_text(ANN, OWN, "while it was down")
    await place.gateway.start()
    assert (await line.heard(2))[-1]["body"] == "while it was down"
    await until("it is connected again", line.is_connected)
    await line.send(ANN, "back")
    assert [each.text for each in await line.seen_by(ANN, 2)] == ["also before", "back"]
    assert len(line.told("qr_received")) == codes
    assert [each["body"] for each in line.told("message_received")] == ["before", "while it was down"]
    assert await place.problems() == []


async def _is_offline(place: Town) -> bool:
    return not any(device.online for device in await place.whatsapp.devices(OWN))


async def test_a_restriction_says_how_long_and_ends_by_itself(place: Town, line: Line) -> None:
    await place.whatsapp.write_text(ANN, OWN, "May I ask something?")
    await line.heard(1)
    await place.whatsapp.fault("refuse_message", phone=OWN, code=463)
    refused = await line.send(BEN, "Hello stranger", status=502)
    assert refused["code"] == "reach_out_lock"
    state = await line.state()
    assert (state["stateCode"], state["ready"]) == ("reach_out_lock", True)
    (told,) = await line.heard(1, "connection_restricted")
    assert (told["reason"], told["until"]) == ("reach_out_lock", None)
    await line.send(ANN, "Of course")
    await line.seen_by(ANN, 1)

    before = datetime.now(UTC)
    await place.whatsapp.ban(OWN, code=104, seconds=5)
    await place.whatsapp.drop(OWN)
    told = (await line.heard(2, "connection_restricted"))[-1]
    assert told["reason"] == "temporary_ban"
    assert "same message too often" in told["message"]
    ban = timedelta(seconds=5)
    assert before + ban <= datetime.fromisoformat(told["until"]) <= datetime.now(UTC) + ban
    assert (await line.send(ANN, "shut out", status=500))["code"] == "not_connected"
    await until("the ban is over", line.is_connected)
    await line.send(ANN, "Here again")
    await line.seen_by(ANN, 2)


async def test_what_only_a_person_can_mend_is_final_and_is_mended_by_a_reconnect(place: Town, line: Line) -> None:
    logins = (await place.whatsapp.stats())["login"]
    await place.whatsapp.stream_error(OWN, conflict="replaced")
    (told,) = await line.heard(1, "connection_closed")
    assert (told["reason"], told["willReconnect"]) == ("replaced", False)
    state = await line.state()
    assert (state["status"], state["stateCode"]) == ("error", "replaced")
    await until("the device is offline", lambda: _is_offline(place))
    assert (await place.whatsapp.stats())["login"] == logins
    await line.post("/reconnect")
    await until("it is connected again", line.is_connected)

    await place.whatsapp.fault("refuse_login", code=405)
    await place.whatsapp.drop(OWN)
    closed = await line.heard(2, "connection_closed")
    await until("the library is too old", lambda: _is_in(line, "client_outdated"))
    assert len(await place.whatsapp.devices(OWN)) == 1
    await until("that is told", lambda: _last_reason(line) == "client_outdated")
    assert closed[0]["reason"] == "replaced"
    await line.post("/reconnect")
    await until("it is connected again", line.is_connected)
    await line.send(ANN, "upgraded")
    await line.seen_by(ANN, 1)


def _last_reason(line: Line) -> str:
    return str(line.told("connection_closed")[-1]["reason"])


async def _is_in(line: Line, code: str) -> bool:
    return bool((await line.state())["stateCode"] == code)


async def test_an_answer_that_is_late_or_missing_never_makes_a_message_twice(place: Town, line: Line) -> None:
    await line.send(ANN, "first")
    await place.whatsapp.fault("slow_ack", phone=OWN, seconds=1.0)
    await line.send(ANN, "a slow one")

    await place.whatsapp.fault("drop_after_ack", phone=OWN)
    await line.send(ANN, "dropped after")
    await until("it is connected again", line.is_connected)
    await place.whatsapp.fault("drop_before_ack", phone=OWN)
    await line.send(ANN, "dropped before")  # whatsmeow says it again, under the same id, on its next connection
    await until("it is connected again", line.is_connected)
    await line.send(ANN, "last")
    seen = await line.seen_by(ANN, 5)
    assert [each.text for each in seen] == ["first", "a slow one", "dropped after", "dropped before", "last"]
    assert len({each.id for each in seen}) == 5

    await place.whatsapp.fault("drop_before_ack", phone=OWN)
    await place.whatsapp.fault("refuse_connect", times=None)
    unknown = await line.send(ANN, "nobody knows", status=504)
    assert unknown["code"] == "network_unreachable"
    assert (await line.seen_by(ANN, 6))[-1].text == "nobody knows"
    await place.whatsapp.fault("drop_before_relay", phone=OWN)
    await place.whatsapp.clear_faults("refuse_connect")
    await until("it is connected again", line.is_connected)
    await line.send(ANN, "said again by the library")
    assert [each.text for each in await line.seen_by(ANN, 7)][-1] == "said again by the library"


async def test_a_message_that_cannot_be_read_is_asked_for_again_both_ways(place: Town, line: Line) -> None:
    await line.send(ANN, "one")
    await line.seen_by(ANN, 1)
    await place.whatsapp.write_text(ANN, OWN, "two")
    await line.heard(1)
    await place.whatsapp.forget_session(ANN, OWN)
    await line.send(ANN, "three")
    assert [each.text for each in await line.seen_by(ANN, 2)] == ["one", "three"]

    await place.whatsapp.fault("damage", phone=ANN)
    await place.whatsapp.write_text(ANN, OWN, "four")
    assert [each["body"] for each in await line.heard(2)] == ["two", "four"]

    await place.whatsapp.exhaust_prekeys(OWN)
    await asyncio.gather(*(place.whatsapp.write_text(person, OWN, "new here") for person in (BEN, CLEO)))
    await line.heard(4)
    await until("new prekeys are uploaded", lambda: _has_prekeys(place))
    await line.send(BEN, "welcome")
    await line.seen_by(BEN, 1)
    assert await place.problems() == []


async def _has_prekeys(place: Town) -> bool:
    (device,) = await place.whatsapp.devices(OWN)
    return device.prekeys > 10


async def test_a_connection_that_stands_and_says_nothing_is_found_and_replaced(place: Town) -> None:
    watchful = await place.open_gateway(WHATSAPP_PROBE="5")
    line = await place.open_line(gateway=watchful)
    await place.whatsapp.fault("refuse_connect", times=None)
    assert await place.whatsapp.silence(OWN) == 1
    (told,) = await line.heard(1, "connection_stalled")
    assert told["reason"] == "stalled"
    assert (await line.state())["ready"] is False
    await place.whatsapp.clear_faults()
    await until("a new connection carries", line.is_connected)
    await place.whatsapp.write_text(ANN, OWN, "Are you there?")
    assert (await line.heard(1))[0]["body"] == "Are you there?"
    assert len(line.told("qr_received")) == 1
