from __future__ import annotations

from importlib.resources import files

import pytest

from gateway.kit.passwords import weakness


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery",
        "Löwenzahn im Regen",
        "k4Tz9qLw",
        "пять синих слонов",
        "x" * 10 + "yzuvw" * 200,
        "🐘🐢🦊🐝 and me",
    ],
)
def test_good_passwords_pass(good: str) -> None:
    assert weakness(good) is None


@pytest.mark.parametrize(
    "common",
    [
        "password",
        "Password1",
        "PASSWORD123!",
        "P@ssw0rd",
        "P@ssw0rd2026!",
        "12345678",
        "1234567890",
        "qwertyuiop",
        "Qwerty123",
        "letmein2024",
        "iloveyou!!",
        "welcome1!",
        "adminadmin",
        "dragondragon!",
        "ｐａｓｓｗｏｒｄ",
        "Summer2026",
        "changeme!",
        "trustno1!",
        "--password--",
    ],
)
def test_common_passwords_are_refused_however_they_are_dressed_up(common: str) -> None:
    assert "most common" in (weakness(common) or "")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "at least 8"),
        ("x" * 1025, "at most 1024"),
        ("abababab", "too few characters"),
        ("nul\x00inside", "control characters"),
        ("lone\ud800surrogate", "control characters"),
    ],
)
def test_each_refusal_says_what_to_do(password: str, sentence: str) -> None:
    assert sentence in (weakness(password) or "")


def test_your_own_address_or_name_is_refused() -> None:
    personal = ["Ada.Lovelace@example.com", "", "Analytical Engines"]
    assert weakness("ada.lovelace@EXAMPLE.com", personal=personal)
    assert weakness("ada.lovelace", personal=personal)
    assert weakness("analytical engines", personal=personal)
    assert weakness("analytical elephants", personal=personal) is None


def test_the_list_is_sorted_lower_case_and_long_enough() -> None:
    lines = files("gateway.kit").joinpath("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if not line.startswith("#")]
    assert len(words) > 500
    assert words == sorted(set(words))
    assert all(word == word.casefold().strip() for word in words)
