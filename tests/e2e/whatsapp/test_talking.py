"""People and an instance talk: every kind of message both ways, checked by what the other end decrypted."""

from __future__ import annotations

import pytest

from tests.e2e.whatsapp.town import ANN, Line, Town

pytestmark = pytest.mark.slow


async def test_a_text_travels_both_ways_and_its_receipts_are_told_in_order(place: Town, line: Line) -> None:
    sent = await line.send(ANN, "Good morning")
    (seen,) = await line.seen_by(ANN, 1)
    assert (seen.text, seen.id) == ("Good morning", sent["id"])
    await place.whatsapp.read(ANN, line.phone, [seen.id])
    assert [each["status"] for each in await line.heard(2, "message_status")] == ["delivered", "read"]
    order = [each.json()["event"] for each in line.deliveries() if each.json()["event"].startswith("message_")]
    assert order == ["message_sent", "message_status", "message_status"]

    await place.whatsapp.write_text(ANN, line.phone, "Are you open?")
    (told,) = await line.heard(1)
    assert (told["body"], told["pushName"]) == ("Are you open?", "Ann")
    assert told["fromPn"] == f"{ANN}@s.whatsapp.net"
    assert told["fromLid"].endswith("@lid")
    assert await place.problems() == []
