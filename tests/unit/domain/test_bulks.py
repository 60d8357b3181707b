"""The words that each recipient of a bulk gets."""

from __future__ import annotations

import pytest

from gateway.domain.bulks import BulkRecipient, Lengths, text_for

ANN = BulkRecipient(to="4915100000001", name="Ann")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Dear {name}, call {phone}", "Dear Ann, call 4915100000001"),
        ("{city} {city}", "Köln Köln"),
        ("{unknown} {} { name } {{name}}", "{unknown} {} { name } {Ann}"),
        ("{inner}", "{name}"),  # what is put in is not looked through again
        ("nothing", "nothing"),
        ("{name", "{name"),
    ],
)
def test_placeholders_that_are_known_are_replaced_once(message: str, text: str) -> None:
    variables = {"city": "Köln", "inner": "{name}", "name": "you"}
    assert text_for(message, ANN, variables) == text
    assert Lengths(message).of(ANN, variables) == len(text)


def test_a_name_of_ones_own_wins_over_a_variable_and_a_missing_one_leaves_the_placeholder() -> None:
    nameless = BulkRecipient(to="1")
    assert text_for("{name}", ANN, {"name": "you"}) == "Ann"
    assert text_for("{name}", nameless, {"name": "you"}) == "you"
    assert text_for("{name}", nameless, {}) == "{name}"


def test_a_custom_message_goes_out_as_it_is_written() -> None:
    own = BulkRecipient(to="1", name="Bea", custom_message="Hi {name}")
    assert text_for("Dear {name}", own, {}) == "Hi {name}"
    assert Lengths("Dear {name}").of(own, {}) == len("Hi {name}")


def test_the_length_of_a_text_is_known_without_making_it() -> None:
    assert Lengths("{x}" * 20_000).of(ANN, {"x": "y" * 1_000_000}) == 20_000_000_000
