from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import InvalidInput
from gateway.domain.messages import ChatKind
from gateway.providers.whatsapp.jids import address_of, address_of_text, kind_of, normalise, to_jid
from tests.unit.providers.whatsapp.wire import jid


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("4915100000002", "4915100000002@s.whatsapp.net"),
        ("+49 (151) 0000-0002", "4915100000002@s.whatsapp.net"),
        ("0049 151/0000.0002", "4915100000002@s.whatsapp.net"),
        ("\u202a+49\u00a0151\u20110000\u20110002\u202c", "4915100000002@s.whatsapp.net"),
        ("4915100000002@c.us", "4915100000002@s.whatsapp.net"),
        ("+49 151 0000.0002@c.us", "4915100000002@s.whatsapp.net"),
        ("4915100000002:17@s.whatsapp.net", "4915100000002@s.whatsapp.net"),
        ("4915100000002.0:17@S.WhatsApp.net", "4915100000002@s.whatsapp.net"),
        (" 100000000000002@lid ", "100000000000002@lid"),
        ("100000000000002.1:3@lid", "100000000000002@lid"),
        ("120363000000000001@g.us", "120363000000000001@g.us"),
        ("4915100000002-1400000000@g.us", "4915100000002-1400000000@g.us"),
        ("4915100000002-1400000000", "4915100000002-1400000000@g.us"),
        ("120363000000000009@newsletter", "120363000000000009@newsletter"),
        ("status@broadcast", "status@broadcast"),
    ],
)
def test_what_people_write_becomes_one_address(written: str, meant: str) -> None:
    assert normalise(written) == meant
    assert address_of(to_jid(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "@",
        "@s.whatsapp.net",
        "123",
        "015100000002",
        "120363000000000001",
        "120363000000000001@c.us",
        "4915100000002-1400000000@s.whatsapp.net:",
        "ann",
        "@ann",
        "call me 4915100000002",
        "٤٩١٥١٠٠٠٠٠٠٠٢",
        "ann@lid",
        "group@g.us",
        "4915100000002@g.us@g.us",
        "someone@broadcast",
        "4915100000002@example.org",
    ],
)
def test_what_is_no_address_is_refused_with_the_field_named(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(written)
    assert refused.value.field == "to"


def test_a_group_id_with_a_persons_server_never_becomes_a_person() -> None:
    for written in ("120363000000000001", "120363000000000001@s.whatsapp.net"):
        with pytest.raises(InvalidInput):
            normalise(written)
    assert normalise("4915100000002-1400000000@c.us") == "4915100000002-1400000000@g.us"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(written: str) -> None:
    try:
        address = normalise(written)
    except InvalidInput:
        return
    assert normalise(address) == address
    assert address_of_text(address) == address


def test_the_device_and_the_agent_are_no_part_of_an_address() -> None:
    assert address_of(jid("100000000000002@lid", device=3)) == "100000000000002@lid"
    assert address_of_text("4915100000002.0:12@s.whatsapp.net") == "4915100000002@s.whatsapp.net"
    assert address_of_text("4915100000002@c.us") == "4915100000002@s.whatsapp.net"
    assert address_of(jid()) is None
    assert address_of_text("") is None


def test_an_address_tells_its_kind_of_chat() -> None:
    assert kind_of("1@s.whatsapp.net") is ChatKind.PRIVATE
    assert kind_of("1@lid") is ChatKind.PRIVATE
    assert kind_of("1@g.us") is ChatKind.GROUP
    assert kind_of("1@newsletter") is ChatKind.CHANNEL
    assert kind_of("status@broadcast") is ChatKind.CHANNEL
