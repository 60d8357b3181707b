from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import ContactCard, Location, OutgoingMessage, Poll, Text, TextFormat
from gateway.surfaces.api.schemas.whatsapp import SendBody


def message(**fields: Any) -> OutgoingMessage:
    return msgspec.convert(fields, SendBody).to_message()


@pytest.mark.parametrize(
    "fields", [{}, {"phone": "1"}, {"message": "a"}, {"phone": "", "message": "a"}, {"phone": " ", "message": "a"},
               {"phone": 0, "message": "a"}, {"phone": "1", "message": ""}]
)  # fmt: skip
def test_phone_and_message_are_required(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"^Phone and message are required$"):
        message(**fields)


def test_a_phone_may_be_a_number() -> None:
    assert message(phone=79001234567, message="a").to == "79001234567"


@pytest.mark.parametrize("address", ["-1001234567890", "12345-678@g.us", "@somebody", "79001234567@s.whatsapp.net"])
def test_an_address_is_kept_as_it_is(address: str) -> None:
    assert message(phone=f" {address} ", message="a").to == address


def test_a_text_carries_its_options() -> None:
    assert message(
        phone="1", message="<b>a</b>", format="html", replyTo=7, silent=True, linkPreview=False
    ) == OutgoingMessage(
        to=Address("1"),
        content=Text(text="<b>a</b>"),
        format=TextFormat.HTML,
        reply_to="7",
        silent=True,
        link_preview=False,
    )


def test_a_place_a_card_and_a_poll_can_be_said() -> None:
    place = {"latitude": 52.5, "longitude": 13.4, "title": "Gate"}
    assert message(phone="1", location=place).content == Location(latitude=52.5, longitude=13.4, title="Gate")
    card = {"name": "Ann", "phone": "+49301"}
    assert message(phone="1", contact=card).content == ContactCard(name="Ann", phone="+49301")
    poll = {"question": "Tea?", "options": ["yes", "no"], "multiple": True}
    assert message(phone="1", poll=poll).content == Poll(question="Tea?", options=("yes", "no"), multiple=True)


def test_two_things_at_once_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Send one of"):
        message(phone="1", message="a", poll={"question": "Tea?", "options": ["yes", "no"]})
