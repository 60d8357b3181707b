"""What a caller may configure for a linked device."""

from __future__ import annotations

import pytest

from gateway.domain.errors import InvalidInput
from gateway.providers.whatsapp.config import WhatsAppConfig, check_config, phone_digits, read_config


def test_nothing_is_needed() -> None:
    assert read_config(check_config({})) == WhatsAppConfig()


@pytest.mark.parametrize("name", ["phoneNumber", "phone_number", "phone"])
def test_a_phone_number_is_taken_as_people_write_it(name: str) -> None:
    assert read_config(check_config({name: " +49 (151) 2345-6789 "})).phone == "4915123456789"


@pytest.mark.parametrize("given", [4915123456789, "4915123456789", "+49.151.23456789"])
def test_a_phone_number_becomes_digits(given: object) -> None:
    assert phone_digits(given, field="phone") == "4915123456789"


@pytest.mark.parametrize("given", ["0151 2345678", "12345", "1" * 16, "me", True, 4.9, ["49"], "49151x2345678"])
def test_what_is_no_phone_number_is_refused_by_name(given: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_config({"phoneNumber": given})
    assert refusal.value.field == "phoneNumber"


@pytest.mark.parametrize(("given", "meant"), [(True, True), ("true", True), ("ON", True), (1, True), ("no", False)])
def test_flags_are_taken_as_people_write_them(given: object, meant: bool) -> None:
    config = read_config(check_config({"online": given, "reject_calls": given, "history": given}))
    assert (config.online, config.reject_calls, config.history) == (meant, meant, meant)


@pytest.mark.parametrize("name", ["online", "rejectCalls", "history"])
def test_a_flag_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_config({name: "perhaps"})
    assert refusal.value.field == name


def test_figures_are_kept_for_the_pacer() -> None:
    values = check_config({"paceMessagesPerMinute": "30", "pace_jitter": 0.25}).values
    assert values == {"paceMessagesPerMinute": "30.0", "paceJitter": "0.25"}


@pytest.mark.parametrize("given", [-1, "nan", "inf", True, "many", 1.5])
def test_a_figure_out_of_range_is_refused_by_name(given: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_config({"paceJitter": given})
    assert refusal.value.field == "paceJitter"


def test_names_it_does_not_know_are_ignored_and_empty_ones_are_absent() -> None:
    assert check_config({"colour": "red", "phone": "", "paceJitter": "", "online": None}).values == {}
