"""Two gateways, an account each: their sessions are clients of the same network and talk to each other."""

from __future__ import annotations

import pytest

from tests.e2e.whatsapp.town import ANN, BEN, OWN, Line, Town

pytestmark = pytest.mark.slow


@pytest.fixture
async def other(place: Town, line: Line) -> Line:
    """Ben's instance, on a gateway and in a process of its own."""
    return await place.open_line(BEN, gateway=await place.open_gateway())


async def test_two_gateways_talk_to_each_other_and_in_a_group(place: Town, line: Line, other: Line) -> None:
    assert place.gateways[0].process is not place.gateways[1].process
    there = await line.send(BEN, "from one gateway")
    (heard,) = await other.heard(1)
    assert heard["body"] == "from one gateway"
    assert heard["fromPn"] == f"{OWN}@s.whatsapp.net"
    back = await other.send(OWN, "to the other")
    (answered,) = await line.heard(1)
    assert answered["body"] == "to the other"
    assert answered["fromPn"] == f"{BEN}@s.whatsapp.net"
    assert there["id"] != back["id"]

    group = (await place.whatsapp.create_group("Both shops", ANN, [OWN, BEN])).jid
    await line.send(group, "one to the group")
    await other.send(group, "two to the group")
    assert [each["body"] for each in await other.heard(2)] == ["from one gateway", "one to the group"]
    assert [each["body"] for each in await line.heard(2)] == ["to the other", "two to the group"]
    assert {each.text for each in await line.seen_by(ANN, 2)} == {"one to the group", "two to the group"}
    assert await place.problems() == []
